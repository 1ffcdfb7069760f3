# builtins.match with groups, on many short strings.
let
  names = builtins.genList (n: "lib-name_${toString n}-1.${toString (n / 7)}.${toString (n / 11)}-rc${toString n}.tar.gz") 25000;
  parse = builtins.match "([a-zA-Z_+-]*[a-zA-Z]_?[0-9]*)-([0-9]+(\\.[0-9]+)*)(-rc[0-9]+)?\\.tar\\.(gz|bz2|xz)";
  found = map parse names;
in
[ (builtins.length (builtins.filter (m: m != null) found)) (builtins.elemAt found 12345) (builtins.match "[ \t]*(.*[^ \t])[ \t]*" "   trim me  ") ]
