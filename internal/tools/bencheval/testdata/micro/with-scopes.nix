# Names that are found through with.
let
  lib = { add = a: b: a + b; double = x: x + x; one = 1; };
  pkgs = builtins.listToAttrs (builtins.genList (n: { name = "pkg${toString n}"; value = n; }) 5000);
  f = n: with lib; with pkgs; add (double n) (one + pkg77 + pkg4999);
in
builtins.foldl' (sum: n: sum + f n) 0 (builtins.genList (n: n) 250000)
