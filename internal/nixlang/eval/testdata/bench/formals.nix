# = 5000050000
let
  f = { a, b ? a + 1, c ? 0, ... }@all: all.a + b - a - 1 + c;
in
builtins.foldl' (acc: i: acc + f { a = i; c = 1; }) 0 (builtins.genList (i: i) 100000)
