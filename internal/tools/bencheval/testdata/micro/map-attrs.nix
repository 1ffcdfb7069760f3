# mapAttrs and its relatives.
let
  set = builtins.listToAttrs (builtins.genList (n: { name = "a${toString n}"; value = n; }) 20000);
  step = s: builtins.mapAttrs (n: v: v + builtins.stringLength n) s;
  times = n: s: if n == 0 then s else times (n - 1) (step s);
  common = builtins.intersectAttrs (builtins.listToAttrs (builtins.genList (n: { name = "a${toString (n * 3)}"; value = null; }) 7000)) set;
in
[ (builtins.foldl' builtins.add 0 (builtins.attrValues (times 12 set))) (builtins.length (builtins.attrNames common)) ]
