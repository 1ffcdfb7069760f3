# The module system: many files that declare options and define values for
# them become one configuration.
#
# 1. `collect` follows `imports` from the given modules, each file once, and
#    drops what `disabledModules` names.
# 2. `merge` walks the tree of declared options. At an option it gathers the
#    definitions of all modules, resolves mkIf/mkMerge/mkOverride/mkOrder, checks
#    them against the type and lets the type merge them. Elsewhere it descends.
# 3. Definitions that met no declaration are an error that names the option,
#    the file and the nearest existing name.
#
# Everything is lazy: a module may look at `config` while that is being made.
{ lib }:
let
  inherit (lib) showOption isOption;
  inherit (builtins) isAttrs attrNames concatMap;

  anonymous = "<anonymous module>";

  # A module in any of its forms -> { key, file, imports, disabled, options, config }
  normalise = fallbackKey: args: m:
    let
      file = if builtins.isPath m || builtins.isString m then toString m else m._file or anonymous;
      key = if builtins.isPath m || builtins.isString m then toString m else m.key or fallbackKey;
      loaded = if builtins.isPath m || builtins.isString m then import m else m;
      plain = apply file args loaded;
      # A module without a file is named by where its first attribute stands.
      place =
        let
          names = if isAttrs plain then attrNames plain else [ ];
          pos = if names == [ ] then null else builtins.unsafeGetAttrPos (lib.head names) plain;
        in
        if file != anonymous || pos == null then file else pos.file;
      known = [ "_file" "key" "imports" "disabledModules" "options" "config" "meta" "freeformType" "_class" "require" ];
      explicit = plain ? config || plain ? options;
      stray = builtins.removeAttrs plain known;
    in
    if !isAttrs plain then throw "The module `${file}' is a ${builtins.typeOf plain}, not a set or a function that gives one."
    else if plain._type or null == "merge" || plain._type or null == "if" || plain._type or null == "override"
    then { inherit file key; imports = [ ]; disabled = [ ]; options = { }; config = plain; }
    else if explicit && stray != { } then
      throw ("Module `${file}' has an unsupported attribute `${lib.head (attrNames stray)}'. This is caused by introducing a top-level `config' or `options' attribute. "
        + "Add configuration attributes immediately on the top level instead, or move all of them (namely: ${toString (attrNames stray)}) into the explicit `config' attribute.")
    else {
      file = plain._file or place;
      key = plain.key or key;
      imports = plain.imports or [ ] ++ plain.require or [ ];
      disabled = plain.disabledModules or [ ];
      options = plain.options or { };
      config =
        let c = if explicit then plain.config or { } else builtins.removeAttrs plain (known ++ [ "require" ]);
        in if plain ? freeformType then lib.mkMerge [ c { _module.freeformType = plain.freeformType; } ]
        else if !explicit && plain ? meta then lib.mkMerge [ c { meta = plain.meta; } ] else c;
    };

  apply = file: args: f:
    if lib.isFunction f then
      let
        wanted = lib.mapAttrs
          (name: _: builtins.addErrorContext "while evaluating the module argument `${name}' in \"${file}\":" (args.special.${name} or args.config._module.args.${name} or (
            throw "The module `${file}' asks for the argument `${name}', which nobody provides; set _module.args.${name} or pass it in specialArgs.")))
          (lib.functionArgs f);
      in
      f (args.special // wanted)
    else f;

  # Depth first, imports before the importing module, each key once.
  collect = args: modulesPath: modules:
    let
      walk = parent: ms: lib.imap1
        (n: m:
          let mod = normalise "${parent}:anon-${toString n}" args m; in
          { inherit (mod) key; module = mod; children = walk mod.key mod.imports; })
        ms;
      tree = walk "root" modules;
      flat = builtins.genericClosure { startSet = tree; operator = node: node.children; };
      disabledKeys = concatMap (node: map (d: if builtins.isString d && builtins.substring 0 1 d != "/" then "${toString modulesPath}/${d}" else if isAttrs d then d.key else toString d) node.module.disabled) flat;
      kept = filterTree disabledKeys tree;
    in
    map (node: node.module) (if disabledKeys == [ ] then flat
      else builtins.genericClosure { startSet = kept; operator = node: filterTree disabledKeys node.children; });
  filterTree = keys: lib.filter (node: !(lib.elem node.key keys));

  # mkMerge and mkIf above an attribute set are moved down to its values.
  pushDown = cfg:
    let t = cfg._type or null; in
    if t == "merge" then concatMap pushDown cfg.contents
    else if t == "if" then map (lib.mapAttrs (_: v: lib.mkIf cfg.condition v)) (pushDown cfg.content)
    else if t == "override" then map (lib.mapAttrs (_: v: lib.mkOverride cfg.priority v)) (pushDown cfg.content)
    else if t == "order" then map (lib.mapAttrs (_: v: lib.mkOrder cfg.priority v)) (pushDown cfg.content)
    else [ cfg ];

  # A definition -> its values, conditions resolved.
  discharge = def:
    let t = def._type or null; in
    if t == "merge" then concatMap discharge def.contents
    else if t == "if" then (
      if builtins.isBool def.condition then (if def.condition then discharge def.content else [ ])
      else throw "`mkIf` called with a non-Boolean condition")
    else [ def ];

  defaultPriority = 100;
  defaultOrder = 1000;
  defaultOptionPriority = 1500;

  # Definitions { file, value } -> those of the strongest priority, in order.
  resolve = defs:
    let
      flat = concatMap (d: map (value: { inherit (d) file; inherit value; }) (discharge d.value)) defs;
      prio = d: if d.value._type or null == "override" then d.value.priority else defaultPriority;
      best = lib.foldl' (acc: d: lib.min acc (prio d)) 9999 flat;
      strip = d: if d.value._type or null == "override" then { inherit (d) file; value = d.value.content; } else d;
      kept = concatMap (d: let s = strip d; in map (value: { inherit (d) file; inherit value; }) (discharge s.value)) (lib.filter (d: prio d == best) flat);
      order = d: if d.value._type or null == "order" then d.value.priority else defaultOrder;
      unorder = d: if d.value._type or null == "order" then { inherit (d) file; value = d.value.content; } else d;
      ordered = if lib.any (d: d.value._type or null == "order") kept then map unorder (lib.sort (a: b: order a < order b) kept) else kept;
    in
    { values = ordered; highestPrio = best; };

  typeError = loc: type: bad:
    throw "A definition for option `${showOption loc}' is not of type `${type.description}'. Definition values:${lib.options.showDefs bad}";

  mergeDefinitions = loc: type: defs:
    let
      resolved = resolve defs;
      values = resolved.values;
      bad = lib.filter (d: !(type.check d.value)) values;
      isDefined = values != [ ];
      mergedValue =
        if !isDefined then
          (if type.emptyValue ? value then type.emptyValue.value
          else throw "The option `${showOption loc}' was accessed but has no value defined. Try setting the option.")
        else if bad != [ ] then typeError loc type bad
        else type.merge loc values;
    in
    {
      inherit isDefined mergedValue values;
      inherit (resolved) highestPrio;
      optionalValue = if isDefined then { value = mergedValue; } else { };
    };

  # Several declarations of one option: fields are joined; only submodule
  # types and equal types may meet.
  joinDeclarations = loc: decls:
    let
      first = lib.head decls;
      joinType = a: b:
        if a.name == "submodule" && b.name == "submodule" then a.substSubModules (a.getSubModules ++ b.getSubModules)
        else if a.name == b.name && a.getSubModules != null && b.getSubModules != null then a.substSubModules (a.getSubModules ++ b.getSubModules)
        else if a.name == "enum" && b.name == "enum" then lib.types.enum (lib.unique (a.payload ++ b.payload))
        else if a.name == b.name then a
        else throw "The option `${showOption loc}' in ${lib.showFiles (map (d: d.file) decls)} is declared with different types: ${a.description} and ${b.description}.";
      clash = lib.filter (f: lib.count (d: d.option ? ${f}) decls > 1) [ "default" "apply" "description" ];
    in
    if lib.length decls == 1 then first.option
    else if lib.elem "default" clash || lib.elem "apply" clash then
      throw "The option `${showOption loc}' in ${lib.showFiles [ (lib.last decls).file ]} is already declared in ${lib.showFiles (map (d: d.file) (lib.init decls))}."
    else lib.foldl' (acc: d: acc // d.option // lib.optionalAttrs (acc ? type && d.option ? type) { type = joinType acc.type d.option.type; }) first.option (lib.tail decls);

  evalOption = loc: decls: defs:
    let
      opt = joinDeclarations loc decls;
      type = opt.type or lib.types.unspecified;
      withDefault = defs ++ lib.optional (opt ? default) { file = (lib.head decls).file; value = lib.mkOverride defaultOptionPriority opt.default; };
      merged = if opt.readOnly or false && lib.length defs > 1
        then throw "The option `${showOption loc}' is read-only, but it's set multiple times. Definition values:${lib.options.showDefs defs}"
        else mergeDefinitions loc type withDefault;
      value = builtins.addErrorContext "while evaluating the option `${showOption loc}':" (if opt ? apply then opt.apply merged.mergedValue else merged.mergedValue);
    in
    opt // {
      _type = "option";
      inherit loc type value;
      declarations = map (d: d.file) decls;
      declarationPositions = [ ];
      definitions = map (d: d.value) merged.values;
      definitionsWithLocations = merged.values;
      files = map (d: d.file) merged.values;
      inherit (merged) isDefined highestPrio;
      __toString = _: showOption loc;
    };

  # loc, declarations [ { file, options } ], definitions [ { file, config } ]
  # -> { options, config, unmatched }
  merge = loc: decls: defs:
    let
      byName = builtins.zipAttrsWith (_: x: x) (map (d: lib.mapAttrs (_: o: { inherit (d) file; option = o; }) d.options) decls);
      pushed = concatMap (d: map (config: { inherit (d) file; inherit config; }) (pushDown d.config)) defs;
      checked = map
        (d: if isAttrs d.config then d else throw "You're trying to define a value of type `${builtins.typeOf d.config}' rather than an attribute set for the option `${showOption loc}', in `${d.file}'. This option holds others; set one of those below it.")
        pushed;
      defsByName = builtins.zipAttrsWith (_: x: x) (map (d: lib.mapAttrs (_: config: { inherit (d) file; inherit config; }) d.config) checked);
      results = lib.mapAttrs
        (name: ds:
          let
            here = loc ++ [ name ];
            myDefs = defsByName.${name} or [ ];
            areOptions = lib.filter (d: isOption d.option) ds;
          in
          if areOptions == [ ] then
            (let r = merge here (map (d: { inherit (d) file; options = if isAttrs d.option then d.option else throw "An option declaration for `${showOption here}' in `${d.file}' is a ${builtins.typeOf d.option}; use lib.mkOption."; }) ds) myDefs; in r)
          else if lib.length areOptions == lib.length ds then
            (let o = evalOption here ds (map (d: { inherit (d) file; value = d.config; }) myDefs); in { options = o; config = o.value; unmatched = [ ]; })
          else if lib.all (d: (d.option.type.getSubModules or null) != null) areOptions then
            # nested options declared below a submodule option extend that submodule
            (let
              extra = map (d: { inherit (d) file; option = lib.mkOption { type = lib.types.submodule { _file = d.file; options = d.option; }; }; }) (lib.filter (d: !isOption d.option) ds);
              o = evalOption here (areOptions ++ extra) (map (d: { inherit (d) file; value = d.config; }) myDefs);
            in { options = o; config = o.value; unmatched = [ ]; })
          else throw "The option `${showOption here}' in ${lib.showFiles (map (d: d.file) areOptions)} is a prefix of options in ${lib.showFiles (map (d: d.file) (lib.filter (d: !isOption d.option) ds))}.")
        byName;
      strayNames = lib.filter (n: !(byName ? ${n})) (attrNames defsByName);
    in
    {
      options = lib.mapAttrs (_: r: r.options) results;
      config = lib.mapAttrs (_: r: r.config) results;
      unmatched = concatMap (n: map (d: { loc = loc ++ [ n ]; siblings = attrNames byName; inherit (d) file; value = d.config; }) defsByName.${n}) strayNames
        ++ concatMap (r: r.unmatched) (lib.attrValues results);
    };

  reportUnmatched = prefix: unmatched:
    let
      # A definition that its mkIf switches off is nobody's business.
      live = lib.filter (u: discharge u.value != [ ]) unmatched;
      u = lib.head live;
      name = lib.last u.loc;
      close = lib.sort (a: b: lib.levenshtein name a < lib.levenshtein name b) (lib.filter (s: lib.levenshtein name s <= 3) u.siblings);
      full = s: showOption (prefix ++ lib.init u.loc ++ [ s ]);
      hint =
        if close != [ ] then "\n\nDid you mean ${lib.concatMapStringsSep " or " (s: "`${full s}'") (lib.take 3 close)}?"
        else "\n\n`isomorph channel search WORD` finds the options there are.";
    in
    if live == [ ] then { }
    else throw "The option `${showOption (prefix ++ u.loc)}' does not exist. Definition values:${lib.options.showDefs [ { inherit (u) file value; } ]}${hint}";

  evalModules = evalArgs@{ modules, prefix ? [ ], specialArgs ? { }, args ? { }, check ? true, class ? null }:
    let
      internal = {
        _file = "lib/modules.nix";
        key = "lib/modules.nix";
        options._module = {
          args = lib.mkOption { type = lib.types.lazyAttrsOf lib.types.raw; internal = true; visible = false; description = "Arguments passed to every module."; };
          check = lib.mkOption { type = lib.types.bool; default = check; internal = true; visible = false; description = "Whether a definition without a declaration is an error."; };
          freeformType = lib.mkOption { type = lib.types.nullOr lib.types.optionType; default = null; internal = true; visible = false; description = "The type that definitions without a declaration are merged with."; };
          specialArgs = lib.mkOption { type = lib.types.raw; default = specialArgs; internal = true; visible = false; description = "The specialArgs of this evaluation."; };
        };
        config._module.args = lib.mapAttrs (_: lib.mkOptionDefault) args;
      };
      moduleArgs = {
        special = { inherit lib config options; modulesPath = specialArgs.modulesPath or ""; _prefix = prefix; } // specialArgs;
        inherit config;
      };
      all = collect moduleArgs (specialArgs.modulesPath or "") ([ internal ] ++ modules);
      result = merge prefix
        (map (m: { inherit (m) file options; }) all)
        (map (m: { inherit (m) file config; }) all);
      options = result.options;
      freeform = result.config._module.freeformType;
      declared = result.config;
      withFreeform =
        if freeform == null then
          (if declared._module.check then builtins.seq (reportUnmatched [ ] result.unmatched) declared else declared)
        else
          lib.recursiveUpdate
            (freeform.merge prefix (map (u: { inherit (u) file; value = lib.setAttrByPath (lib.drop (lib.length prefix) u.loc) u.value; }) result.unmatched))
            declared;
      config = (if result.unmatched == [ ] then declared else withFreeform) // { inherit (declared) _module; };
      public = builtins.removeAttrs config [ "_module" ];
    in
    {
      _type = "configuration";
      inherit options freeform;
      config = public;
      _module = declared._module;
      extendModules = more: evalModules (evalArgs // {
        modules = modules ++ more.modules or [ ];
        specialArgs = specialArgs // more.specialArgs or { };
        prefix = more.prefix or prefix;
      });
      type = lib.types.submoduleWith { inherit modules specialArgs; };
    };
in
rec {
  inherit evalModules mergeDefinitions;
  inherit (lib.trivial) importJSON importTOML;
  inherit defaultOrder;

  mkIf = condition: content: { _type = "if"; inherit condition content; };
  mkAssert = assertion: message: content: mkIf (if assertion then true else throw "\nFailed assertion: ${message}") content;
  mkMerge = contents: { _type = "merge"; inherit contents; };
  mkOverride = priority: content: { _type = "override"; inherit priority content; };
  mkOptionDefault = mkOverride 1500;
  mkDefault = mkOverride 1000;
  mkImageMediaOverride = mkOverride 60;
  mkForce = mkOverride 50;
  mkVMOverride = mkOverride 10;
  mkForceOverride = mkForce;
  defaultOverridePriority = 100;
  mkOrder = priority: content: { _type = "order"; inherit priority content; };
  mkBefore = mkOrder 500;
  mkAfter = mkOrder 1500;
  mkFixStrictness = x: x;

  # Passes an option's definitions on to another, with their priorities.
  mkAliasDefinitions = mkAliasAndWrapDefinitions lib.id;
  mkAliasAndWrapDefinitions = wrap: option: mkIf option.isDefined (wrap (mkMerge (map (mkOverride option.highestPrio) option.definitions)));

  setDefaultModuleLocation = file: m: { _file = file; imports = [ m ]; };

  mkRemovedOptionModule = path: advice: { options, ... }: {
    options = lib.setAttrByPath path (lib.mkOption { visible = false; description = "Removed."; apply = _: throw "The option `${showOption path}' can no longer be used since it's been removed. ${advice}"; });
    config.assertions = let opt = lib.getAttrFromPath path options; in
      [ { assertion = !opt.isDefined; message = "The option definition `${showOption path}' in ${lib.showFiles opt.files} no longer has any effect; please remove it.\n${advice}"; } ];
  };
  mkRenamedOptionModule = from: to: doRename { inherit from to; warn = true; };
  mkAliasOptionModule = from: to: doRename { inherit from to; warn = false; };
  doRename = { from, to, warn }: { config, options, ... }:
    let fromOpt = lib.getAttrFromPath from options; in
    {
      options = lib.setAttrByPath from (lib.mkOption {
        visible = false; description = "Alias of `${showOption to}'.";
        type = (lib.attrByPath to { type = lib.types.raw; } options).type or lib.types.raw;
        apply = _: lib.getAttrFromPath to config;
      });
      config = lib.mkMerge [
        (lib.setAttrByPath to (mkAliasDefinitions fromOpt))
        (lib.optionalAttrs (warn && options ? warnings) {
          warnings = lib.optional fromOpt.isDefined "The option `${showOption from}' defined in ${lib.showFiles fromOpt.files} has been renamed to `${showOption to}'.";
        })
      ];
    };
}
