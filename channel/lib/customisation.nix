# Changing packages after they were defined.
{ lib }:
rec {
  # makeOverridable f args: f's result with `.override newArgs`
  makeOverridable = f:
    let
      mirror = lib.mirrorFunctionArgs f;
    in
    mirror (origArgs:
      let
        result = f origArgs;
        overrideWith = newArgs: origArgs // (if lib.isFunction newArgs then newArgs origArgs else newArgs);
        override = mirror (newArgs: makeOverridable f (overrideWith newArgs));
        overrideResult = g: makeOverridable (mirror (args: g (f args))) origArgs;
      in
      if builtins.isAttrs result then
        result // {
          inherit override;
          overrideDerivation = g: overrideResult (x: overrideDerivation x g);
          ${if result ? overrideAttrs then "overrideAttrs" else null} = g: overrideResult (x: x.overrideAttrs g);
        }
      else if lib.isFunction result then lib.setFunctionArgs result (lib.functionArgs result) // { inherit override; }
      else result);

  overrideDerivation = drv: f:
    let new = derivation (drv.drvAttrs // f drv); in
    lib.flip (extendDerivation true) new ({ meta = drv.meta or { }; passthru = drv.passthru or { }; } // (drv.passthru or { }));

  # callPackageWith pkgs fn args: calls fn with those of its arguments that
  # pkgs has, `args` on top, and makes the result overridable.
  callPackageWith = autoArgs: fn: args:
    let
      f = if lib.isFunction fn then fn else import fn;
      fargs = lib.functionArgs f;
      allArgs = builtins.intersectAttrs fargs autoArgs // args;
      missing = lib.filter (name: !(fargs.${name} || allArgs ? ${name})) (builtins.attrNames fargs);
      near = name: lib.take 3 (lib.sort (a: b: lib.levenshtein name a < lib.levenshtein name b)
        (lib.filter (x: lib.levenshtein name x <= 2) (builtins.attrNames autoArgs)));
      hint = name: let n = near name; in if n == [ ] then "" else ", did you mean ${lib.concatMapStringsSep " or " (x: "\"${x}\"") n}?";
      place = if builtins.isPath fn then " of ${toString fn}" else let pos = builtins.unsafeGetAttrPos (lib.head missing) fargs; in
        lib.optionalString (pos != null) " at ${pos.file}:${toString pos.line}";
    in
    if missing == [ ] then makeOverridable f allArgs
    else throw "callPackage: the package function${place} asks for \"${lib.head missing}\", which the package set does not have${hint (lib.head missing)}";

  callPackagesWith = autoArgs: fn: args:
    let
      f = if lib.isFunction fn then fn else import fn;
      auto = builtins.intersectAttrs (lib.functionArgs f) autoArgs;
      mkAttrOverridable = name: _: makeOverridable (newArgs: (f newArgs).${name}) (auto // args);
    in
    lib.mapAttrs mkAttrOverridable (f (auto // args));

  # Attributes added to a derivation and to each of its outputs.
  extendDerivation = condition: passthru: drv:
    let
      outputs = drv.outputs or [ "out" ];
      common = drv // lib.listToAttrs outputsList
        // { all = map (o: common.${o}) outputs; } // passthru;
      outputsList = map
        (outputName: {
          name = outputName;
          value = common // {
            inherit (drv.${outputName}) type outputName;
            outPath = assert condition; drv.${outputName}.outPath;
            drvPath = assert condition; drv.${outputName}.drvPath;
            outputSpecified = true;
          };
        })
        outputs;
    in
    common // {
      drvPath = assert condition; drv.drvPath;
      outPath = assert condition; drv.outPath;
    };

  makeScope = newScope: f:
    let
      self = f self // {
        newScope = scope: newScope (self // scope);
        callPackage = self.newScope { };
        overrideScope = g: makeScope newScope (lib.extends g f);
        packages = f;
      };
    in
    self;
  extendMkDerivation = { constructDrv, excludeDrvArgNames ? [ ], extendDrvArgs, transformDrv ? x: x, ... }: fpargs:
    transformDrv (constructDrv (final:
      let args = lib.toFunction fpargs final; in builtins.removeAttrs args excludeDrvArgNames // extendDrvArgs final args));
}
