# The channel as a flake: what "nixpkgs" is among isomorph's flakes. As in
# nixpkgs, its lib has nixosSystem in addition.
{
  description = "The package collection inside isomorph";

  outputs = { self }:
    let
      lib = import ./lib;
      nixosSystem = { system ? "x86_64-linux", ... }@args: import ./nixos/lib/eval-config.nix (args // { inherit system; });
    in
    {
      lib = lib // { inherit nixosSystem; };
      legacyPackages = lib.genAttrs [ "x86_64-linux" ] (system: import ./. { inherit system; });
    };
}
