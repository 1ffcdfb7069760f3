# Builders, fetchers, hooks, packages built from source, and other names.
{ lib, bootstrap }:
final: prev:
let
  inherit (final) callPackage;
  trivial = import ../build-support/trivial-builders.nix { inherit lib; pkgs = final; };
  fetchers = import ../build-support/fetchers.nix { inherit lib bootstrap; pkgs = final; };
in
trivial // fetchers // {
  # --- hooks ---
  makeWrapper = callPackage ../build-support/make-wrapper { };
  makeBinaryWrapper = final.makeWrapper;
  autoPatchelfHook = callPackage ../build-support/auto-patchelf { inherit bootstrap; };
  installShellFiles = callPackage ../build-support/install-shell-files { };

  # --- built from source ---
  hello = callPackage ./by-name/hello.nix { source = bootstrap.pins.source; };

  # --- compositions ---
  python3 = callPackage ./python { python = final.python311; };
  python3Packages = final.python3.pkgs;
  python311Packages = final.python3.pkgs;
  # Recipes name the Python of their nixpkgs. There is one in this channel; the
  # alias builds the recipe with it and says so in `meta.description`.
  python38 = final.python3 // { meta = final.python3.meta // { description = "Python 3.11, under the name python38: the channel has no other Python 3"; }; };
  python39 = final.python38;
  python310 = final.python38;
  python38Packages = final.python3.pkgs;
  python = final.python3;
  linux = callPackage ./by-name/linux.nix { inherit (bootstrap) pins run; };
  linuxPackages = { kernel = final.linux; };
  linuxPackages_latest = final.linuxPackages;
  linux_latest = final.linux;
  busybox = final.busybox-static;

  # --- other names of the same ---
  bashInteractive = final.bash;
  bashNonInteractive = final.bash;
  runtimeShellPackage = final.bash;
  runtimeShell = "${final.bash}/bin/bash";
  coreutils-full = final.coreutils;
  gnumake42 = final.gnumake;
  binutils-unwrapped = final.binutils;
  pkgconfig = final.pkg-config;
  pkgconf = final.pkg-config;
  unixtools = { xxd = final.vim; netstat = final.nettools; ping = final.iputils; };
  inetutils = final.nettools;
  net-tools = final.nettools;
  gdisk = final.gptfdisk;
  utillinux = final.util-linux;
  mount = final.util-linux;
  squashfs-tools = final.squashfsTools;
  squashfs-tools-ng = final.squashfsTools;
  ntfs-3g = final.ntfs3g;
  libressl = final.openssl;
  curlMinimal = final.curl;
  gitMinimal = final.git;
  clang-tools_14 = final.clang-tools;
  bind = final.dnsutils;
  dig = final.dnsutils;
  vi = final.vim;
  qemu_kvm = final.qemu;
  grub2_efi = final.grub2;
  m4 = final.gnum4;
  autoreconfHook = callPackage ../build-support/autoreconf { };
  nettle = final.debianLibraries.libnettle8;
  libcap_ng = final.debianLibraries.libcap-ng0;
  libseccomp = final.debianLibraries.libseccomp2;
  pcre = final.pcre2;
}
