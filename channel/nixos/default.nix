# `import <nixpkgs/nixos> { configuration = ...; }`: a live system from modules.
#
# The result has `config`, `options`, `pkgs`, `system` (the system tree) and
# `vm`-less: what can be built is below config.system.build.
{ configuration ? <nixos-config>, system ? builtins.currentSystem, specialArgs ? { }, ... }:
let
  eval = import ./lib/eval-config.nix { inherit system specialArgs; modules = [ configuration ]; };
in
{
  inherit (eval) pkgs config options;
  system = eval.config.system.build.toplevel;
}
