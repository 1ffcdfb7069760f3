# The attributes of two sets are compared in the order in which names have become known.
builtins.sort
  (n: m: (builtins.tryEval ({ ${n} = 1; ${m} = throw "x"; } == { ${n} = 2; ${m} = 2; })).success)
  [ "map" "a" "filter" "out" "all" "head" "c" "name" "strict" "derivation" "commonAttrs" "drvAttrs" "fetchurl" "toString" "type" "storeDir" "true" ]
