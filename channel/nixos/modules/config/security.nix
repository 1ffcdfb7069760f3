# sudo, certificates.
{ config, lib, ... }:
let inherit (lib) mkOption types; in
{
  options.security = {
    sudo.enable = mkOption { type = types.bool; default = true; description = "Whether members of sudo and wheel may become root."; };
    sudo.wheelNeedsPassword = mkOption { type = types.bool; default = false; description = "Whether they must give their password. Off by default: it is a live system."; };
    sudo.extraConfig = mkOption { type = types.lines; default = ""; description = "More lines of the sudoers file."; };
    pki.certificates = mkOption { type = types.listOf types.str; default = [ ]; description = "More certificate authorities, in PEM."; };
    polkit = mkOption { type = types.attrsOf types.anything; default = { }; description = "Accepted and ignored: not on the image."; };
    rtkit = mkOption { type = types.attrsOf types.anything; default = { }; description = "Accepted and ignored: not on the image."; };
    pam = mkOption { type = types.attrsOf types.anything; default = { }; description = "Accepted and ignored: Debian's PAM configuration is used."; };
  };
  config = {
    live.files."etc/sudoers.d/recipe" = lib.mkIf config.security.sudo.enable {
      mode = "0440";
      text = lib.concatMapStrings (g: "%${g} ALL=(ALL:ALL) ${lib.optionalString (!config.security.sudo.wheelNeedsPassword) "NOPASSWD: "}ALL\n") [ "sudo" "wheel" ] + config.security.sudo.extraConfig;
    };
    live.files."etc/ssl/certs/recipe.pem" = lib.mkIf (config.security.pki.certificates != [ ]) { text = lib.concatStringsSep "\n" config.security.pki.certificates; };
  };
}
