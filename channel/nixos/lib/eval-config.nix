# Evaluates a list of modules together with the channel's own.
{ system ? builtins.currentSystem
, modules
, specialArgs ? { }
, pkgs ? null
, lib ? import ../../lib
, baseModules ? import ../modules/module-list.nix
, extraModules ? [ ]
, prefix ? [ ]
, check ? true
, extraArgs ? { }
, modulesLocation ? null
}:
let
  located = if modulesLocation == null then modules else map (lib.setDefaultModuleLocation modulesLocation) modules;
  eval = lib.evalModules {
    inherit prefix check;
    modules = baseModules ++ extraModules ++ located ++ [
      {
        _file = ./eval-config.nix;
        nixpkgs.system = lib.mkDefault system;
        nixpkgs.pkgs = lib.mkIf (pkgs != null) (lib.mkDefault pkgs);
        _module.args = lib.mapAttrs (_: lib.mkDefault) extraArgs // { inherit baseModules extraModules; modules = located; };
      }
    ];
    specialArgs = { modulesPath = toString ../modules; } // specialArgs;
  };
  config = eval.config;
  failed = map (a: a.message) (lib.filter (a: !a.assertion) config.assertions);
  checked =
    if failed != [ ] then throw "\nFailed assertions:\n${lib.concatMapStringsSep "\n" (m: "- ${m}") failed}"
    else lib.showWarnings config.warnings;
in
eval // {
  inherit (eval._module.args) pkgs;
  inherit lib extraArgs;
  # Assertions and warnings speak when something is built, not when an option
  # is looked at.
  config = config // { system = config.system // { build = lib.mapAttrs (_: v: checked v) config.system.build; }; };
}
