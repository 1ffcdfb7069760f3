# = 4000
let
  chain = builtins.foldl' (acc: i: acc // { n = acc.n + 1; } // { last = i; }) { n = 0; a = 1; b = 2; c = 3; };
in
(chain (builtins.genList (i: i) 4000)).n
