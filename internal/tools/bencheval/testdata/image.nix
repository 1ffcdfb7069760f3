# A minimal NixOS image that carries its package set, as a channel.
{ nixpkgs ? <nixpkgs>, system ? "x86_64-linux" }:

{
  iso = (import "${nixpkgs}/nixos/default.nix" {
    inherit system;
    configuration.imports = [
      <nixpkgs/nixos/modules/installer/cd-dvd/installation-cd-minimal.nix>
      <nixpkgs/nixos/modules/installer/cd-dvd/channel.nix>
    ];
  }).config.system.build.isoImage;
}
