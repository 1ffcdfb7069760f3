# listToAttrs, attrNames, attrValues and removeAttrs on large sets.
let
  set = builtins.listToAttrs (builtins.genList (n: { name = "key-${toString n}"; value = n; }) 200000);
  names = builtins.attrNames set;
  half = removeAttrs set (builtins.genList (n: builtins.elemAt names (2 * n)) 100000);
in
[ (builtins.length names) (builtins.elemAt names 777) (builtins.foldl' builtins.add 0 (builtins.attrValues half)) ]
