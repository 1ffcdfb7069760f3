# The package set.
#
# Arguments as for nixpkgs: `system`, `config`, `overlays` (functions final:
# prev: { ... }, applied in order), `crossSystem`/`localSystem` (only the
# native system is accepted).
args@{ system ? args.localSystem.system or args.localSystem or "x86_64-linux", localSystem ? null, crossSystem ? null, config ? { }, overlays ? [ ], crossOverlays ? [ ], ... }:
let
  lib = import ../lib;
  bootstrap = import ../bootstrap;
  platformName = p: if builtins.isString p then p else p.system or p.config or "?";

  checkedSystem =
    if platformName system != bootstrap.system then
      throw "The embedded channel builds for ${bootstrap.system} only, not for ${platformName system}; use a real nixpkgs with -I nixpkgs=... for that."
    else if crossSystem != null && platformName crossSystem != bootstrap.system then
      throw "The embedded channel does not cross-compile (asked for ${platformName crossSystem}); use a real nixpkgs with -I nixpkgs=... for that."
    else null;
  configValue = if lib.isFunction config then config { inherit lib; pkgs = self; } else config;

  layers = [
    (import ./base.nix { inherit lib bootstrap; inherit (bootstrap) system; config = configValue; inherit overlays; importArgs = args; })
    (import ./all-packages.nix { inherit lib bootstrap; })
  ] ++ lib.optional (configValue ? packageOverrides) (final: prev: configValue.packageOverrides prev)
  ++ overlays;

  self = lib.fix (lib.foldl' (f: overlay: lib.extends overlay f) (_: { }) layers);
in
builtins.seq checkedSystem self
