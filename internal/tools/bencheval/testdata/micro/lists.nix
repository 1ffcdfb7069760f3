# genList, map, filter, concatMap, partition, all, any, elem, tail.
let
  n = builtins.genList (i: i) 200000;
  even = builtins.filter (i: i / 2 * 2 == i) n;
  pairs = builtins.concatMap (i: [ i (i + 1) ]) even;
  p = builtins.partition (i: i > 100000) pairs;
  walk = l: if l == [ ] then 0 else 1 + walk (builtins.tail l);
in
[ (builtins.length pairs) (builtins.length p.right) (builtins.length p.wrong) (builtins.all (i: i >= 0) pairs) (builtins.any (i: i < 0) pairs)
  (builtins.elem 199999 n) (walk (builtins.genList (i: i) 3000)) (builtins.length (n ++ even ++ pairs)) ]
