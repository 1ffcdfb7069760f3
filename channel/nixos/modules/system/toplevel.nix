# The system tree: everything that depends on the configuration, joined.
#
#   etc   files laid over the base system, with their modes (config/files.nix)
#   sw    the packages, /run/current-system/sw in the running system
#   boot  shell code run once at boot
{ config, lib, pkgs, ... }:
let
  scripts = config.system.activationScripts;
  bootText = lib.concatStrings (map (n: "# ${n}\n${scripts.${n}.text}\n") (lib.toposort (a: b: lib.elem a scripts.${b}.deps) (lib.attrNames scripts)).result) + config.boot.postBootCommands;
  needsBoot = bootText != "";
in
{
  config.systemd.services.live-boot-commands = lib.mkIf needsBoot {
    description = "Commands of the recipe at boot";
    wantedBy = [ "sysinit.target" ];
    before = [ "sysinit.target" ];
    unitConfig.DefaultDependencies = false;
    after = [ "local-fs.target" ];
    serviceConfig = { Type = "oneshot"; RemainAfterExit = true; };
    script = bootText;
  };
  config.system.build.toplevel = pkgs.runCommand "isomorph-system-${config.system.name}-${config.system.nixos.version}"
    {
      etc = config.system.build.etc;
      sw = config.system.build.path;
      extraDependencies = config.system.extraDependencies;
      inherit (config.system.nixos) version;
      passAsFile = [ "extraDependencies" ];
    } ''
    mkdir $out
    ln -s $etc $out/etc
    ln -s $sw $out/sw
    printf %s "$version" > $out/version
    cp $extraDependenciesPath $out/extra-dependencies
  '';
}
