# mkDerivation: a package from attributes.
#
# The attributes are the environment of ./setup.sh, which runs the phases. An
# argument that is a function gets the final attributes, so that
# `overrideAttrs` changes what the others see.
{ lib, bootstrap, stdenv, config }:
let
  # Inputs of the build as their development outputs; nulls and nested lists
  # are allowed because recipes write `lib.optional`.
  inputs = list: map (p: if lib.isDerivation p then lib.getDev p else p) (lib.filter (p: p != null) (lib.flatten list));

  inputNames = [
    "nativeBuildInputs" "buildInputs" "propagatedBuildInputs" "propagatedNativeBuildInputs"
    "depsBuildBuild" "depsBuildTarget" "depsHostHost" "depsTargetTarget"
    "depsBuildBuildPropagated" "depsBuildTargetPropagated" "depsHostHostPropagated" "depsTargetTargetPropagated"
  ];
  # Not part of the derivation: they describe or serve evaluation only.
  notEnv = [ "meta" "passthru" "pos" "env" "checkInputs" "nativeCheckInputs" "installCheckInputs" "nativeInstallCheckInputs" "hardeningDisable" "hardeningEnable"
    "strictDeps" "__darwinAllowLocalNetworking" "finalPackage" "enableParallelChecking" "separateDebugInfo" "outputsToInstall" ];

  make = rattrs:
    let
      attrs = rattrs (attrs // { inherit finalPackage; });
      overrideAttrs = f: make (self: let prev = rattrs self; in prev // lib.toExtension f self prev);
      finalPackage = build overrideAttrs attrs;
    in
    finalPackage;

  build = overrideAttrs: attrs:
    let
      name = attrs.name or (
        if attrs ? pname && attrs ? version then "${attrs.pname}-${attrs.version}"
        else throw "mkDerivation: a package needs `name`, or `pname` and `version`");
      outputs = attrs.outputs or [ "out" ];
      doCheck = attrs.doCheck or false;
      doInstallCheck = attrs.doInstallCheck or false;
      meta = {
        inherit name;
        outputsToInstall = [ (if lib.elem "bin" outputs then "bin" else if lib.elem "out" outputs then "out" else lib.head outputs) ] ++ lib.optional (lib.elem "man" outputs) "man";
        available = true;
        broken = false;
        unfree = false;
        insecure = false;
      } // lib.optionalAttrs (attrs ? pname) { mainProgram = attrs.pname; } // (attrs.meta or { });
      # `env` may also be an ordinary attribute, as it was before it had a meaning.
      hasEnv = builtins.isAttrs (attrs.env or null) && !lib.isDerivation attrs.env;
      env = if hasEnv then attrs.env else { };
      clash = lib.attrNames (builtins.intersectAttrs env (builtins.removeAttrs attrs [ "env" ]));
      dependencies = {
        nativeBuildInputs = inputs ((attrs.nativeBuildInputs or [ ]) ++ stdenv.extraNativeBuildInputs
          ++ lib.optionals doCheck (attrs.nativeCheckInputs or [ ]) ++ lib.optionals doInstallCheck (attrs.nativeInstallCheckInputs or [ ]));
        buildInputs = inputs ((attrs.buildInputs or [ ])
          ++ lib.optionals doCheck (attrs.checkInputs or [ ]) ++ lib.optionals doInstallCheck (attrs.installCheckInputs or [ ]));
      } // lib.genAttrs (lib.filter (n: attrs ? ${n} && n != "nativeBuildInputs" && n != "buildInputs") inputNames) (n: inputs attrs.${n});
      drvAttrs = builtins.removeAttrs attrs notEnv // lib.optionalAttrs (attrs ? env && !hasEnv) { inherit (attrs) env; } // env // dependencies // {
        inherit name outputs;
        system = attrs.system or bootstrap.system;
        builder = attrs.realBuilder or stdenv.shell;
        args = attrs.args or [ "-e" (attrs.builder or ./default-builder.sh) ];
        setup = stdenv.setup;
        shell = stdenv.shell;
        initialPath = stdenv.initialPath ++ lib.optional stdenv.hasCC stdenv.cc;
        libcLib = "${bootstrap.glibc}/lib";
      };
      refuse =
        if clash != [ ] then "mkDerivation: `env' and the top level of '${name}' both set ${lib.concatStringsSep ", " clash}"
        else if meta.broken && !(config.allowBroken or false) then "Package '${name}' is marked as broken, refusing to evaluate. Set config.allowBroken to use it all the same."
        else null;
      drv = if refuse != null then throw refuse else derivation drvAttrs;
    in
    lib.extendDerivation true
      ({
        inherit meta overrideAttrs outputs name stdenv;
        passthru = attrs.passthru or { };
        drvAttrs = drvAttrs;
        inputDerivation = derivation (builtins.removeAttrs drvAttrs [ "outputs" "outputHash" "outputHashAlgo" "outputHashMode" ] // {
          name = "inputs-${name}"; outputs = [ "out" ]; args = [ "-c" "export >$out" ];
        });
        tests = attrs.passthru.tests or { };
      } // lib.optionalAttrs (attrs ? pname) { inherit (attrs) pname; }
      // lib.optionalAttrs (attrs ? version) { inherit (attrs) version; }
      // lib.optionalAttrs (attrs ? src) { inherit (attrs) src; }
      // lib.optionalAttrs (attrs ? __structuredAttrs) { inherit (attrs) __structuredAttrs; }
      // (attrs.passthru or { }))
      drv;
in
fnOrAttrs: if lib.isFunction fnOrAttrs then make fnOrAttrs else make (_: fnOrAttrs)
