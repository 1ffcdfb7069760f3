# Declaring options, and talking about them.
{ lib }:
rec {
  isOption = lib.isType "option";

  # mkOption { type, default, example, description, apply, readOnly, ... }
  mkOption = attrs: attrs // { _type = "option"; };

  mkEnableOption = name: mkOption {
    default = false;
    example = true;
    description = "Whether to enable ${name}.";
    type = lib.types.bool;
  };

  mkPackageOption = pkgs: name: { default ? name, example ? null, nullable ? false, pkgsText ? "pkgs", extraDescription ? "" }:
    let path = lib.toList default; in
    mkOption {
      type = if nullable then lib.types.nullOr lib.types.package else lib.types.package;
      default = if default == null then null else lib.getAttrFromPath path pkgs;
      defaultText = literalExpression "${pkgsText}.${lib.concatStringsSep "." (map toString path)}";
      description = "The ${lib.concatStringsSep " " (lib.toList name)} package to use. ${extraDescription}";
    };

  mkSinkUndeclaredOptions = attrs: mkOption ({
    internal = true; visible = false; default = false; description = "Accepts any definition and ignores it.";
    type = lib.mkOptionType { name = "sink"; check = _: true; merge = _: _: false; };
    apply = _: throw "this option only swallows definitions";
  } // attrs);

  literalExpression = text: { _type = "literalExpression"; inherit text; };
  literalExample = literalExpression;
  literalMD = text: { _type = "literalMD"; inherit text; };
  mdDoc = text: text;
  getValues = map (x: x.value);
  getFiles = map (x: x.file);

  # Merge functions: location -> definitions -> value.
  mergeOneOption = mergeUniqueOption { };
  mergeUniqueOption = { message ? "", merge ? loc: defs: (lib.head defs).value }: loc: defs:
    if lib.length defs == 1 then merge loc defs
    else throw "The option `${showOption loc}' is defined multiple times while it's expected to be unique.\n${message}Definition values:${showDefs defs}\nUse `lib.mkForce value` or `lib.mkDefault value` to change the priority on any of these definitions.";
  mergeEqualOption = loc: defs:
    let first = lib.head defs; in
    if lib.all (d: d.value == first.value) defs then first.value
    else throw "The option `${showOption loc}' has conflicting definition values:${showDefs defs}\nUse `lib.mkForce value` or `lib.mkDefault value` to change the priority on any of these definitions.";
  mergeDefaultOption = loc: defs:
    let list = getValues defs; first = lib.head list; in
    if lib.length list == 1 then first
    else if lib.all builtins.isList list then lib.concatLists list
    else if lib.all builtins.isAttrs list then lib.foldl' lib.mergeAttrs { } list
    else if lib.all builtins.isBool list then lib.any (x: x) list
    else if lib.all builtins.isString list then lib.concatStrings list
    else mergeEqualOption loc defs;

  showOption = parts:
    lib.concatStringsSep "." (map (p: if lib.elem p [ "*" "<name>" "<function body>" ] then p else lib.strings.escapeNixIdentifier p) parts);
  showFiles = files: lib.concatStringsSep " and " (map (f: "`${toString f}'") files);
  showDefs = defs: lib.concatMapStrings
    (def:
      let
        shown = builtins.tryEval (lib.generators.toPretty { multiline = false; } def.value);
        text = if builtins.isAttrs def.value || builtins.isList def.value then "<${builtins.typeOf def.value}>" else if shown.success then shown.value else "<error>";
      in
      "\n- In `${toString def.file}': ${text}")
    defs;

  unknownModule = "<unknown-file>";

  # Every option below a tree of them, as plain data for documentation.
  optionAttrSetToDocList = optionAttrSetToDocList' [ ];
  optionAttrSetToDocList' = prefix: options:
    lib.concatMap
      (opt:
        let name = showOption opt.loc; in
        [{
          inherit name;
          loc = opt.loc;
          description = opt.description or null;
          declarations = map toString opt.declarations;
          internal = opt.internal or false;
          visible = opt.visible or true;
          readOnly = opt.readOnly or false;
          type = opt.type.description or "unspecified";
          default = opt.defaultText or (if opt ? default then renderOptionValue opt.default else null);
          example = if opt ? example then renderOptionValue opt.example else null;
        }]
        ++ (let sub = opt.type.getSubOptions opt.loc; in if sub == { } then [ ] else optionAttrSetToDocList' opt.loc (builtins.removeAttrs sub [ "_module" ])))
      (lib.collect isOption options);
  renderOptionValue = v:
    if v ? _type && v ? text then v
    else literalExpression (let r = builtins.tryEval (lib.generators.toPretty { } v); in if r.success then r.value else "<error>");
}
