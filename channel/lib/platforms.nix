# Sets of systems. Packages may name any; the channel builds x86_64-linux.
{ lib }:
rec {
  x86_64 = [ "x86_64-linux" "x86_64-darwin" "x86_64-freebsd" ];
  i686 = [ "i686-linux" ];
  x86 = x86_64 ++ i686;
  aarch64 = [ "aarch64-linux" "aarch64-darwin" ];
  arm = [ "armv6l-linux" "armv7l-linux" ];
  riscv64 = [ "riscv64-linux" ];
  linux = [ "x86_64-linux" "aarch64-linux" "i686-linux" "armv6l-linux" "armv7l-linux" "riscv64-linux" "powerpc64le-linux" "s390x-linux" ];
  gnu = linux;
  darwin = [ "x86_64-darwin" "aarch64-darwin" ];
  freebsd = [ "x86_64-freebsd" ];
  unix = linux ++ darwin ++ freebsd;
  all = unix ++ windows;
  windows = [ "x86_64-windows" ];
  cygwin = [ ];
  mesaPlatforms = linux;
  none = [ ];
}
