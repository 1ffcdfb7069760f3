# Users and groups.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.users;

  # Debian's fixed numbers (base-passwd), then those of the services on the
  # image.
  fixedGroups = {
    root = 0; daemon = 1; bin = 2; sys = 3; adm = 4; tty = 5; disk = 6; lp = 7; mail = 8; news = 9; uucp = 10; man = 12; proxy = 13; kmem = 15; dialout = 20; fax = 21;
    voice = 22; cdrom = 24; floppy = 25; tape = 26; sudo = 27; audio = 29; dip = 30; www-data = 33; backup = 34; operator = 37; list = 38; irc = 39; src = 40; shadow = 42;
    utmp = 43; video = 44; sasl = 45; plugdev = 46; staff = 50; games = 60; users = 100; nogroup = 65534;
    messagebus = 101; kvm = 104; input = 105; render = 106; sgx = 107; _ssh = 108; netdev = 109; crontab = 110; wheel = 111; tss = 112;
    systemd-journal = 994; systemd-coredump = 995; systemd-resolve = 996; systemd-timesync = 997; systemd-network = 998;
  };
  system = uid: gid: description: home: shell: { inherit uid gid description home shell; };
  nologin = "/usr/sbin/nologin";
  fixedUsers = {
    daemon = system 1 1 "daemon" "/usr/sbin" nologin; bin = system 2 2 "bin" "/bin" nologin; sys = system 3 3 "sys" "/dev" nologin;
    sync = system 4 65534 "sync" "/bin" "/bin/sync"; games = system 5 60 "games" "/usr/games" nologin; man = system 6 12 "man" "/var/cache/man" nologin;
    lp = system 7 7 "lp" "/var/spool/lpd" nologin; mail = system 8 8 "mail" "/var/mail" nologin; news = system 9 9 "news" "/var/spool/news" nologin;
    uucp = system 10 10 "uucp" "/var/spool/uucp" nologin; proxy = system 13 13 "proxy" "/bin" nologin; www-data = system 33 33 "www-data" "/var/www" nologin;
    backup = system 34 34 "backup" "/var/backups" nologin; list = system 38 38 "Mailing List Manager" "/var/list" nologin; irc = system 39 39 "ircd" "/run/ircd" nologin;
    _apt = system 42 65534 "" "/nonexistent" nologin; nobody = system 65534 65534 "nobody" "/nonexistent" nologin;
    messagebus = system 101 101 "message bus" "/nonexistent" nologin;
    systemd-coredump = system 995 995 "systemd Core Dumper" "/" nologin; systemd-resolve = system 996 996 "systemd Resolver" "/" nologin;
    systemd-timesync = system 997 997 "systemd Time Synchronization" "/" nologin; systemd-network = system 998 998 "systemd Network Management" "/" nologin;
    sshd = system 102 65534 "" "/run/sshd" nologin;
  };

  userType = types.submodule ({ name, config, ... }: {
    options = {
      name = mkOption { type = types.passwdEntry types.str; default = name; description = "Login name."; };
      description = mkOption { type = types.passwdEntry types.str; default = ""; description = "Full name."; };
      uid = mkOption { type = types.nullOr types.int; default = null; description = "Number; null takes the next free one, in the order of names."; };
      isNormalUser = mkOption { type = types.bool; default = false; description = "Whether it is a person's account: group users, a home directory, a shell."; };
      isSystemUser = mkOption { type = types.bool; default = false; description = "Whether it is a service's account."; };
      group = mkOption { type = types.str; default = if config.isNormalUser then "users" else "nogroup"; description = "Primary group."; };
      extraGroups = mkOption { type = types.listOf types.str; default = [ ]; description = "More groups."; };
      home = mkOption { type = types.passwdEntry types.str; default = if config.isNormalUser then "/home/${config.name}" else "/nonexistent"; description = "Home directory."; };
      createHome = mkOption { type = types.bool; default = config.isNormalUser; description = "Whether the home directory is made."; };
      homeMode = mkOption { type = types.strMatching "[0-7]{1,5}"; default = "0700"; description = "Mode of the home directory."; };
      shell = mkOption { type = types.nullOr (types.either types.package (types.passwdEntry types.str)); default = if config.isNormalUser then "/bin/bash" else nologin; description = "Login shell."; };
      useDefaultShell = mkOption { type = types.bool; default = false; description = "Whether the shell is bash."; };
      packages = mkOption { type = types.listOf types.package; default = [ ]; description = "Packages for this user; installed for everybody."; };
      password = mkOption { type = types.nullOr types.str; default = null; description = "Password in clear; it can be read in the store and on the image. The empty one lets anybody in."; };
      initialPassword = mkOption { type = types.nullOr types.str; default = null; description = "The same as password: an image has only a beginning."; };
      hashedPassword = mkOption { type = types.nullOr (types.passwdEntry types.str); default = null; description = "Password as crypt(3) has it; empty lets anybody in, `!` nobody."; };
      initialHashedPassword = mkOption { type = types.nullOr (types.passwdEntry types.str); default = null; description = "The same as hashedPassword."; };
      hashedPasswordFile = mkOption { type = types.nullOr types.str; default = null; description = "Refused: files of the building machine do not go into the image."; };
      openssh.authorizedKeys.keys = mkOption { type = types.listOf types.str; default = [ ]; description = "Public keys that may log in."; };
      openssh.authorizedKeys.keyFiles = mkOption { type = types.listOf types.path; default = [ ]; description = "Files with such keys."; };
    };
  });
  groupType = types.submodule ({ name, ... }: {
    options = {
      name = mkOption { type = types.str; default = name; description = "Name."; };
      gid = mkOption { type = types.nullOr types.int; default = null; description = "Number; null takes the next free one, in the order of names."; };
      members = mkOption { type = types.listOf types.str; default = [ ]; description = "Users in the group."; };
    };
  });

  # numbers wanted: names with null -> the smallest numbers from `first` on
  # that are not taken, in the order of names
  assign = first: taken: names:
    (lib.foldl'
      (acc: name: let free = n: if acc.taken ? ${toString n} then free (n + 1) else n; n = free acc.next; in
        { next = n + 1; taken = acc.taken // { ${toString n} = true; }; result = acc.result // { ${name} = n; }; })
      { next = first; taken = lib.genAttrs (map toString taken) (_: true); result = { }; }
      names).result;

  own = cfg.users;
  normalNames = lib.filter (n: own.${n}.uid == null && own.${n}.isNormalUser) (lib.attrNames own);
  systemNames = lib.filter (n: own.${n}.uid == null && !own.${n}.isNormalUser && !(fixedUsers ? ${n})) (lib.attrNames own);
  takenUids = lib.mapAttrsToList (_: u: u.uid) fixedUsers ++ lib.filter (u: u != null) (lib.mapAttrsToList (_: u: u.uid) own);
  autoUid = assign 1000 takenUids normalNames // assign 400 takenUids systemNames;
  uidOf = n: u: if u.uid != null then u.uid else if fixedUsers ? ${n} then fixedUsers.${n}.uid else autoUid.${n};

  groupNames = lib.unique (lib.attrNames cfg.groups ++ lib.concatMap (u: [ u.group ] ++ u.extraGroups) (lib.attrValues own));
  newGroups = lib.sort (a: b: a < b) (lib.filter (n: !(fixedGroups ? ${n}) && (cfg.groups.${n} or { gid = null; }).gid == null) groupNames);
  takenGids = lib.attrValues fixedGroups ++ lib.filter (g: g != null) (lib.mapAttrsToList (_: g: g.gid) cfg.groups);
  autoGid = assign 400 takenGids newGroups;
  gids = fixedGroups // autoGid // lib.mapAttrs (_: g: g.gid) (lib.filterAttrs (_: g: g.gid != null) cfg.groups);

  shellOf = u: if u.useDefaultShell then "/bin/bash" else if u.shell == null then nologin else if lib.isDerivation u.shell then "${u.shell}${u.shell.shellPath or ""}" else u.shell;
  allUsers = lib.sort (a: b: a.uid < b.uid) (
    lib.mapAttrsToList (name: u: u // { inherit name; hash = "*"; }) (lib.filterAttrs (n: _: !(own ? ${n})) fixedUsers)
    ++ lib.mapAttrsToList (n: u: { name = u.name; uid = uidOf n u; gid = gids.${u.group}; inherit (u) description home; shell = shellOf u; hash = hashOf u; }) own);

  # crypt(3) hashes are made by openssl with a salt from the user's name, so
  # that they are the same in every build.
  clear = u: if u.password != null then u.password else u.initialPassword;
  hashOf = u:
    if u.hashedPassword != null then u.hashedPassword
    else if clear u == "" then ""
    else if clear u != null then lib.fileContents (pkgs.runCommand "password-${u.name}" { passwordText = clear u; nativeBuildInputs = [ pkgs.openssl ]; }
      "printf %s \"$passwordText\" | openssl passwd -6 -salt isomorph${u.name} -stdin > $out")
    else if u.initialHashedPassword != null then u.initialHashedPassword
    else "!";
  members = g: lib.unique ((cfg.groups.${g} or { members = [ ]; }).members ++ lib.filter (n: lib.elem g own.${n}.extraGroups) (lib.attrNames own));
  allGroups = lib.sort (a: b: a.gid < b.gid) (lib.mapAttrsToList (name: gid: { inherit name gid; users = lib.sort (a: b: a < b) (members name); }) gids);
  homes = lib.filterAttrs (_: u: u.createHome && u.home != "/root") own;
  keys = u: u.openssh.authorizedKeys.keys ++ map lib.fileContents u.openssh.authorizedKeys.keyFiles;
in
{
  options.users = {
    users = mkOption { type = types.attrsOf userType; default = { }; description = "User accounts."; };
    extraUsers = mkOption { type = types.attrsOf types.anything; default = { }; description = "Older name of users.users."; };
    groups = mkOption { type = types.attrsOf groupType; default = { }; description = "Groups."; };
    extraGroups = mkOption { type = types.attrsOf types.anything; default = { }; description = "Older name of users.groups."; };
    mutableUsers = mkOption { type = types.bool; default = true; description = "Accepted: what is changed on a live system is gone after it."; };
    motd = mkOption { type = types.nullOr types.lines; default = null; description = "Text shown after a login."; };
    defaultUserShell = mkOption { type = types.either types.path types.package; default = "/bin/bash"; description = "Accepted; set users.users.NAME.shell."; };
    allowNoPasswordLogin = mkOption { type = types.bool; default = true; description = "Accepted."; };
  };

  config = {
    users.users = lib.mkMerge [ { root = { uid = 0; group = "root"; description = "root"; home = "/root"; shell = lib.mkDefault "/bin/bash"; hashedPassword = lib.mkDefault "!"; }; } config.users.extraUsers ];
    users.groups = config.users.extraGroups;
    environment.systemPackages = lib.concatMap (u: u.packages) (lib.attrValues own);
    assertions = lib.mapAttrsToList
      (n: u: { assertion = u.hashedPasswordFile == null; message = "users.users.${n}.hashedPasswordFile: a live image cannot read a file of the building machine; use hashedPassword."; })
      own;
    live.files = {
      "etc/passwd".text = lib.concatMapStrings (u: "${u.name}:x:${toString u.uid}:${toString u.gid}:${u.description}:${u.home}:${u.shell}\n") allUsers;
      "etc/group".text = lib.concatMapStrings (g: "${g.name}:x:${toString g.gid}:${lib.concatStringsSep "," g.users}\n") allGroups;
      "etc/shadow" = { mode = "0640"; gid = 42; text = lib.concatMapStrings (u: "${u.name}:${u.hash}:20000:0:99999:7:::\n") allUsers; };
      "etc/gshadow" = { mode = "0640"; gid = 42; text = lib.concatMapStrings (g: "${g.name}:*::${lib.concatStringsSep "," g.users}\n") allGroups; };
      "etc/subuid".text = lib.concatImapStrings (i: n: "${own.${n}.name}:${toString (100000 + (i - 1) * 65536)}:65536\n") normalNames;
      "etc/subgid".text = lib.concatImapStrings (i: n: "${own.${n}.name}:${toString (100000 + (i - 1) * 65536)}:65536\n") normalNames;
      "etc/motd".text = lib.mkDefault (if cfg.motd == null then "" else cfg.motd);
    }
    // lib.mapAttrs' (n: u: lib.nameValuePair (lib.removePrefix "/" u.home) { directory = true; mode = u.homeMode; uid = uidOf n u; gid = gids.${u.group}; }) homes
    // lib.mapAttrs' (n: u: lib.nameValuePair "etc/ssh/authorized_keys.d/${u.name}" { text = lib.concatMapStrings (k: "${k}\n") (keys u); }) (lib.filterAttrs (_: u: keys u != [ ]) own);
  };
}
