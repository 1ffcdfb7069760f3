# Host name, addresses, name servers, packet filter.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.networking;
  domain = lib.optionalString (cfg.domain != null) ".${cfg.domain}";
  ports = list: lib.concatMapStringsSep ", " toString list;
  ruleset = pkgs.writeText "nftables.conf" ''
    table inet live {
      chain input {
        type filter hook input priority 0; policy drop;
        ct state established,related accept
        iifname "lo" accept
        ${lib.optionalString cfg.firewall.allowPing "icmp type echo-request accept\n    icmpv6 type echo-request accept"}
        icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept
        udp dport 68 accept
        udp dport 546 accept
        ${lib.optionalString (cfg.firewall.allowedTCPPorts != [ ]) "tcp dport { ${ports cfg.firewall.allowedTCPPorts} } accept"}
        ${lib.optionalString (cfg.firewall.allowedUDPPorts != [ ]) "udp dport { ${ports cfg.firewall.allowedUDPPorts} } accept"}
      }
    }
  '';
  address = types.submodule {
    options.address = mkOption { type = types.str; description = "Address."; };
    options.prefixLength = mkOption { type = types.int; description = "Length of the network part."; };
  };
  interface = types.submodule ({ name, ... }: {
    options = {
      name = mkOption { type = types.str; default = name; description = "Name of the interface."; };
      useDHCP = mkOption { type = types.nullOr types.bool; default = null; description = "Whether it asks for an address; null follows networking.useDHCP."; };
      ipv4.addresses = mkOption { type = types.listOf address; default = [ ]; description = "Fixed IPv4 addresses."; };
      ipv6.addresses = mkOption { type = types.listOf address; default = [ ]; description = "Fixed IPv6 addresses."; };
    };
  });
in
{
  options.networking = {
    hostName = mkOption { type = types.strMatching "$|^[a-zA-Z0-9]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9])?$"; default = "live"; description = "Name of the machine."; };
    domain = mkOption { type = types.nullOr types.str; default = null; description = "Domain of the machine."; };
    fqdn = mkOption { type = types.str; default = "${cfg.hostName}${domain}"; readOnly = true; description = "Name with domain."; };
    hostId = mkOption { type = types.nullOr types.str; default = null; description = "Accepted and ignored."; };
    useDHCP = mkOption { type = types.bool; default = true; description = "Whether Ethernet interfaces ask for an address."; };
    useNetworkd = mkOption { type = types.bool; default = true; description = "Accepted: the image always uses systemd-networkd."; };
    dhcpcd = mkOption { type = types.attrsOf types.anything; default = { }; description = "Accepted and ignored: systemd-networkd asks for addresses."; };
    networkmanager = mkOption { type = types.attrsOf types.anything; default = { }; description = "Accepted and ignored: not in the channel."; };
    wireless = mkOption { type = types.attrsOf types.anything; default = { }; description = "Accepted; wpa_supplicant is in the channel, its service is not set up."; };
    enableIPv6 = mkOption { type = types.bool; default = true; description = "Whether IPv6 is on."; };
    usePredictableInterfaceNames = mkOption { type = types.bool; default = true; description = "Whether udev names interfaces by their place (enp0s3) rather than eth0."; };
    interfaces = mkOption { type = types.attrsOf interface; default = { }; description = "Settings of single interfaces."; };
    defaultGateway = mkOption { type = types.nullOr (types.coercedTo types.str (address: { inherit address; }) (types.attrsOf types.anything)); default = null; description = "Gateway for interfaces with fixed addresses."; };
    nameservers = mkOption { type = types.listOf types.str; default = [ ]; example = [ "9.9.9.9" ]; description = "Name servers, besides those that DHCP gives."; };
    search = mkOption { type = types.listOf types.str; default = [ ]; description = "Domains that short names are looked up in."; };
    hosts = mkOption { type = types.attrsOf (types.listOf types.str); default = { }; example = { "10.0.0.1" = [ "server" ]; }; description = "Entries of /etc/hosts: address to names."; };
    extraHosts = mkOption { type = types.lines; default = ""; description = "More lines of /etc/hosts."; };
    timeServers = mkOption { type = types.listOf types.str; default = [ "0.debian.pool.ntp.org" "1.debian.pool.ntp.org" ]; description = "Time servers."; };
    firewall = {
      enable = mkOption { type = types.bool; default = false; description = "Whether incoming connections are refused except to the ports below. Off by default, unlike on NixOS: nothing listens on the image."; };
      allowedTCPPorts = mkOption { type = types.listOf types.port; default = [ ]; description = "TCP ports that may be reached."; };
      allowedUDPPorts = mkOption { type = types.listOf types.port; default = [ ]; description = "UDP ports that may be reached."; };
      allowPing = mkOption { type = types.bool; default = true; description = "Whether the machine answers pings."; };
      logRefusedConnections = mkOption { type = types.bool; default = false; description = "Accepted and ignored."; };
    };
  };

  config = {
    live.files = {
      "etc/hostname".text = "${cfg.hostName}\n";
      "etc/hosts".text = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n"
        + lib.optionalString (cfg.hostName != "") "127.0.1.1 ${cfg.fqdn}${lib.optionalString (cfg.domain != null) " ${cfg.hostName}"}\n"
        + lib.concatStrings (lib.mapAttrsToList (a: names: "${a} ${lib.concatStringsSep " " names}\n") cfg.hosts) + cfg.extraHosts;
      "etc/resolv.conf".link = "../run/systemd/resolve/stub-resolv.conf";
      "etc/systemd/resolved.conf.d/recipe.conf".text = "[Resolve]\nLLMNR=no\nMulticastDNS=no\n"
        + lib.optionalString (cfg.nameservers != [ ]) "DNS=${toString cfg.nameservers}\n"
        + lib.optionalString (cfg.search != [ ]) "Domains=${toString cfg.search}\n";
      "etc/systemd/network/80-dhcp.network" = lib.mkIf cfg.useDHCP {
        text = "[Match]\nName=en* eth*\n\n[Network]\nDHCP=yes\n${lib.optionalString (!cfg.enableIPv6) "LinkLocalAddressing=no\nIPv6AcceptRA=no\n"}";
      };
    } // lib.mapAttrs'
      (n: i: lib.nameValuePair "etc/systemd/network/40-${n}.network" {
        text = "[Match]\nName=${i.name}\n\n[Network]\n"
          + (if i.useDHCP == true || (i.useDHCP == null && cfg.useDHCP && i.ipv4.addresses == [ ]) then "DHCP=yes\n" else "")
          + lib.concatMapStrings (a: "Address=${a.address}/${toString a.prefixLength}\n") (i.ipv4.addresses ++ i.ipv6.addresses)
          + lib.optionalString (cfg.defaultGateway != null && i.ipv4.addresses != [ ]) "Gateway=${cfg.defaultGateway.address}\n";
      })
      cfg.interfaces;
    environment.systemPackages = lib.optional cfg.firewall.enable pkgs.nftables;
    boot.kernelParams = lib.optional (!cfg.usePredictableInterfaceNames) "net.ifnames=0" ++ lib.optional (!cfg.enableIPv6) "ipv6.disable=1";
    systemd.services.live-firewall = lib.mkIf cfg.firewall.enable {
      description = "Packet filter of the recipe";
      wantedBy = [ "multi-user.target" ];
      before = [ "network-pre.target" ];
      wants = [ "network-pre.target" ];
      serviceConfig = { Type = "oneshot"; RemainAfterExit = true; ExecStart = "${pkgs.nftables}/bin/nft -f ${ruleset}"; };
    };
  };
}
