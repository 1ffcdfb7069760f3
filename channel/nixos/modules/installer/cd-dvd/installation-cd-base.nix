# What every live image has, whatever is on it.
{ config, lib, pkgs, ... }:
{
  imports = [ ./iso-image.nix ];

  # One can log in: as root on the consoles without being asked, and as the
  # user that NixOS' installation media have.
  services.getty.autologinUser = lib.mkDefault "root";
  services.getty.helpLine = lib.mkDefault ''
    You are root on the consoles; the user "nixos" has an empty password.
    Nothing here is kept when the machine is switched off.
  '';
  users.users.root.initialHashedPassword = lib.mkDefault "";
  users.users.root.hashedPassword = lib.mkOverride 900 null;
  users.users.nixos = {
    isNormalUser = true;
    uid = lib.mkDefault 1000;
    extraGroups = [ "sudo" "wheel" "adm" "systemd-journal" "video" "input" "netdev" "plugdev" ];
    initialHashedPassword = lib.mkDefault "";
  };
  # A shell on a live system should not be killed for the sake of a log.
  boot.consoleLogLevel = lib.mkDefault 4;
}
