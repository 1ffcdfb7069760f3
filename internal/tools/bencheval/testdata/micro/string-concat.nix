# Interpolation, + and concatStringsSep.
let
  words = builtins.genList (n: "word-${toString n}:${toString (n * 2)}") 150000;
  joined = builtins.concatStringsSep " " words;
  grown = builtins.foldl' (s: n: s + "x${toString n}") "" (builtins.genList (n: n) 4000);
in
[ (builtins.stringLength joined) (builtins.hashString "sha256" joined) (builtins.stringLength grown) ]
