# Fixed points and the layering of attribute sets on them (overlays).
{ lib }:
rec {
  # fix f: the x with x = f x
  fix = f: let x = f x; in x;
  fix' = f: let x = f x // { __unfix__ = f; }; in x;
  converge = f: x: let x' = f x; in if x' == x then x else converge f x';

  # extends overlay f: f with `overlay` on top, for `fix`
  extends = overlay: f: final: let prev = f final; in prev // overlay final prev;
  composeExtensions = f: g: final: prev:
    let fApplied = f final prev; in fApplied // g final (prev // fApplied);
  composeManyExtensions = lib.foldr composeExtensions (final: prev: { });

  makeExtensible = makeExtensibleWithCustomName "extend";
  makeExtensibleWithCustomName = name: rattrs:
    fix' (final: rattrs final // { ${name} = f: makeExtensibleWithCustomName name (extends f rattrs); });

  # An overlay may be a set, a function of prev, or of final and prev.
  toExtension = f:
    if lib.isFunction f then
      final: prev: let fPrev = f prev; in if lib.isFunction fPrev then f final prev else fPrev
    else
      final: prev: f;
}
