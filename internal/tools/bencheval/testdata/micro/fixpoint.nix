# Overlays on a lazy fixed point, as package sets are put together.
let
  fix = f: let x = f x; in x;
  extends = overlay: f: final: let prev = f final; in prev // overlay final prev;
  base = final: builtins.listToAttrs (builtins.genList (n: {
    name = "p${toString n}";
    value = { version = n; deps = if n == 0 then [ ] else [ final."p${toString (n / 2)}" ]; };
  }) 4000);
  overlay = k: final: prev: { "p${toString k}" = prev."p${toString k}" // { version = prev."p${toString k}".version + 1000; extra = final.p1.version; }; };
  set = fix (builtins.foldl' (f: k: extends (overlay k) f) base (builtins.genList (k: k * 13) 60));
  weight = p: p.version + builtins.foldl' (s: d: s + weight d) 0 p.deps;
in
builtins.foldl' (s: n: s + weight set.${n}) 0 (builtins.attrNames set)
