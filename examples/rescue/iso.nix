# An image to repair machines with: disks, file systems, network, an SSH server.
{ nixpkgs ? <nixpkgs>
, system ? builtins.currentSystem
}:

let
  configuration = { config, lib, pkgs, ... }: {
    imports = [ <nixpkgs/nixos/modules/installer/cd-dvd/installation-cd-minimal.nix> ];

    networking.hostName = "rescue";
    isoImage.isoBaseName = "rescue";
    isoImage.volumeID = "RESCUE";
    isoImage.appendToMenuLabel = ", rescue";

    environment.systemPackages = with pkgs; [
      # disks and partitions
      parted gptfdisk hdparm smartmontools nvme-cli ddrescue testdisk lvm2 mdadm cryptsetup
      # file systems
      dosfstools e2fsprogs btrfs-progs xfsprogs ntfs3g
      # the machine
      pciutils usbutils memtester stress-ng strace lsof htop psmisc
      # network
      curl wget openssh rsync ethtool tcpdump socat iperf dnsutils nettools
      # by hand
      bash git vim tmux jq file unzip zip p7zip zstd tree bc gnupg
    ];

    environment.variables.EDITOR = "vim";
    environment.shellAliases.ll = "ls -l";
    users.motd = "Nothing on the machine's disks is mounted. lsblk shows them.\n";

    # Logins over the network with a password set on the console (passwd), or
    # with a key named here.
    services.openssh.enable = true;
    users.users.root.openssh.authorizedKeys.keys = [ ];
    networking.firewall.enable = true;

    # Tells on the console where the machine can be reached.
    systemd.services.show-address = {
      description = "Addresses of this machine, on the console";
      wantedBy = [ "multi-user.target" ];
      after = [ "network-online.target" ];
      serviceConfig = { Type = "oneshot"; StandardOutput = "tty"; TTYPath = "/dev/tty1"; };
      script = "ip -brief address";
    };
  };

  nixos = import "${toString nixpkgs}/nixos/default.nix" { inherit system configuration; };
in
{
  iso = nixos.config.system.build.isoImage;
}
