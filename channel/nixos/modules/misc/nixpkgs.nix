# The package set the other modules see as `pkgs`.
{ config, options, lib, ... }:
let
  cfg = config.nixpkgs;
  inherit (lib) mkOption types;
  platform = if cfg.hostPlatform != null then (cfg.hostPlatform.system or cfg.hostPlatform) else cfg.system;
in
{
  options.nixpkgs = {
    pkgs = mkOption {
      type = types.nullOr types.pkgs;
      default = null;
      description = "A ready package set. Overlays set here are added to it; config and system are not looked at.";
    };
    config = mkOption {
      type = types.attrsOf types.anything;
      default = { };
      example = { allowUnfree = true; };
      description = "The `config` argument of the package set.";
    };
    overlays = mkOption {
      type = types.listOf types.raw;
      default = [ ];
      description = "Overlays (final: prev: { ... }) on the package set, applied in order.";
    };
    system = mkOption {
      type = types.str;
      default = "x86_64-linux";
      description = "The system packages are built for. The embedded channel has x86_64-linux.";
    };
    hostPlatform = mkOption { type = types.nullOr types.raw; default = null; description = "Newer name of `nixpkgs.system`."; };
    buildPlatform = mkOption { type = types.nullOr types.raw; default = null; description = "Must be the same as hostPlatform: the channel does not cross-compile."; };
    localSystem = mkOption { type = types.nullOr types.raw; default = null; description = "Older name of `nixpkgs.system`, as a set."; };
    crossSystem = mkOption { type = types.nullOr types.raw; default = null; description = "Must stay null: the channel does not cross-compile."; };
  };

  config._module.args.pkgs = lib.mkOverride 1500 (
    if cfg.pkgs != null then (if cfg.overlays == [ ] then cfg.pkgs else cfg.pkgs.appendOverlays cfg.overlays)
    else import ../../.. { system = platform; inherit (cfg) config overlays crossSystem; }
  );
}
