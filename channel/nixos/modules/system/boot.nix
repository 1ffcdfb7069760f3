# Kernel, its modules and parameters, the boot menu.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.boot;
  ignored = description: mkOption { type = types.attrsOf types.anything; default = { }; inherit description; };
in
{
  options.boot = {
    kernelPackages = mkOption { type = types.raw; default = pkgs.linuxPackages; defaultText = lib.literalExpression "pkgs.linuxPackages"; description = "Accepted; the image has the channel's kernel."; };
    kernelParams = mkOption { type = types.listOf types.str; default = [ ]; example = [ "quiet" ]; description = "Words added to the kernel's command line."; };
    kernelModules = mkOption { type = types.listOf types.str; default = [ ]; description = "Modules loaded at boot, beside those that the hardware asks for."; };
    extraModulePackages = mkOption { type = types.listOf types.package; default = [ ]; description = "Accepted and ignored."; };
    blacklistedKernelModules = mkOption { type = types.listOf types.str; default = [ ]; description = "Modules not loaded by themselves."; };
    extraModprobeConfig = mkOption { type = types.lines; default = ""; description = "Lines of modprobe.d(5)."; };
    kernel.sysctl = mkOption { type = types.attrsOf (types.nullOr (types.oneOf [ types.bool types.int types.str ])); default = { }; example = { "kernel.dmesg_restrict" = 1; }; description = "Kernel settings (sysctl.d(5))."; };
    consoleLogLevel = mkOption { type = types.int; default = 4; description = "Kernel messages less important than this stay off the console."; };
    supportedFilesystems = mkOption { type = types.raw; default = [ ]; description = "Accepted: the kernel's modules are all on the image; their tools come with systemPackages."; };
    zfs = ignored "Accepted and ignored: not in Debian's main.";
    plymouth = ignored "Accepted and ignored.";
    tmp = ignored "Accepted and ignored: everything on a live system is in memory.";
    binfmt = ignored "Accepted and ignored.";
    swraid = ignored "Accepted and ignored.";
    postBootCommands = mkOption { type = types.lines; default = ""; description = "Shell code run as root once at boot."; };
    loader = {
      timeout = mkOption { type = types.nullOr types.int; default = 1; description = "Seconds the boot menu waits; null waits for ever."; };
      grub = ignored "Accepted and ignored: the medium boots by isolinux (BIOS) and GRUB (UEFI).";
      systemd-boot = ignored "Accepted and ignored.";
      efi = ignored "Accepted and ignored.";
      generic-extlinux-compatible = ignored "Accepted and ignored.";
    };
    initrd = {
      availableKernelModules = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "Modules in the initial RAM disk, loaded when the hardware asks for them. A name the kernel does not have is left out.";
      };
      kernelModules = mkOption { type = types.listOf types.str; default = [ ]; description = "Modules in the initial RAM disk that are always loaded."; };
      compressor = mkOption { type = types.raw; default = "zstd"; description = "Accepted: it is zstd."; };
      systemd = ignored "Accepted and ignored: the initial RAM disk runs a script of its own.";
      supportedFilesystems = mkOption { type = types.raw; default = [ ]; description = "Accepted and ignored."; };
      luks = ignored "Accepted and ignored.";
      network = ignored "Accepted and ignored.";
      preLVMCommands = mkOption { type = types.lines; default = ""; description = "Accepted and ignored."; };
      postMountCommands = mkOption { type = types.lines; default = ""; description = "Accepted and ignored."; };
    };
  };

  config = {
    boot.kernelParams = [ "loglevel=${toString cfg.consoleLogLevel}" ];
    boot.kernel.sysctl."net.ipv4.ping_group_range" = lib.mkDefault "0 2147483647";
    boot.initrd.availableKernelModules = [
      "isofs" "squashfs" "overlay" "loop" "sr_mod" "cdrom" "sd_mod" "vfat" "nls_cp437" "nls_iso8859_1" "nls_utf8" "nls_ascii"
      "virtio_blk" "virtio_scsi" "virtio_pci" "virtio_mmio" "ahci" "ata_piix" "ata_generic" "sata_nv" "sata_via" "sata_sis" "sata_uli"
      "usb_storage" "uas" "xhci_pci" "xhci_hcd" "ehci_pci" "ehci_hcd" "ohci_pci" "uhci_hcd" "usbhid" "hid_generic"
      "nvme" "mmc_block" "sdhci_pci" "sdhci_acpi" "rtsx_pci_sdmmc" "mptspi" "mptsas" "vmw_pvscsi" "hv_storvsc" "hyperv_keyboard" "i8042" "atkbd"
    ];
    environment.etc = {
      "modules-load.d/recipe.conf".text = lib.concatMapStrings (m: "${m}\n") cfg.kernelModules;
      "modprobe.d/recipe.conf".text = lib.concatMapStrings (m: "blacklist ${m}\n") cfg.blacklistedKernelModules + cfg.extraModprobeConfig;
      "sysctl.d/60-recipe.conf".text = lib.concatStrings (lib.mapAttrsToList (n: v: if v == null then "" else "${n}=${if v == true then "1" else if v == false then "0" else toString v}\n") cfg.kernel.sysctl);
    };
  };
}
