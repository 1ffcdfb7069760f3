# Says what is at a path of attributes in a set: the path of a derivation, or a
# type.
set: path:
let v = builtins.foldl' (s: n: s.${n}) set path;
in
"is " + (if builtins.isAttrs v && (v.type or "") == "derivation"
  then builtins.unsafeDiscardStringContext v.drvPath
  else builtins.typeOf v)
