# Packages on the PATH, variables, shells.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.environment;
  value = types.coercedTo (types.listOf types.str) (lib.concatStringsSep ":") (types.oneOf [ types.str types.path types.int types.float ]);
  exports = vars: lib.concatStrings (lib.mapAttrsToList (n: v: "export ${n}=\"${toString v}\"\n") (lib.filterAttrs (_: v: v != null) vars));
  aliases = lib.concatStrings (lib.mapAttrsToList (n: v: "alias -- ${n}=${lib.escapeShellArg v}\n") (lib.filterAttrs (_: v: v != null) cfg.shellAliases));
in
{
  options.environment = {
    systemPackages = mkOption {
      type = types.listOf types.package;
      default = [ ];
      example = lib.literalExpression "with pkgs; [ git vim ]";
      description = "Packages whose programs everybody on the system finds.";
    };
    defaultPackages = mkOption { type = types.listOf types.package; default = [ ]; description = "More of the same, meant to be emptied by those who want a small system."; };
    pathsToLink = mkOption { type = types.listOf types.str; default = [ ]; description = "Directories of the packages that are joined below /run/current-system/sw."; };
    extraOutputsToInstall = mkOption { type = types.listOf types.str; default = [ ]; description = "Outputs of packages to join besides the usual ones."; };
    variables = mkOption { type = types.attrsOf (types.nullOr value); default = { }; example = { EDITOR = "vim"; }; description = "Variables of every shell session."; };
    sessionVariables = mkOption { type = types.attrsOf (types.nullOr value); default = { }; description = "The same; set through the same file."; };
    shellAliases = mkOption { type = types.attrsOf (types.nullOr types.str); default = { }; example = { ll = "ls -l"; }; description = "Aliases of interactive shells."; };
    shellInit = mkOption { type = types.lines; default = ""; description = "Shell code run when a shell starts."; };
    loginShellInit = mkOption { type = types.lines; default = ""; description = "Shell code run when a login shell starts."; };
    interactiveShellInit = mkOption { type = types.lines; default = ""; description = "Shell code run when an interactive shell starts."; };
    extraInit = mkOption { type = types.lines; default = ""; description = "Shell code run after the variables are set."; };
    shells = mkOption { type = types.listOf (types.either types.path types.package); default = [ ]; description = "More login shells."; };
    noXlibs = mkOption { type = types.bool; default = false; description = "Accepted: the image has no graphical system anyway."; };
    homeBinInPath = mkOption { type = types.bool; default = false; description = "Whether ~/bin is on the PATH."; };
    localBinInPath = mkOption { type = types.bool; default = false; description = "Whether ~/.local/bin is on the PATH."; };
    enableAllTerminfo = mkOption { type = types.bool; default = false; description = "Accepted: ncurses' terminfo is on the image."; };
  };
  options.programs = mkOption {
    type = types.attrsOf (types.submodule {
      freeformType = types.attrsOf types.anything;
      options.enable = mkOption { type = types.bool; default = false; description = "Whether the package of that name is installed."; };
      options.package = mkOption { type = types.nullOr types.package; default = null; description = "The package, if its name is another."; };
    });
    default = { };
    example = { git.enable = true; };
    description = "programs.NAME.enable installs the package NAME; other settings below it are accepted and ignored.";
  };

  config = {
    environment.systemPackages = cfg.defaultPackages ++ lib.concatLists (lib.mapAttrsToList
      (name: p: lib.optional (p.enable && (p.package != null || pkgs ? ${name})) (if p.package != null then p.package else pkgs.${name}))
      config.programs);
    environment.pathsToLink = [ "/bin" "/etc/ssl" "/lib/python3.11" "/share/terminfo" "/share/bash-completion" "/share/doc" "/share/man" "/share/info" "/share/licenses" ];
    system.build.path = pkgs.buildEnv {
      name = "system-path";
      paths = cfg.systemPackages;
      inherit (cfg) pathsToLink extraOutputsToInstall;
      ignoreCollisions = true;
    };
    environment.etc = {
      "profile.d/isomorph.sh".text = ''
        # The recipe's packages come before the base system's.
        export PATH="${lib.optionalString cfg.localBinInPath "$HOME/.local/bin:"}${lib.optionalString cfg.homeBinInPath "$HOME/bin:"}/run/current-system/sw/bin:$PATH"
        ${exports (cfg.variables // cfg.sessionVariables)}${cfg.extraInit}
        ${cfg.shellInit}
        ${cfg.loginShellInit}
        if [ -n "''${PS1-}" ]; then
        ${aliases}${cfg.interactiveShellInit}
        :
        fi
      '';
      "shells".text = lib.concatMapStrings (s: "${s}\n") ([ "/bin/sh" "/bin/bash" "/usr/bin/sh" "/usr/bin/bash" "/bin/dash" "/usr/bin/dash" ] ++ map (s: if lib.isDerivation s then "${s}${s.shellPath or ""}" else toString s) cfg.shells);
      "os-release".text = ''
        PRETTY_NAME="${config.system.nixos.distroName} (Debian packages ${config.system.nixos.release})"
        NAME="${config.system.nixos.distroName}"
        ID=${config.system.nixos.distroId}
        ID_LIKE=debian
        VERSION_ID="${config.system.nixos.release}"
        VERSION="${config.system.nixos.release} (${config.system.nixos.codeName})"
        VERSION_CODENAME=${config.system.nixos.codeName}
      '';
    };
  };
}
