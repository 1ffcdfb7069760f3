# Files of the running system that depend on the configuration.
#
# They form a small layer above the unpacked packages (live/root.nix), with
# their owners and modes: a change here does not touch the big image below.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  file = types.submodule ({ name, config, ... }: {
    options = {
      enable = mkOption { type = types.bool; default = true; description = "Whether the file is made."; };
      text = mkOption { type = types.nullOr types.lines; default = null; description = "The file's text."; };
      source = mkOption { type = types.nullOr types.path; default = null; description = "The file, or a directory that is copied with all it holds."; };
      link = mkOption { type = types.nullOr types.str; default = null; description = "What the file points to, if it is a symbolic link."; };
      directory = mkOption { type = types.bool; default = false; description = "Whether it is an empty directory."; };
      mode = mkOption { type = types.str; default = "0644"; description = "Octal mode; `symlink` (NixOS's default there) means 0644."; };
      uid = mkOption { type = types.int; default = 0; description = "Number of the owner."; };
      gid = mkOption { type = types.int; default = 0; description = "Number of the group."; };
      user = mkOption { type = types.str; default = "root"; description = "Accepted for `environment.etc`; give uid."; };
      group = mkOption { type = types.str; default = "root"; description = "Accepted for `environment.etc`; give gid."; };
    };
  });
in
{
  options.live.files = mkOption {
    type = types.attrsOf file;
    default = { };
    internal = true;
    description = "Files by their path without the leading slash.";
  };
  options.environment.etc = mkOption {
    type = types.attrsOf (types.submodule ({ name, config, ... }: {
      options = {
        enable = mkOption { type = types.bool; default = true; description = "Whether the file is made."; };
        target = mkOption { type = types.str; default = name; description = "Path below /etc."; };
        text = mkOption { type = types.nullOr types.lines; default = null; description = "The file's text."; };
        source = mkOption { type = types.nullOr types.path; default = null; description = "The file to copy."; };
        mode = mkOption { type = types.str; default = "0644"; description = "Octal mode; `symlink` means 0644: files are copied, not linked."; };
        uid = mkOption { type = types.int; default = 0; description = "Number of the owner."; };
        gid = mkOption { type = types.int; default = 0; description = "Number of the group."; };
        user = mkOption { type = types.str; default = "root"; description = "Accepted; give uid."; };
        group = mkOption { type = types.str; default = "root"; description = "Accepted; give gid."; };
      };
    }));
    default = { };
    example = { "motd".text = "hello\n"; };
    description = "Files below /etc.";
  };

  config.live.files = lib.mapAttrs'
    (_: e: lib.nameValuePair "etc/${e.target}" {
      inherit (e) enable text source uid gid;
      mode = if e.mode == "symlink" || e.mode == "direct-symlink" then "0644" else e.mode;
    })
    config.environment.etc;

  # One derivation: the tree, and beside it the mode and owner of each entry.
  config.system.build.etc =
    let
      entries = lib.filterAttrs (_: f: f.enable) config.live.files;
      line = path: f:
        let
          what =
            if f.link != null then "link ${lib.escapeShellArg path} ${lib.escapeShellArg f.link}"
            else if f.directory then "dir ${lib.escapeShellArg path}"
            else if f.source != null then "copy ${lib.escapeShellArg path} ${lib.escapeShellArg "${f.source}"}"
            else throw "The file `/${path}' has neither text nor source.";
        in
        "${what} ${lib.optionalString (f.link == null) "${f.mode} ${toString f.uid} ${toString f.gid}"}\n";
      # Texts go into one file rather than a derivation each.
      texts = lib.filterAttrs (_: f: f.link == null && !f.directory && f.source == null && f.text != null) entries;
      others = lib.filterAttrs (n: _: !(texts ? ${n})) entries;
    in
    pkgs.runCommand "etc"
      {
        script = lib.concatStrings (lib.mapAttrsToList line others);
        # path, modes, number of lines, lines: needs no quoting
        list = lib.concatStrings (lib.mapAttrsToList (path: f: "${path}\n${f.mode} ${toString f.uid} ${toString f.gid}\n${toString (lib.length (lib.splitString "\n" f.text))}\n${f.text}\n") texts);
        passAsFile = [ "script" "list" ];
      } ''
      root=$out/root; mkdir -p $root; : > $TMPDIR/modes
      note() { printf '%s\t%s\t%s %s\n' "$1" "$2" "$3" "$4" >> $TMPDIR/modes; }
      place() { mkdir -p "$root/$(dirname "$1")"; }
      link() { place "$1"; ln -sfn "$2" "$root/$1"; }
      dir() { mkdir -p "$root/$1"; note "$1" "$2" "$3" "$4"; }
      copy() { place "$1"; if [ -d "$2" ]; then cp -rL --no-preserve=mode "$2/." "$root/$1"; else cp --no-preserve=mode -L "$2" "$root/$1"; note "$1" "$3" "$4" "$5"; fi; }
      source $scriptPath
      while IFS= read -r path; do
        IFS= read -r modes; IFS= read -r count
        place "$path"
        for ((i = 1; i <= count; i++)); do
          IFS= read -r text
          if [ $i -lt $count ]; then printf '%s\n' "$text"; else printf '%s' "$text"; fi
        done > "$root/$path"
        note "$path" $modes
      done < $listPath
      sort $TMPDIR/modes > $out/modes
    '';
}
