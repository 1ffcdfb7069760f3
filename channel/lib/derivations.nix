# Derivations as values.
{ lib }:
{
  lazyDerivation = { derivation, meta ? null, passthru ? { }, outputs ? [ "out" ] }:
    passthru // {
      type = "derivation";
      inherit (derivation) outPath outputName drvPath name system;
      meta = if meta == null then derivation.meta or { } else meta;
      inherit outputs;
    } // lib.genAttrs outputs (o: derivation.${o});
  optionalDrvAttr = cond: value: if cond then value else null;
  warnOnInstantiate = msg: drv: drv // { drvPath = lib.warn msg drv.drvPath; outPath = lib.warn msg drv.outPath; };
}
