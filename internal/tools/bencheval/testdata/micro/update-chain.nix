# Long chains of //: a set that grows by one attribute, and overlays of sets of one shape.
let
  grow = builtins.foldl' (acc: n: acc // { "x${toString n}" = n; }) { } (builtins.genList (n: n) 3000);
  defaults = { a = 1; b = 2; c = 3; d = 4; e = 5; f = 6; g = 7; h = 8; };
  same = builtins.foldl' (sum: n: let r = defaults // { c = n; } // { z = n; a = sum; }; in r.a + r.c - r.z + r.b) 0 (builtins.genList (n: n) 200000);
in
[ (builtins.length (builtins.attrNames grow)) grow.x2999 same ]
