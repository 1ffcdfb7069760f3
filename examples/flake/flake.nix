# A live image as a flake: NixOS-style configurations by name, and a package of your own.
#
#   isomorph build .#nixosConfigurations.live.config.system.build.isoImage
#   isomorph build .#greet
#
# "nixpkgs" is the channel built into isomorph, unless a registry or
# --override-input says otherwise.
{
  description = "A live image with a greeting";

  inputs.nixpkgs.url = "nixpkgs";

  outputs = { self, nixpkgs }:
    let
      system = "x86_64-linux";
      pkgs = nixpkgs.legacyPackages.${system};
    in
    {
      packages.${system} = {
        default = self.nixosConfigurations.live.config.system.build.isoImage;
        greet = pkgs.writeShellScriptBin "greet" ''
          echo "Hello from ${self.shortRev or "a work tree"}"
        '';
      };

      nixosConfigurations.live = nixpkgs.lib.nixosSystem {
        inherit system;
        modules = [
          "${nixpkgs}/nixos/modules/installer/cd-dvd/installation-cd-minimal.nix"
          {
            networking.hostName = "live";
            environment.systemPackages = [ self.packages.${system}.greet ];
            isoImage.isoBaseName = "live";
          }
        ];
      };
    };
}
