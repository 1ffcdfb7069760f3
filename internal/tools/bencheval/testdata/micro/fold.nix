# builtins.foldl' over a long list.
builtins.foldl' (sum: n: sum + n * n) 0 (builtins.genList (n: n) 600000)
