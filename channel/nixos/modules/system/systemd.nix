# systemd units from the configuration.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.systemd;
  strings = types.listOf types.str;
  scalar = types.nullOr (types.oneOf [ types.bool types.int types.float types.str types.path types.package ]);
  section = types.attrsOf (types.either scalar (types.listOf scalar));

  common = {
    enable = mkOption { type = types.bool; default = true; description = "Whether the unit exists; false masks one of that name."; };
    description = mkOption { type = types.singleLineStr; default = ""; description = "What the unit is."; };
    documentation = mkOption { type = strings; default = [ ]; description = "Where it is documented."; };
    requires = mkOption { type = strings; default = [ ]; description = "Units it cannot do without."; };
    wants = mkOption { type = strings; default = [ ]; description = "Units it starts."; };
    bindsTo = mkOption { type = strings; default = [ ]; description = "Units it stops with."; };
    partOf = mkOption { type = strings; default = [ ]; description = "Units whose stop and restart it follows."; };
    conflicts = mkOption { type = strings; default = [ ]; description = "Units it stops."; };
    after = mkOption { type = strings; default = [ ]; description = "Units it starts after."; };
    before = mkOption { type = strings; default = [ ]; description = "Units it starts before."; };
    onFailure = mkOption { type = strings; default = [ ]; description = "Units started when it fails."; };
    wantedBy = mkOption { type = strings; default = [ ]; description = "Units that start it."; };
    requiredBy = mkOption { type = strings; default = [ ]; description = "Units that cannot do without it."; };
    aliases = mkOption { type = strings; default = [ ]; description = "Other names of the unit."; };
    unitConfig = mkOption { type = section; default = { }; description = "Lines of the [Unit] section."; };
    startLimitIntervalSec = mkOption { type = types.nullOr types.int; default = null; description = "Seconds over which starts are counted."; };
    startLimitBurst = mkOption { type = types.nullOr types.int; default = null; description = "How many starts are allowed in that time."; };
    overrideStrategy = mkOption { type = types.str; default = "asDropinIfExists"; description = "Accepted; units of the packages are replaced."; };
  };
  show = v: if v == true then "true" else if v == false then "false" else toString v;
  lines = attrs: lib.concatStrings (lib.mapAttrsToList (n: v: if v == null then "" else if builtins.isList v then lib.concatMapStrings (x: "${n}=${show x}\n") v else "${n}=${show v}\n") attrs);
  list = n: v: lib.optionalString (v != [ ]) "${n}=${toString v}\n";
  unitSection = u: "[Unit]\n" + lib.optionalString (u.description != "") "Description=${u.description}\n"
    + list "Documentation" u.documentation + list "Requires" u.requires + list "Wants" u.wants + list "BindsTo" u.bindsTo + list "PartOf" u.partOf
    + list "Conflicts" u.conflicts + list "After" u.after + list "Before" u.before + list "OnFailure" u.onFailure
    + lib.optionalString (u.startLimitIntervalSec != null) "StartLimitIntervalSec=${toString u.startLimitIntervalSec}\n"
    + lib.optionalString (u.startLimitBurst != null) "StartLimitBurst=${toString u.startLimitBurst}\n" + lines u.unitConfig;

  # A unit kind with its own section: name of the section, options, its text.
  kind = suffix: title: configName: options: text: {
    inherit suffix text;
    type = types.attrsOf (types.submodule ({ name, ... }: {
      options = common // options // { ${configName} = mkOption { type = section; default = { }; description = "Lines of the [${title}] section."; }; };
    }));
  };
  plain = suffix: title: configName: kind suffix title configName { } (u: _: "\n[${title}]\n${lines u.${configName}}");

  serviceOptions = {
    environment = mkOption { type = types.attrsOf (types.nullOr (types.oneOf [ types.str types.path types.package types.int ])); default = { }; description = "Variables of the service's processes."; };
    path = mkOption { type = types.listOf (types.oneOf [ types.package types.str ]); default = [ ]; description = "Packages whose programs it finds."; };
    script = mkOption { type = types.lines; default = ""; description = "Shell code to run, in place of ExecStart."; };
    scriptArgs = mkOption { type = types.str; default = ""; description = "Arguments of the script."; };
    preStart = mkOption { type = types.lines; default = ""; description = "Shell code run before."; };
    postStart = mkOption { type = types.lines; default = ""; description = "Shell code run after the start."; };
    preStop = mkOption { type = types.lines; default = ""; description = "Shell code run to stop it."; };
    postStop = mkOption { type = types.lines; default = ""; description = "Shell code run after the stop."; };
    reload = mkOption { type = types.lines; default = ""; description = "Shell code run to reload it."; };
    startAt = mkOption { type = types.coercedTo types.str lib.toList strings; default = [ ]; description = "When a timer starts it (systemd.time(7))."; };
    restartIfChanged = mkOption { type = types.bool; default = true; description = "Accepted: a live system is not switched."; };
    restartTriggers = mkOption { type = types.listOf types.unspecified; default = [ ]; description = "Accepted: a live system is not switched."; };
    reloadIfChanged = mkOption { type = types.bool; default = false; description = "Accepted: a live system is not switched."; };
    stopIfChanged = mkOption { type = types.bool; default = true; description = "Accepted: a live system is not switched."; };
    enableStrictShellChecks = mkOption { type = types.bool; default = false; description = "Accepted and ignored."; };
  };
  serviceText = u: name:
    let
      script = what: text: "${pkgs.writeShellScript "${lib.strings.sanitizeDerivationName name}-${what}" ("set -e\n" + text)}";
      exec = key: what: text: lib.optionalString (text != "") "${key}=${script what text}\n";
      path = lib.concatMapStringsSep ":" (p: "${p}/bin") u.path;
    in
    "\n[Service]\n"
    + lib.concatStrings (lib.mapAttrsToList (n: v: if v == null then "" else "Environment=\"${n}=${toString v}\"\n") u.environment)
    + "Environment=\"PATH=${lib.optionalString (u.path != [ ]) "${path}:"}/run/current-system/sw/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin\"\n"
    + exec "ExecStartPre" "pre-start" u.preStart
    + lib.optionalString (u.script != "") "ExecStart=${script "start" u.script} ${u.scriptArgs}\n"
    + exec "ExecStartPost" "post-start" u.postStart
    + exec "ExecStop" "pre-stop" u.preStop + exec "ExecStopPost" "post-stop" u.postStop + exec "ExecReload" "reload" u.reload
    + lines u.serviceConfig;

  kinds = {
    services = kind "service" "Service" "serviceConfig" serviceOptions serviceText;
    timers = plain "timer" "Timer" "timerConfig";
    sockets = kind "socket" "Socket" "socketConfig"
      { listenStreams = mkOption { type = strings; default = [ ]; description = "Addresses of stream sockets."; }; listenDatagrams = mkOption { type = strings; default = [ ]; description = "Addresses of datagram sockets."; }; }
      (u: _: "\n[Socket]\n${lines ({ ListenStream = u.listenStreams; ListenDatagram = u.listenDatagrams; } // u.socketConfig)}");
    paths = plain "path" "Path" "pathConfig";
    targets = kind "target" "Target" "targetConfig" { } (_: _: "");
  };
  units = lib.concatLists (lib.mapAttrsToList (k: def: lib.mapAttrsToList (name: u: { file = "${name}.${def.suffix}"; unit = u; text = unitSection u + def.text u name; }) cfg.${k}) kinds);
  link = file: from: lib.nameValuePair "etc/systemd/system/${from}/${file}" { link = "../${file}"; };
in
{
  options.systemd = lib.mapAttrs (k: def: mkOption { type = def.type; default = { }; description = "systemd ${k}, by name without the suffix .${def.suffix}."; }) kinds // {
    units = mkOption { type = types.attrsOf types.anything; default = { }; description = "Accepted and ignored; use systemd.services and its kin."; };
    mounts = mkOption { type = types.listOf types.anything; default = [ ]; description = "Accepted and ignored."; };
    automounts = mkOption { type = types.listOf types.anything; default = [ ]; description = "Accepted and ignored."; };
    network = mkOption { type = types.attrsOf types.anything; default = { }; description = "Accepted and ignored; use networking.interfaces or environment.etc.\"systemd/network/...\"."; };
    user = mkOption { type = types.attrsOf types.anything; default = { }; description = "Accepted and ignored."; };
    tmpfiles.rules = mkOption { type = strings; default = [ ]; example = [ "d /tmp/x 1777 root root -" ]; description = "Lines of tmpfiles.d(5)."; };
    globalEnvironment = mkOption { type = types.attrsOf types.str; default = { }; description = "Variables of all services."; };
    extraConfig = mkOption { type = types.lines; default = ""; description = "Lines of system.conf's [Manager] section."; };
    defaultUnit = mkOption { type = types.str; default = "multi-user.target"; description = "What the system starts."; };
    enableEmergencyMode = mkOption { type = types.bool; default = true; description = "Accepted and ignored."; };
    coredump.enable = mkOption { type = types.bool; default = true; description = "Accepted and ignored."; };
  };

  config.systemd.timers = lib.mapAttrs
    (_: s: { wantedBy = [ "timers.target" ]; timerConfig.OnCalendar = s.startAt; })
    (lib.filterAttrs (_: s: s.startAt != [ ]) cfg.services);

  config.live.files =
    lib.listToAttrs
      (lib.concatMap
        (u:
          let name = "etc/systemd/system/${u.file}"; in
          if !u.unit.enable then [ (lib.nameValuePair name { link = "/dev/null"; }) ]
          else [ (lib.nameValuePair name { inherit (u) text; }) ]
            ++ map (t: link u.file "${t}.wants") u.unit.wantedBy
            ++ map (t: link u.file "${t}.requires") u.unit.requiredBy
            ++ map (a: lib.nameValuePair "etc/systemd/system/${a}" { link = u.file; }) u.unit.aliases)
        units)
    // {
      "etc/systemd/system/default.target".link = "/lib/systemd/system/${cfg.defaultUnit}";
      "etc/tmpfiles.d/recipe.conf" = lib.mkIf (cfg.tmpfiles.rules != [ ]) { text = lib.concatMapStrings (l: "${l}\n") cfg.tmpfiles.rules; };
      "etc/systemd/system.conf.d/recipe.conf" = lib.mkIf (cfg.extraConfig != "" || cfg.globalEnvironment != { }) {
        text = "[Manager]\n${cfg.extraConfig}${lib.concatStrings (lib.mapAttrsToList (n: v: "DefaultEnvironment=\"${n}=${v}\"\n") cfg.globalEnvironment)}";
      };
    };
}
