# `import <nixpkgs/nixos> { configuration = ...; }`: a live system from modules.
#
# The result has `config`, `options`, `pkgs` and `system` (the system tree).
# What can be built is below config.system.build.
{ configuration ? <nixos-config>, system ? builtins.currentSystem, specialArgs ? { }, ... }:
let
  eval = import ./lib/eval-config.nix { inherit system specialArgs; modules = [ configuration ]; };
in
{
  inherit (eval) pkgs config options;
  system = eval.config.system.build.toplevel;
}
