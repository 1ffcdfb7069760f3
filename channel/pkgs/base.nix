# What every other package stands on: lib, stdenv, Debian's packages, builders.
{ lib, bootstrap, system, config, overlays, importArgs }:
final: prev:
let
  debian = import ./debian { inherit lib bootstrap; self = final; };
in
debian.packages // {
  inherit lib system config overlays;
  path = ../.;
  pkgs = final;
  __splicedPackages = final;
  # The pins and the first toolchain, for those who want to look.
  isomorph = { inherit bootstrap; inherit (bootstrap) pins; };
  debianLibraries = debian.libraries;
  inherit (debian) mkDeb;

  buildPackages = final;
  targetPackages = final;
  pkgsBuildBuild = final;
  pkgsBuildHost = final;
  pkgsHostTarget = final;
  pkgsx86_64Linux = final;
  hostPlatform = final.stdenv.hostPlatform;
  buildPlatform = final.stdenv.buildPlatform;
  targetPlatform = final.stdenv.targetPlatform;

  callPackage = lib.callPackageWith final;
  callPackages = lib.callPackagesWith final;
  newScope = extra: lib.callPackageWith (final // extra);
  appendOverlays = more: import ./top-level.nix (importArgs // { overlays = overlays ++ more; });
  extend = overlay: final.appendOverlays [ overlay ];

  stdenv = import ../stdenv { inherit lib bootstrap config; inherit (final) bash; cc = final.gcc; };
  stdenvNoCC = final.stdenv.override { cc = null; };
  gccStdenv = final.stdenv;
  gcc = import ./gcc.nix { inherit lib bootstrap; inherit (final) bash; };
  gcc12 = final.gcc;
  gcc-unwrapped = bootstrap.gcc;
  glibc = bootstrap.glibc // { pname = "glibc"; version = bootstrap.pins.upstreamVersion "libc6"; };
  libc = final.glibc;
}
