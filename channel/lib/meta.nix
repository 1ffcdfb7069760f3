# What a package says about itself.
{ lib }:
rec {
  addMetaAttrs = newAttrs: drv: drv // { meta = (drv.meta or { }) // newAttrs; };
  dontDistribute = addMetaAttrs { hydraPlatforms = [ ]; };
  setName = name: drv: drv // { inherit name; };
  appendToName = suffix: drv: let x = builtins.parseDrvName drv.name; in setName "${x.name}-${suffix}-${x.version}" drv;
  setPrio = priority: addMetaAttrs { inherit priority; };
  lowPrio = setPrio 10;
  hiPrio = setPrio (-10);
  lowPrioSet = lib.mapAttrs (_: lowPrio);
  hiPrioSet = lib.mapAttrs (_: hiPrio);
  platformMatch = platform: elem: if builtins.isString elem then platform.system or platform == elem else true;
  availableOn = platform: pkg:
    (!(pkg ? meta.platforms) || lib.any (platformMatch platform) pkg.meta.platforms) && !(lib.any (platformMatch platform) (pkg.meta.badPlatforms or [ ]));
  getLicenseFromSpdxId = id: getLicenseFromSpdxIdOr id { shortName = id; spdxId = id; free = true; };
  getLicenseFromSpdxIdOr = id: default: lib.findFirst (l: l.spdxId or null == id) default (lib.attrValues lib.licenses);

  # The path of a package's main program.
  getExe = x: getExe' x (x.meta.mainProgram or (
    throw "getExe: the package ${lib.getName x} has no meta.mainProgram; name the program with lib.getExe' or set it"));
  getExe' = x: y:
    if lib.hasInfix "/" y then throw "getExe': the program name \"${y}\" must not hold a slash" else "${lib.getBin x}/bin/${y}";
}
