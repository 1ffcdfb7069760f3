# groupBy and what is made of its groups.
let
  items = builtins.genList (n: { kind = "k${toString (n - n / 97 * 97)}"; size = n; }) 150000;
  groups = builtins.groupBy (i: i.kind) items;
in
builtins.mapAttrs (_: g: builtins.foldl' (s: i: s + i.size) 0 g) groups
