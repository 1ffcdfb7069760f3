let
  noisy = n: builtins.trace n n;
  t = { type = "derivation"; outPath = noisy "out of t"; other = noisy "no"; };
  s = { b = noisy "b"; a = noisy "a"; };
  l = [ (noisy 1) { x = noisy "x"; } ];
  k = [ t ];
  n = { inherit t; };
  f = x: x;
  bad = { type = "derivation"; outPath = throw "bad"; };
  worse = { a = 1; b = throw "worse"; };
  ok = x: (builtins.tryEval x).success;
in
[
  (t == t) (s == s) (l == l) (k == k) (n == n) ({ inherit f; } == { inherit f; }) (f == f) (let u = { inherit f; }; in u == u) ([ f ] == [ f ])
  (ok (bad == bad)) (ok (bad != bad)) (ok (worse == worse)) (ok ([ bad ] == [ bad ])) (ok (builtins.elem bad [ bad ])) (ok ([ (throw "e") ] == [ ]))
  (ok (let x = [ (throw "e") ]; in x == x)) ]
