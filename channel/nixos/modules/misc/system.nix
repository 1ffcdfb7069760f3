# What is built, and what the system calls itself.
{ config, lib, pkgs, ... }:
let inherit (lib) mkOption types; in
{
  options.system = {
    build = mkOption {
      type = types.lazyAttrsOf types.raw;
      default = { };
      description = "The things that can be built: toplevel, liveRoot, isoImage ...";
    };
    stateVersion = mkOption { type = types.str; default = lib.trivial.release; description = "Accepted; a live system keeps no state."; };
    extraDependencies = mkOption { type = types.listOf types.package; default = [ ]; description = "Paths that must be in the image's store although nothing refers to them."; };
    activationScripts = mkOption {
      type = types.attrsOf (types.coercedTo types.str (text: { inherit text; }) (types.submodule {
        options.text = mkOption { type = types.lines; default = ""; description = "Shell code."; };
        options.deps = mkOption { type = types.listOf types.str; default = [ ]; description = "Scripts that run before; scripts run in the order of their names otherwise."; };
        options.supportsDryActivation = mkOption { type = types.bool; default = false; description = "Accepted."; };
      }));
      default = { };
      description = "Shell code run as root once at boot, before services start.";
    };
    nixos = {
      label = mkOption { type = types.str; default = "live"; description = "A word for this image in the boot menu and file name."; };
      release = mkOption { type = types.str; default = lib.trivial.release; readOnly = true; description = "Release of Debian that the packages come from."; };
      version = mkOption { type = types.str; default = lib.trivial.version; description = "Version shown by the system."; };
      codeName = mkOption { type = types.str; default = lib.trivial.codeName; readOnly = true; description = "Code name of the Debian release."; };
      tags = mkOption { type = types.listOf types.str; default = [ ]; description = "Words added to the label."; };
      distroName = mkOption { type = types.str; default = "isomorph live"; internal = true; description = "Name of the system. It is not NixOS and does not say so."; };
      distroId = mkOption { type = types.str; default = "isomorph"; internal = true; description = "Machine-readable name of the system."; };
    };
    name = mkOption { type = types.str; default = if config.networking.hostName == "" then "unnamed" else config.networking.hostName; description = "Name of the system's store path."; };
  };
}
