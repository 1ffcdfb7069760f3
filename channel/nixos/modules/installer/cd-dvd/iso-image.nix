# The bootable image: `config.system.build.isoImage`, with the file below
# $out/iso and its description in $out/nix-support/hydra-build-products.
#
# On the medium: the base system (live/root.squashfs), the layer of the
# recipe's files (live/config.squashfs), the Nix store with everything the
# recipe names (nix-store.squashfs), kernel and initial RAM disk, isolinux for
# BIOS, GRUB for UEFI, and tables that make the same file boot from a USB stick.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  inherit (pkgs.isomorph) bootstrap;
  cfg = config.isoImage;
  build = config.system.build;
  compression = if cfg.squashfsCompression == null then "-no-compression" else "-comp ${cfg.squashfsCompression}";

  common = {
    inherit (bootstrap) tools;
    inherit (build) imageTools;
    PATH = "${bootstrap.tools}/bin:${build.imageTools}/bin:${build.imageTools}/sbin";
    SOURCE_DATE_EPOCH = config.live.timestamp;
    TZ = "UTC";
  };
  squashLib = builtins.readFile ../../live/squash.sh;

  roots = [ build.toplevel ] ++ cfg.storeContents
    # the derivation itself: its closure with everything it is built from
    ++ lib.optional cfg.includeSystemBuildDependencies build.toplevel.drvPath;

  configLayer = bootstrap.run (common // { name = "config.squashfs"; inherit (build) etc; squashfsOptions = compression; }) (squashLib + ''
    # a copy: directories of the store are not writable, and carry modes 555
    mkdir root
    cp -r --no-preserve=mode,timestamps $etc/root/. root/
    chmod -R u=rwX,go=rX root
    pseudoFile root $etc/modes > pseudo
    squash $out "$squashfsOptions -root-mode 755 -root-uid 0 -root-gid 0 -pf pseudo" root
  '');

  storeLayer = bootstrap.run
    (common // {
      name = "nix-store.squashfs";
      squashfsOptions = compression;
      exportReferencesGraph = lib.concatLists (lib.imap0 (i: root: [ "graph-${toString i}" root ]) roots);
    })
    (squashLib + ''
      cat graph-* | grep "^$NIX_STORE/" | LC_ALL=C sort -u > paths
      # one path alone would otherwise become the root directory itself
      [ $(wc -l < paths) -gt 1 ] || squashfsOptions+=" -keep-as-directory"
      squash $out "$squashfsOptions -all-root" $(cat paths)
    '');

  menuLabel = "${config.system.nixos.distroName}, packages of Debian ${config.system.nixos.release}${cfg.appendToMenuLabel}";
  commandLine = lib.concatStringsSep " " ([ "root=LABEL=${cfg.volumeID}" ] ++ config.boot.kernelParams);
  timeout = config.boot.loader.timeout;
in
{
  options.isoImage = {
    isoName = mkOption {
      type = types.strMatching "[A-Za-z0-9+._?=-]+";
      default = "${cfg.isoBaseName}-${config.system.nixos.release}-x86_64.iso";
      defaultText = lib.literalExpression ''"isomorph-live-RELEASE-x86_64.iso"'';
      description = "File name of the image.";
    };
    isoBaseName = mkOption { type = types.str; default = "isomorph-live"; description = "First part of the default file name."; };
    edition = mkOption { type = types.str; default = ""; description = "Accepted: a word some recipes put into the name."; };
    volumeID = mkOption {
      type = types.strMatching "[A-Za-z0-9_.-]{1,32}";
      default = "ISOMORPH_LIVE";
      description = "Volume label of the medium, at most 32 characters. The system finds its medium by it.";
    };
    storeContents = mkOption { type = types.listOf types.raw; default = [ ]; example = lib.literalExpression "[ pkgs.stdenv ]"; description = "Packages whose closures are in the image's /nix/store besides those that the system refers to."; apply = map (x: if lib.isDerivation x then x else if x ? outPath then x.outPath else x); };
    includeSystemBuildDependencies = mkOption { type = types.bool; default = false; description = "Whether the store on the image also holds everything that the system tree is built from (compilers, sources, debs). Makes the image much bigger."; };
    squashfsCompression = mkOption { type = types.nullOr types.str; default = "zstd -Xcompression-level 6"; example = "xz -Xdict-size 100% -Xbcj x86"; description = "Compressor of the squashfs files with its options; null compresses nothing. Level 6 is within 3 % of the best that zstd does, and quick."; };
    squashfsOptions = mkOption { type = types.str; internal = true; readOnly = true; default = compression; description = "The same as mksquashfs wants it."; };
    contents = mkOption {
      type = types.listOf (types.submodule {
        options.source = mkOption { type = types.path; description = "File or directory."; };
        options.target = mkOption { type = types.str; description = "Its path on the medium, with a leading slash."; };
      });
      default = [ ];
      description = "More files on the medium, outside the file systems in it; below /iso in the running system.";
    };
    makeEfiBootable = mkOption { type = types.bool; default = true; description = "Whether the image boots by UEFI."; };
    makeBiosBootable = mkOption { type = types.bool; default = true; description = "Whether the image boots by BIOS."; };
    makeUsbBootable = mkOption { type = types.bool; default = true; description = "Whether the image boots when it is written to a USB stick."; };
    appendToMenuLabel = mkOption { type = types.str; default = ""; example = " Rescue"; description = "Text after the name in the boot menu."; };
    prependToMenuLabel = mkOption { type = types.str; default = ""; description = "Accepted and ignored."; };
    configurationName = mkOption { type = types.nullOr types.str; default = null; description = "Accepted and ignored."; };
    compressImage = mkOption { type = types.bool; default = false; description = "Must stay false: the image is compressed inside."; };
    forceTextMode = mkOption { type = types.bool; default = false; description = "Accepted: the boot menu is text."; };
    splashImage = mkOption { type = types.raw; default = null; description = "Accepted and ignored: the boot menu is text."; };
    efiSplashImage = mkOption { type = types.raw; default = null; description = "Accepted and ignored: the boot menu is text."; };
    grubTheme = mkOption { type = types.raw; default = null; description = "Accepted and ignored: the boot menu is text."; };
    syslinuxTheme = mkOption { type = types.str; default = ""; description = "Accepted and ignored: the boot menu is text."; };
  };
  options.image.baseName = mkOption { type = types.nullOr types.str; default = null; description = "Newer name for the file name without `.iso`; used when isoImage.isoName is not set."; };

  config = {
    isoImage.isoName = lib.mkIf (config.image.baseName != null) (lib.mkOverride 1400 "${config.image.baseName}.iso");
    assertions = [
      { assertion = cfg.makeBiosBootable || cfg.makeEfiBootable; message = "isoImage: makeBiosBootable and makeEfiBootable are both false; the image would boot nowhere."; }
      { assertion = !cfg.compressImage; message = "isoImage.compressImage is not supported; the image is compressed inside."; }
    ];
    # The kernel's test of its timer counts interrupts over 10 ms and panics
    # when an emulated machine on a busy host loses some. Under KVM it skips the
    # test by itself; no machine of this century fails it.
    boot.kernelParams = [ "console=tty0" "console=ttyS0,115200" "no_timer_check" ];
    system.build = {
      squashfsStore = storeLayer;
      configLayer = configLayer;
      isoImage = lib.extendDerivation true
        { inherit (cfg) isoName; meta = { description = "Bootable live image"; outputsToInstall = [ "out" ]; }; }
        (bootstrap.run
          (common // {
            name = cfg.isoName;
            root = build.liveRoot;
            config = configLayer;
            store = storeLayer;
            inherit (build) toplevel;
            inherit (cfg) isoName volumeID;
            inherit menuLabel commandLine;
            contents = lib.concatMap (c: [ "${c.source}" c.target ]) cfg.contents;
            bios = cfg.makeBiosBootable;
            efi = cfg.makeEfiBootable;
            usb = cfg.makeUsbBootable;
            menuTimeout = if timeout == null then -1 else timeout;
            gconv = "${bootstrap.glibc}/lib/gconv";
          })
          (builtins.readFile ./iso-image.sh));
    };
  };
}
