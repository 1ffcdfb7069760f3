# Logins on the consoles.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.services.getty;
  login = "${lib.optionalString (cfg.autologinUser != null) "--autologin ${cfg.autologinUser} "}${lib.concatMapStrings (a: "${a} ") cfg.extraArgs}";
  dropIn = flags: "[Service]\nExecStart=\nExecStart=-/sbin/agetty ${login}${flags} %I $TERM\n";
in
{
  options.services.getty = {
    autologinUser = mkOption { type = types.nullOr types.str; default = null; description = "User logged in on tty1 and the serial console without being asked."; };
    extraArgs = mkOption { type = types.listOf types.str; default = [ ]; description = "More arguments of agetty."; };
    helpLine = mkOption { type = types.lines; default = ""; description = "Text shown above the login."; };
    greetingLine = mkOption { type = types.str; default = "<<< ${config.system.nixos.distroName}, packages of Debian ${config.system.nixos.release} (\\m) - \\l >>>"; description = "First line above the login."; };
  };
  options.services.mingetty = mkOption { type = types.attrsOf types.anything; default = { }; description = "Older name of services.getty; only autologinUser and helpLine are looked at."; };
  config = {
    services.getty = lib.mkMerge [
      (lib.mkIf (config.services.mingetty ? autologinUser) { autologinUser = config.services.mingetty.autologinUser; })
      (lib.mkIf (config.services.mingetty ? helpLine) { helpLine = config.services.mingetty.helpLine; })
    ];
    environment.etc = {
      "issue".text = "${cfg.greetingLine}\n${cfg.helpLine}\n";
      "systemd/system/getty@.service.d/recipe.conf".text = dropIn "--noclear";
      "systemd/system/serial-getty@.service.d/recipe.conf".text = dropIn "--keep-baud 115200,57600,38400,9600";
    };
    live.files."etc/systemd/system/getty.target.wants/getty@tty1.service".link = "/lib/systemd/system/getty@.service";
  };
}
