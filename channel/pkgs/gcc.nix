# The wrapped compiler as a package.
{ lib, bootstrap, bash }:
let
  version = bootstrap.pins.upstreamVersion "gcc-12";
  drv = import ../stdenv/cc-wrapper.nix { inherit lib bootstrap bash; };
in
lib.extendDerivation true
{
  pname = "gcc-wrapper";
  inherit version;
  isGNU = true;
  isClang = false;
  libc = bootstrap.glibc;
  cc = bootstrap.gcc // { lib = bootstrap.gccLib; inherit version; isGNU = true; };
  lib = bootstrap.gccLib;
  bintools = bootstrap.tools;
  nativeTools = false;
  targetPrefix = "";
  meta = { description = "GNU C and C++ compilers, finding libc and inputs in the store"; mainProgram = "gcc"; name = "gcc-wrapper-${version}"; outputsToInstall = [ "out" ]; };
}
  (builtins.removeAttrs drv [ "gcc" "gccLib" "wrapper" ])
