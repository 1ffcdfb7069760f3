# A live image with packages of your own: one compiled from C, one that a vendor sends as a binary.
#
#   isomorph build iso.nix
#   isomorph boot out/*.iso        then, in its shell: hello_syncom
#
# Without arguments `<nixpkgs>` is the channel built into isomorph.
{ nixpkgs ? <nixpkgs>
, system ? builtins.currentSystem
}:

let
  configuration = { config, pkgs, ... }:
    let custom = import ./custom_configuration.nix { inherit pkgs; }; in
    {
      imports = [
        <nixpkgs/nixos/modules/installer/cd-dvd/installation-cd-minimal.nix>
      ];

      networking.hostName = "hello";

      environment.systemPackages = with pkgs; [
        bash
        git
        hello
        custom.hello_syncom
        custom.crc_syncom
      ];

      # Paths put on the image even if nothing refers to them.
      isoImage.storeContents = [ custom.hello_syncom ];
    };

  nixos = import "${toString nixpkgs}/nixos/default.nix" { inherit system configuration; };
in
{
  # The image: $out/iso/*.iso
  iso = nixos.config.system.build.isoImage;
}
