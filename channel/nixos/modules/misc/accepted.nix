# Options that recipes written for NixOS set and that mean nothing on this
# live image. They are accepted with any value, so that such recipes evaluate;
# what they ask for is not done. A warning names those that were set by a
# recipe to something other than `false`, unless they only ask for less.
{ config, options, lib, ... }:
let
  inherit (lib) mkOption types;
  ignored = description: mkOption {
    type = types.attrsOf types.anything;
    default = { };
    inherit description;
  };
  noisy = [ "virtualisation" "fileSystems" "swapDevices" "containers" "specialisation" ];
in
{
  options = {
    documentation = ignored "Accepted and ignored: the image has no manual.";
    hardware = ignored "Accepted and ignored: the kernel loads drivers by itself; firmware outside Debian's main is not on the image.";
    powerManagement = ignored "Accepted and ignored.";
    fonts = ignored "Accepted and ignored: the image has no graphical system.";
    xdg = ignored "Accepted and ignored.";
    nix = ignored "Accepted and ignored: Nix itself is not on the image.";
    sound = ignored "Accepted and ignored.";
    virtualisation = ignored "Accepted and ignored.";
    containers = ignored "Accepted and ignored.";
    specialisation = ignored "Accepted and ignored.";
    fileSystems = ignored "Accepted and ignored: the live system's file systems are fixed.";
    zramSwap = ignored "Accepted and ignored.";
    console = ignored "Accepted and ignored, except that a keymap is not set: the console has the kernel's default.";
    location = ignored "Accepted and ignored.";
    qt = ignored "Accepted and ignored.";
    gtk = ignored "Accepted and ignored.";
    lib = ignored "Functions a recipe shares between its modules.";
    swapDevices = mkOption { type = types.listOf types.anything; default = [ ]; description = "Accepted and ignored."; };
  };
  config.warnings = map (name: "The option `${name}' is set but has no effect on an image from the embedded channel.")
    (lib.filter (name: !(lib.elem config.${name} [ { } [ ] ])) noisy);
}
