# The base system: Debian packages unpacked into a root file system without
# running their maintainer scripts, made into a squashfs; kernel and initial
# RAM disk from the same files.
#
# It depends on the list of packages and on the modules of the initial RAM
# disk, on nothing else in the configuration, so it is built once for many
# recipes.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  inherit (pkgs.isomorph) bootstrap pins;
  cfg = config.live;

  # What perl and debconf scripts would do at installation is done by root.sh.
  excluded = [ "perl" "perl-base" "liblocale-gettext-perl" "debconf" ];
  kernelDeb = pkgs.linux.deb;
in
{
  options.live = {
    debs = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "openssh-server" ];
      description = "Debian packages of the base system, besides what they depend on. Each must be in the lock (`isomorph lock add`). Programs for users belong into environment.systemPackages; this is for what must lie in the file system's usual places.";
    };
    timestamp = mkOption {
      type = types.int;
      default = 1783764997;
      description = "Seconds since 1970 that all files of the image are dated with; the default is the date of the Debian release that the packages come from. It also gives the volume its identifiers.";
    };
  };

  config = {
    live.debs = [
      "systemd" "systemd-sysv" "systemd-resolved" "systemd-timesyncd" "udev" "dbus" "libpam-systemd" "libpam-modules" "libpam-runtime" "libnss-systemd"
      "login" "passwd" "util-linux" "util-linux-extra" "mount" "base-files" "base-passwd" "bash" "dash" "coreutils" "findutils" "sed" "grep" "mawk" "tar" "gzip" "diffutils"
      "debianutils" "hostname" "ncurses-base" "ncurses-bin" "procps" "kmod" "iproute2" "iputils-ping" "netbase" "less" "nano" "tzdata" "ca-certificates" "libc-bin"
      "sysvinit-utils" "e2fsprogs" "fdisk" "kbd" "sudo" "openssh-client" "wireless-regdb" kernelDeb
    ];

    system.build.imageTools = bootstrap.mergedDebs
      {
        name = "image-tools";
        debs = [
          "squashfs-tools" "liblzo2-2" "liblz4-1" "libzstd1" "liblzma5" "zlib1g" "xorriso" "libisoburn1" "libburn4" "libisofs6" "libjte2" "libreadline8" "libtinfo6"
          "libacl1" "libattr1" "libbz2-1.0" "mtools" "dosfstools" "grub-common" "grub-efi-amd64-bin" "isolinux" "syslinux-common" "cpio" "zstd" "kmod" "libkmod2" "libssl3"
          "libdevmapper1.02.1" "libudev1" "libselinux1" "libpcre2-8-0"
        ];
      } ''
      # Of GRUB only what makes an EFI image, of syslinux what boots a CD.
      find bin sbin -name 'grub-*' ! -name grub-mkimage -delete
      rm -rf bin/pzstd lib/grub/x86_64-efi/monolithic etc share/grub lib/syslinux/{mbr,modules/efi*} lib/x86_64-linux-gnu/engines-3 lib/x86_64-linux-gnu/ossl-modules share/bash-completion lib/systemd
    '';

    system.build.liveRoot = bootstrap.run
      {
        name = "live-root";
        debs = map pins.deb (pins.closure (lib.unique cfg.debs) excluded);
        inherit (bootstrap) seed tools;
        inherit (config.system.build) imageTools;
        kernelVersion = pkgs.linux.modDirVersion;
        initrdModules = lib.unique config.boot.initrd.availableKernelModules ++ config.boot.initrd.kernelModules;
        initrdLoad = config.boot.initrd.kernelModules;
        squashfsOptions = config.isoImage.squashfsOptions or "-comp zstd -Xcompression-level 6";
        initScript = ./init.sh;
        PATH = "${bootstrap.tools}/bin:${config.system.build.imageTools}/bin:${config.system.build.imageTools}/sbin";
        SOURCE_DATE_EPOCH = cfg.timestamp;
        TZ = "UTC";
      }
      (builtins.readFile ./squash.sh + builtins.readFile ./root.sh);
  };
}
