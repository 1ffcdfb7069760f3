# Functions with named arguments, defaults and @-patterns.
let
  make = { name, version ? "1.0", deps ? [ ], enable ? true, ... }@args:
    if enable then builtins.stringLength name + builtins.length deps + builtins.length (builtins.attrNames args) else 0;
  strict = { a, b, c ? a + b }: a + b + c;
in
builtins.foldl' (sum: n: sum + make { name = "x${toString n}"; deps = [ n n ]; extra = n; } + strict { a = n; b = 2; }) 0 (builtins.genList (n: n) 180000)
