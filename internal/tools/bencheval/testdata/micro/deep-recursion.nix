# Recursion close to the limit of the call depth, again and again.
let
  depth = n: if n == 0 then 0 else 1 + depth (n - 1);
  chain = n: if n == 0 then { v = 0; } else { v = (chain (n - 1)).v + 1; };
in
builtins.foldl' (sum: i: sum + depth 4000 + (chain 2000).v) 0 (builtins.genList (i: i) 60)
