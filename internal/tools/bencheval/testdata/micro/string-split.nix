# Splitting text at characters, the way libraries for strings do it.
let
  text = builtins.concatStringsSep "," (builtins.genList (n: "item${toString n}=value${toString n}") 30000);
  parts = builtins.filter builtins.isString (builtins.split "," text);
  pairs = map (p: builtins.filter builtins.isString (builtins.split "=" p)) parts;
in
[ (builtins.length parts) (builtins.elemAt (builtins.elemAt pairs 29999) 1) (builtins.foldl' (s: p: s + builtins.length p) 0 pairs) ]
