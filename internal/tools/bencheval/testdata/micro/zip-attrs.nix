# zipAttrsWith of many sets, and catAttrs.
let
  sets = builtins.genList (n: { "a${toString (n - n / 500 * 500)}" = n; common = n; "b${toString (n / 100)}" = { x = n; }; }) 60000;
  zipped = builtins.zipAttrsWith (name: values: builtins.length values) sets;
in
[ zipped.common zipped.a7 (builtins.length (builtins.attrNames zipped)) (builtins.foldl' builtins.add 0 (builtins.catAttrs "common" sets)) ]
