# Strings taken apart into characters, prefixes and suffixes.
let
  chars = s: builtins.genList (i: builtins.substring i 1 s) (builtins.stringLength s);
  hasPrefix = p: s: builtins.substring 0 (builtins.stringLength p) s == p;
  hasSuffix = p: s: let n = builtins.stringLength s; m = builtins.stringLength p; in n >= m && builtins.substring (n - m) n s == p;
  names = builtins.genList (n: "package-${toString n}.nix") 60000;
  text = builtins.concatStringsSep "" (builtins.genList (n: "abc${toString n}") 20000);
in
[ (builtins.length (builtins.filter (c: c == "a") (chars text)))
  (builtins.length (builtins.filter (n: hasPrefix "package-1" n && hasSuffix "7.nix" n) names)) ]
