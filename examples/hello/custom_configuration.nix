# The package set beside nixpkgs: every package function below ./pkgs gets its
# arguments from nixpkgs or from this set.
#
#   isomorph nix-build custom_configuration.nix -A hello_syncom
{ pkgs ? import <nixpkgs> { } }:

let
  callPackage = pkgs.lib.callPackageWith (pkgs // self);

  self = {
    hello_syncom = callPackage ./pkgs/hello_syncom { };

    # A vendor's release, and the package made of it.
    crc_syncom_release = callPackage ./pkgs/crc_syncom/release.nix { };
    crc_syncom = callPackage ./pkgs/crc_syncom { };
  };
in
self
