# Derivations that depend on each other, and their hashes.
let
  make = n: deps: derivation {
    name = "package-${toString n}"; system = "x86_64-linux"; builder = "/bin/sh"; args = [ "-c" "echo $deps > $out" ];
    inherit deps; env1 = "value ${toString n}"; flags = [ "--one" "--two=${toString n}" ]; outputs = [ "out" "dev" ];
  };
  all = builtins.foldl' (acc: n: [ (make n (if acc == [ ] then [ ] else [ (builtins.head acc) (builtins.elemAt acc (builtins.length acc / 2)) ])) ] ++ acc) [ ] (builtins.genList (n: n) 1200);
in
builtins.unsafeDiscardStringContext (builtins.head all).drvPath
