# Option types.
#
# A type says what it accepts (`check`), how several definitions become one
# value (`merge loc defs`, defs = [ { file, value } ]), and what an undefined
# option of it is worth (`emptyValue`).
{ lib }:
let
  inherit (lib) mkOptionType mergeOneOption mergeEqualOption showOption;
  inherit (lib.options) showDefs;

  setType = typeName: value: value // { _type = typeName; };
  isType = type: value: value._type or null == type;

  between = lo: hi: lib.types.addCheck lib.types.int (x: x >= lo && x <= hi) // {
    name = "intBetween";
    description = "integer between ${toString lo} and ${toString hi} (both inclusive)";
  };
  unsigned = bits: max: between 0 max // { name = "unsignedInt${toString bits}"; description = "${toString bits} bit unsigned integer; between 0 and ${toString max} (both inclusive)"; };
  signed = bits: half: between (-half) (half - 1) // { name = "signedInt${toString bits}"; description = "${toString bits} bit signed integer"; };

  types = rec {
    raw = mkOptionType { name = "raw"; description = "raw value"; check = _: true; merge = mergeOneOption; };
    anything = mkOptionType {
      name = "anything"; description = "anything"; check = _: true;
      merge = loc: defs:
        let
          kind = v: if lib.isStringLike v && !builtins.isPath v && !builtins.isAttrs v then "string" else if lib.isDerivation v then "derivation" else builtins.typeOf v;
          kinds = lib.unique (map (d: kind d.value) defs);
        in
        if kinds == [ "set" ] then (attrsOf anything).merge loc defs
        else if kinds == [ "list" ] then (if lib.length defs == 1 then (lib.head defs).value else lib.concatMap (d: d.value) defs)
        else if kinds == [ "lambda" ] then x: anything.merge (loc ++ [ "<function body>" ]) (map (d: { inherit (d) file; value = d.value x; }) defs)
        else mergeEqualOption loc defs;
    };
    unspecified = mkOptionType { name = "unspecified"; description = "unspecified value"; };
    bool = mkOptionType { name = "bool"; description = "boolean"; check = builtins.isBool; merge = mergeEqualOption; };
    boolByOr = mkOptionType { name = "boolByOr"; description = "boolean (merged using or)"; check = builtins.isBool; merge = loc: defs: lib.any (d: d.value) defs; };
    int = mkOptionType { name = "int"; description = "signed integer"; check = builtins.isInt; merge = mergeEqualOption; };
    float = mkOptionType { name = "float"; description = "floating point number"; check = builtins.isFloat; merge = mergeEqualOption; };
    number = either int float;
    ints = {
      inherit between;
      unsigned = addCheck int (x: x >= 0) // { name = "unsignedInt"; description = "unsigned integer, meaning >=0"; };
      positive = addCheck int (x: x > 0) // { name = "positiveInt"; description = "positive integer, meaning >0"; };
      u8 = unsigned 8 255; u16 = unsigned 16 65535; u32 = unsigned 32 4294967295;
      s8 = signed 8 128; s16 = signed 16 32768; s32 = signed 32 2147483648;
    };
    numbers = {
      between = lo: hi: addCheck number (x: x >= lo && x <= hi) // { description = "number between ${toString lo} and ${toString hi}"; };
      nonnegative = addCheck number (x: x >= 0) // { description = "nonnegative number"; };
      positive = addCheck number (x: x > 0) // { description = "positive number"; };
    };
    port = unsigned 16 65535;

    str = mkOptionType { name = "str"; description = "string"; check = builtins.isString; merge = mergeEqualOption; };
    string = separatedString "";
    nonEmptyStr = addCheck str (x: builtins.match "[ \t\n]*" x == null) // { name = "nonEmptyStr"; description = "non-empty string"; };
    singleLineStr = addCheck str (x: !(lib.hasInfix "\n" x)) // { name = "singleLineStr"; description = "(optionally newline-terminated) single-line string"; };
    strMatching = pattern: addCheck str (x: builtins.match pattern x != null) // { name = "strMatching"; description = "string matching the pattern ${pattern}"; };
    separatedString = sep: mkOptionType {
      name = "separatedString"; description = if sep == "" then "Concatenated string" else "strings concatenated with ${builtins.toJSON sep}";
      check = builtins.isString; merge = loc: defs: lib.concatStringsSep sep (lib.getValues defs);
    };
    lines = separatedString "\n" // { name = "lines"; };
    commas = separatedString "," // { name = "commas"; };
    envVar = separatedString ":" // { name = "envVar"; };
    passwdEntry = entry: addCheck entry (s: !(lib.hasInfix ":" s) && !(lib.hasInfix "\n" s)) // { name = "passwdEntry"; description = "${entry.description}, not containing newlines or colons"; };

    path = mkOptionType { name = "path"; description = "absolute path"; check = x: lib.isStringLike x && builtins.substring 0 1 (toString x) == "/"; merge = mergeEqualOption; };
    pathInStore = mkOptionType { name = "pathInStore"; description = "path in the Nix store"; check = x: lib.isStringLike x && builtins.match "${builtins.storeDir}/[^.].*" (toString x) != null; merge = mergeEqualOption; };
    package = mkOptionType {
      name = "package"; description = "package"; check = x: lib.isDerivation x || lib.isStorePath x;
      merge = loc: defs: let res = mergeOneOption loc defs; in if lib.isDerivation res then res else lib.toDerivation res;
    };
    shellPackage = package;
    pkgs = mkOptionType { name = "pkgs"; description = "Nixpkgs package set"; check = x: builtins.isAttrs x; merge = mergeOneOption; };
    attrs = mkOptionType { name = "attrs"; description = "attribute set"; check = builtins.isAttrs; merge = loc: lib.foldl' (res: d: res // d.value) { }; emptyValue.value = { }; };
    optionType = mkOptionType { name = "optionType"; description = "optionType"; check = lib.isOptionType; merge = mergeOneOption; };
    functionTo = elem: mkOptionType {
      name = "functionTo"; description = "function that evaluates to a(n) ${elem.description}"; check = lib.isFunction;
      merge = loc: defs: x: (lib.modules.mergeDefinitions (loc ++ [ "<function body>" ]) elem (map (d: d // { value = d.value x; }) defs)).mergedValue;
      getSubOptions = elem.getSubOptions;
    };
    enum = values: mkOptionType {
      name = "enum"; description = if values == [ ] then "impossible (empty enum)" else "one of ${lib.concatMapStringsSep ", " (v: lib.generators.toPretty { multiline = false; } v) values}";
      check = x: lib.elem x values; merge = mergeEqualOption; payload = values;
    };
    uniq = unique { message = ""; };
    unique = { message ? "" }: type: type // { merge = lib.options.mergeUniqueOption { inherit message; merge = type.merge; }; };

    listOf = elem: mkOptionType {
      name = "listOf"; description = "list of ${elem.descriptionParen}"; check = builtins.isList; emptyValue.value = [ ];
      merge = loc: defs: map (x: x.value) (lib.filter (x: x ? value) (lib.concatLists (lib.imap1
        (n: def: lib.imap1 (m: value: (lib.modules.mergeDefinitions (loc ++ [ "[definition ${toString n}-entry ${toString m}]" ]) elem [ { inherit (def) file; inherit value; } ]).optionalValue) def.value)
        defs)));
      getSubOptions = prefix: elem.getSubOptions (prefix ++ [ "*" ]);
      getSubModules = elem.getSubModules;
      substSubModules = m: listOf (elem.substSubModules m);
    };
    nonEmptyListOf = elem: addCheck (listOf elem) (l: l != [ ]) // { description = "non-empty list of ${elem.descriptionParen}"; emptyValue = { }; };
    attrsWith = { elemType, lazy ? false, placeholder ? "name" }: (if lazy then lazyAttrsOf else attrsOf) elemType;
    lazyAttrsOf = elem: mkOptionType {
      name = "lazyAttrsOf"; description = "lazy attribute set of ${elem.descriptionParen}"; check = builtins.isAttrs; emptyValue.value = { };
      merge = loc: defs: builtins.zipAttrsWith (name: ds: let m = lib.modules.mergeDefinitions (loc ++ [ name ]) elem ds; in m.optionalValue.value or elem.emptyValue.value or m.mergedValue)
        (map (def: lib.mapAttrs (_: value: { inherit (def) file; inherit value; }) def.value) defs);
      getSubOptions = prefix: elem.getSubOptions (prefix ++ [ "<name>" ]);
      getSubModules = elem.getSubModules;
      substSubModules = m: lazyAttrsOf (elem.substSubModules m);
    };
    # Unlike lazyAttrsOf, knows its names only when every definition's mkIf is
    # settled: an attribute that is switched off is not there.
    attrsOf = elem: mkOptionType {
      name = "attrsOf"; description = "attribute set of ${elem.descriptionParen}"; check = builtins.isAttrs; emptyValue.value = { };
      merge = loc: defs: lib.mapAttrs (_: v: v.value) (lib.filterAttrs (_: v: v ? value)
        (builtins.zipAttrsWith (name: ds: (lib.modules.mergeDefinitions (loc ++ [ name ]) elem ds).optionalValue)
          (map (def: lib.mapAttrs (_: value: { inherit (def) file; inherit value; }) def.value) defs)));
      getSubOptions = prefix: elem.getSubOptions (prefix ++ [ "<name>" ]);
      getSubModules = elem.getSubModules;
      substSubModules = m: attrsOf (elem.substSubModules m);
    };
    loaOf = attrsOf;
    nullOr = elem: mkOptionType {
      name = "nullOr"; description = "null or ${elem.descriptionParen}"; check = x: x == null || elem.check x; emptyValue.value = null;
      merge = loc: defs:
        let nulls = lib.count (d: d.value == null) defs; in
        if nulls == lib.length defs then null
        else if nulls != 0 then throw "The option `${showOption loc}' is defined both null and not null, in ${lib.showFiles (lib.getFiles defs)}."
        else elem.merge loc defs;
      getSubOptions = elem.getSubOptions;
      getSubModules = elem.getSubModules;
      substSubModules = m: nullOr (elem.substSubModules m);
    };
    either = t1: t2: mkOptionType {
      name = "either"; description = "${t1.descriptionParen} or ${t2.descriptionParen}"; check = x: t1.check x || t2.check x;
      merge = loc: defs:
        let list = lib.getValues defs; in
        if lib.all t1.check list then t1.merge loc defs else if lib.all t2.check list then t2.merge loc defs else mergeOneOption loc defs;
    };
    oneOf = ts: if ts == [ ] then throw "types.oneOf needs at least one type" else lib.foldl' either (lib.head ts) (lib.tail ts);
    coercedTo = from: f: to: mkOptionType {
      name = "coercedTo"; description = "${to.descriptionParen} or ${from.descriptionParen} convertible to it"; check = x: to.check x || (from.check x && to.check (f x));
      merge = loc: defs: to.merge loc (map (d: d // { value = if from.check d.value && !(to.check d.value) then f d.value else if from.check d.value then f d.value else d.value; }) defs);
      emptyValue = to.emptyValue;
      getSubOptions = to.getSubOptions;
      getSubModules = to.getSubModules;
      substSubModules = m: coercedTo from f (to.substSubModules m);
    };
    addCheck = type: check: type // { check = x: type.check x && check x; };

    submodule = modules: submoduleWith { shorthandOnlyDefinesConfig = true; modules = lib.toList modules; };
    deferredModule = deferredModuleWith { };
    deferredModuleWith = { staticModules ? [ ] }: mkOptionType {
      name = "deferredModule"; description = "module"; check = x: builtins.isAttrs x || lib.isFunction x || builtins.isPath x;
      merge = loc: defs: { imports = staticModules ++ map (d: lib.setDefaultModuleLocation "${toString d.file}, via option ${showOption loc}" d.value) defs; };
    };
    submoduleWith = { modules, specialArgs ? { }, shorthandOnlyDefinesConfig ? false, description ? null, class ? null }:
      let
        asModules = defs: map
          (def: if shorthandOnlyDefinesConfig && builtins.isAttrs def.value && !(def.value ? _type) then { _file = def.file; config = def.value; } else lib.setDefaultModuleLocation def.file def.value)
          defs;
        base = lib.evalModules {
          inherit specialArgs;
          modules = [ { _module.args.name = lib.mkOptionDefault "‹name›"; } ] ++ modules;
        };
      in
      mkOptionType {
        name = "submodule";
        description = if description != null then description else "submodule";
        check = x: builtins.isAttrs x || lib.isFunction x || builtins.isPath x;
        merge = loc: defs: (lib.evalModules {
          inherit specialArgs;
          prefix = loc;
          modules = [ { _module.args.name = lib.mkOptionDefault (lib.last loc); } ] ++ modules ++ asModules defs;
        }).config;
        emptyValue.value = { };
        getSubOptions = prefix: (lib.evalModules { inherit specialArgs prefix; modules = [ { _module.args.name = lib.mkOptionDefault "<name>"; } ] ++ modules; }).options;
        getSubModules = modules;
        substSubModules = m: submoduleWith { modules = m; inherit specialArgs shorthandOnlyDefinesConfig description class; };
        nestedTypes = lib.optionalAttrs (base.freeform != null) { freeformType = base.freeform; };
      };
  };
in
types // {
  inherit types setType isType;
  isOptionType = isType "option-type";
  defaultTypeMerge = _: _: null;

  # mkOptionType { name, description, check, merge, ... }
  mkOptionType = t@{ name, description ? name, ... }:
    {
      _type = "option-type";
      check = _: true;
      merge = lib.mergeDefaultOption;
      emptyValue = { };
      getSubOptions = _: { };
      getSubModules = null;
      substSubModules = _: null;
      nestedTypes = { };
      inherit description;
      descriptionParen = if lib.hasInfix " or " description then "(${description})" else description;
    } // t;
}
