# The clock, set over the network.
{ config, lib, ... }:
{
  options.services.timesyncd.enable = lib.mkOption { type = lib.types.bool; default = true; description = "Whether the clock is set from time servers."; };
  config.live.files = lib.mkIf config.services.timesyncd.enable {
    "etc/systemd/system/sysinit.target.wants/systemd-timesyncd.service".link = "/lib/systemd/system/systemd-timesyncd.service";
    "etc/systemd/timesyncd.conf.d/recipe.conf".text = "[Time]\nNTP=${toString config.networking.timeServers}\n";
  };
}
