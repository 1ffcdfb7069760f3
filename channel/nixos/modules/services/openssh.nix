# The SSH server.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.services.openssh;
  show = v: if v == true then "yes" else if v == false then "no" else if builtins.isList v then lib.concatStringsSep " " (map toString v) else toString v;
in
{
  options.services.openssh = {
    enable = lib.mkEnableOption "the SSH server; its host keys are made at boot";
    ports = mkOption { type = types.listOf types.port; default = [ 22 ]; description = "Ports it listens on."; };
    openFirewall = mkOption { type = types.bool; default = true; description = "Whether those ports are opened in the packet filter."; };
    permitRootLogin = mkOption { type = types.nullOr types.str; default = null; description = "Older name of settings.PermitRootLogin."; };
    passwordAuthentication = mkOption { type = types.nullOr types.bool; default = null; description = "Older name of settings.PasswordAuthentication."; };
    settings = mkOption { type = types.attrsOf types.anything; default = { }; example = { PermitRootLogin = "prohibit-password"; }; description = "Lines of sshd_config."; };
    extraConfig = mkOption { type = types.lines; default = ""; description = "More text of sshd_config."; };
  };
  config = lib.mkIf cfg.enable {
    live.debs = [ "openssh-server" "openssh-sftp-server" ];
    services.openssh.settings = lib.mapAttrs (_: lib.mkDefault) {
      PermitRootLogin = if cfg.permitRootLogin != null then cfg.permitRootLogin else "prohibit-password";
      PasswordAuthentication = if cfg.passwordAuthentication != null then cfg.passwordAuthentication else true;
    };
    networking.firewall.allowedTCPPorts = lib.optionals cfg.openFirewall cfg.ports;
    environment.etc."ssh/sshd_config".text = lib.concatMapStrings (p: "Port ${toString p}\n") cfg.ports
      + "UsePAM yes\nKbdInteractiveAuthentication no\nPrintMotd no\nAcceptEnv LANG LC_*\nSubsystem sftp /usr/lib/openssh/sftp-server\n"
      + "AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/authorized_keys.d/%u\n"
      + lib.concatStrings (lib.mapAttrsToList (n: v: "${n} ${show v}\n") cfg.settings) + cfg.extraConfig;
    live.files."etc/systemd/system/multi-user.target.wants/ssh.service".link = "/lib/systemd/system/ssh.service";
    environment.etc."systemd/system/ssh.service.d/host-keys.conf".text = "[Service]\nExecStartPre=\nExecStartPre=/usr/bin/ssh-keygen -A\nExecStartPre=/usr/sbin/sshd -t\n";
  };
}
