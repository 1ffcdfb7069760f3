# Time zone and language.
{ config, lib, ... }:
let inherit (lib) mkOption types; in
{
  options = {
    time.timeZone = mkOption { type = types.nullOr types.str; default = "UTC"; example = "Europe/Berlin"; description = "Time zone; null means UTC."; };
    time.hardwareClockInLocalTime = mkOption { type = types.bool; default = false; description = "Accepted and ignored."; };
    i18n.defaultLocale = mkOption {
      type = types.str;
      default = "C.UTF-8";
      description = "Language of the system. The image has the locale C.UTF-8 only; other names are written to /etc/default/locale, and programs fall back to C.";
    };
    i18n.supportedLocales = mkOption { type = types.listOf types.str; default = [ ]; description = "Accepted: the image has C.UTF-8."; };
    i18n.extraLocaleSettings = mkOption { type = types.attrsOf types.str; default = { }; description = "LC_* variables."; };
  };
  config.live.files = {
    "etc/localtime".link = "../usr/share/zoneinfo/${if config.time.timeZone == null then "UTC" else config.time.timeZone}";
    "etc/timezone".text = "${if config.time.timeZone == null then "UTC" else config.time.timeZone}\n";
    "etc/default/locale".text = "LANG=${config.i18n.defaultLocale}\n" + lib.concatStrings (lib.mapAttrsToList (n: v: "${n}=${v}\n") config.i18n.extraLocaleSettings);
  };
}
