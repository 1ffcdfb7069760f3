# The standard environment: mkDerivation over a shell, the usual tools and the
# wrapped compiler.
{ lib, bootstrap, bash, cc, config }:
let
  platform = lib.systems.elaborate bootstrap.system;
  defaultTools = [ bash bootstrap.tools ];
  mkDerivation = import ./make-derivation.nix { inherit lib bootstrap stdenv config; };
  make = { cc, extraNativeBuildInputs ? [ ] }: {
    inherit mkDerivation cc defaultTools extraNativeBuildInputs;
    name = "stdenv-linux";
    shell = "${bash}/bin/bash";
    shellPackage = bash;
    initialPath = defaultTools;
    setup = ./setup.sh;
    inherit (bootstrap) system;
    hasCC = cc != null;
    hostPlatform = platform;
    buildPlatform = platform;
    targetPlatform = platform;
    isLinux = true;
    isDarwin = false;
    isx86_64 = true;
    isAarch64 = false;
    is64bit = true;
    libc = bootstrap.glibc;
    type = "stdenv";
    overrides = _: _: { };
    override = args: make ({ inherit cc extraNativeBuildInputs; } // args);
  };
  stdenv = make { inherit cc; };
in
stdenv
