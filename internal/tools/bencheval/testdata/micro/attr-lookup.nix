# Selecting from sets: static and dynamic names, nested, with defaults, and ?.
let
  set = builtins.listToAttrs (builtins.genList (n: { name = "k${toString n}"; value = { a.b.c = n; }; }) 2000);
  r = { x = { y = { z = 1; }; }; };
  f = n: let k = "k${toString (n - n / 2000 * 2000)}"; in
    set.${k}.a.b.c + (set.missing.a or 1) + r.x.y.z + (if set ? ${k} then 1 else 0) + (if r ? x.y.q then 1 else 0);
in
builtins.foldl' (sum: n: sum + f n) 0 (builtins.genList (n: n) 100000)
