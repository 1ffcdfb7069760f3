# A small module system: options with types and defaults, definitions with
# priorities and conditions, merged through a fixed point.
let
  inherit (builtins) attrNames concatLists concatMap elemAt filter foldl' genList isAttrs length listToAttrs mapAttrs;
  mkOption = o: { _type = "option"; } // o;
  mkIf = condition: content: { _type = "if"; inherit condition content; };
  mkOverride = priority: content: { _type = "override"; inherit priority content; };
  types = {
    int = defs: foldl' (_: d: d) 0 defs;
    list = concatLists;
    lines = builtins.concatStringsSep "\n";
    attrs = foldl' (a: b: a // b) { };
  };
  discharge = v: if isAttrs v && (v._type or "") == "if" then (if v.condition then discharge v.content else [ ]) else [ v ];
  priority = v: if isAttrs v && (v._type or "") == "override" then v.priority else 100;
  content = v: if isAttrs v && (v._type or "") == "override" then v.content else v;
  strongest = defs: let best = foldl' (m: d: if priority d < m then priority d else m) 10000 defs; in
    map content (filter (d: priority d == best) defs);
  isOption = o: (o._type or "") == "option";
  evalOption = option: defs:
    let all = strongest (concatMap discharge defs); in if all == [ ] then option.default else option.type all;
  merge = options: defs: mapAttrs (name: o:
    let below = concatMap (d: if d ? ${name} then [ d.${name} ] else [ ]) defs; in
    if isOption o then evalOption o below else merge o (concatMap discharge below)) options;
  mergeOptions = foldl' (a: b: a // mapAttrs (n: o: if a ? ${n} && !(isOption o) then mergeOptions [ a.${n} o ] else o) b) { };
  evalModules = modules:
    let
      loaded = map (m: m { inherit config; lib = { inherit mkIf mkOverride mkOption; }; }) modules;
      config = merge (mergeOptions (map (m: m.options or { }) loaded)) (map (m: m.config or { }) loaded);
    in config;
  service = i: { config, lib }: {
    options.services."service${toString i}" = {
      enable = lib.mkOption { type = types.int; default = 0; };
      port = lib.mkOption { type = types.int; default = i; };
      packages = lib.mkOption { type = types.list; default = [ ]; };
    };
    options.environment = {
      packages = lib.mkOption { type = types.list; default = [ ]; };
      text = lib.mkOption { type = types.lines; default = ""; };
      vars = lib.mkOption { type = types.attrs; default = { }; };
    };
    config.environment.packages = lib.mkIf (config.services."service${toString i}".enable > 0) config.services."service${toString i}".packages;
    config.environment.text = "service ${toString i}";
    config.environment.vars."SERVICE_${toString i}" = config.services."service${toString i}".port;
    config.services."service${toString i}".port = lib.mkOverride (if i > 10 then 50 else 200) (i + 8000);
  };
  enabled = i: { config, lib }: {
    config.services."service${toString i}" = { enable = 1; packages = [ "p${toString i}" "q${toString i}" ]; port = 1; };
  };
  config = evalModules (genList service 220 ++ genList (i: enabled (i * 2)) 110);
in
[ (length config.environment.packages) (elemAt config.environment.packages 43) config.environment.vars.SERVICE_20 config.environment.vars.SERVICE_4
  (builtins.stringLength config.environment.text) (length (attrNames config.services)) ]
