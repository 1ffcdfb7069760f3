# The smallest image that boots: the base system, and nothing more.
{ nixpkgs ? <nixpkgs>
, system ? builtins.currentSystem
}:

let
  nixos = import "${toString nixpkgs}/nixos/default.nix" {
    inherit system;
    configuration = {
      imports = [ <nixpkgs/nixos/modules/installer/cd-dvd/installation-cd-minimal.nix> ];
      isoImage.isoBaseName = "minimal";
    };
  };
in
{
  iso = nixos.config.system.build.isoImage;
}
