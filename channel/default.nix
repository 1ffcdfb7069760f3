# `import <nixpkgs> { }`: the package set. See README.md.
{ ... }@args: import ./pkgs/top-level.nix args
