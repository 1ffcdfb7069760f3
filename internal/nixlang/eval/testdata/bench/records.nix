# = 100000
let
  point = x: y: { inherit x y; sum = x + y; };
  step = acc: i: let p = point i (acc.x + 0); in { x = acc.x + 1; y = p.sum - p.x; };
in
(builtins.foldl' step { x = 0; y = 0; } (builtins.genList (i: i) 100000)).x
