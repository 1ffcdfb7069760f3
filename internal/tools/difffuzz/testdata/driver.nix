# Evaluates the program of a number and describes all of its value in one
# string: types, contexts, the arguments of functions, what is in sets.
# Derivations are known by their paths. Below 12 levels nothing is looked at.
number:
let
  # Both evaluators have to see these names in the same order first.
  order = { a = 0; b = 0; bar = 0; c = 0; d = 0; foo = 0; key = 0; name = 0; out = 0; type = 0; value = 0; x = 0; x' = 0; y = 0; z = 0; };

  context = s:
    let c = builtins.getContext s;
    in if c == { } then "" else "~" + builtins.toJSON c;

  string = s: "'" + builtins.unsafeDiscardStringContext s + "'" + context s;

  derivation = depth: v:
    "drv(" + string v.drvPath
    + (if v ? outPath then "," + show depth v.outPath else "")
    + (if v ? all && builtins.isList v.all then "," + toString (builtins.length v.all) else "") + ")";

  set = depth: v:
    "{" + builtins.concatStringsSep ";"
      (map (n: builtins.toJSON n + "=" + show depth v.${n}) (builtins.attrNames v)) + "}";

  show = depth: v:
    let t = builtins.typeOf v;
    in
    if depth > 12 then t
    else if t == "set" then
      (if (v.type or "") == "derivation" && v ? drvPath then derivation else set) (depth + 1) v
    else if t == "list" then "[" + builtins.concatStringsSep " " (map (show (depth + 1)) v) + "]"
    else if t == "string" then string v
    else if t == "path" then "<" + toString v + ">"
    else if t == "lambda" then "function" + builtins.toJSON (builtins.functionArgs v)
    else builtins.toJSON v;
in
"is " + show 0 (import (./. + "/${number}.nix"))
