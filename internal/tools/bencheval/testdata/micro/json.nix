# toJSON and fromJSON of a large document.
let
  doc = { packages = builtins.genList (n: {
    name = "package-${toString n}"; version = "1.${toString n}"; deps = [ "a" "b" n ]; meta = { free = true; size = n * 1.5; text = "tab\t\"quote\""; none = null; };
  }) 15000; };
  text = builtins.toJSON doc;
  back = builtins.fromJSON text;
in
[ (builtins.stringLength text) (back == doc) (builtins.hashString "sha256" (builtins.toJSON back)) ]
