# = 300000
let
  lib = { one = 1; two = 2; three = 3; id = x: x; };
  f = x: with lib; with { other = 1; }; id x + one + two - x;
in
builtins.foldl' (acc: i: acc + f i) 0 (builtins.genList (i: i) 100000)
