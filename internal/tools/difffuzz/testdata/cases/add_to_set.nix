let
  s = { outPath = ./fixture/dir; };
  t = { __toString = _: ./fixture/dir; };
  copied = x: [ (builtins.hasContext x) x ];
in
map copied [ (s + "/a") (t + "/a") ({ outPath = "x"; } + ./fixture/dir) (s + s + ./fixture/dir) ("${s}" + ./fixture/dir) ("" + s) (builtins.foldl' (a: b: a + b) s [ "/a" ]) ]
