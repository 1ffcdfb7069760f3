# Values written in other programs' formats.
{ lib }:
rec {
  mkValueStringDefault = _: v:
    if builtins.isInt v || builtins.isFloat v then toString v
    else if lib.isDerivation v || builtins.isPath v then toString v
    else if builtins.isString v then v
    else if v == true then "true" else if v == false then "false" else if v == null then "null"
    else throw "generators.mkValueStringDefault: a ${builtins.typeOf v} has no such form: ${toPretty { } v}";
  mkKeyValueDefault = { mkValueString ? mkValueStringDefault { } }: sep: k: v: "${lib.escape [ sep ] k}${sep}${mkValueString v}";
  toKeyValue = { mkKeyValue ? mkKeyValueDefault { } "=", listsAsDuplicateKeys ? false, indent ? "" }: attrs:
    let line = k: v: indent + mkKeyValue k v + "\n"; in
    lib.concatStrings (lib.concatLists (lib.mapAttrsToList (k: v: if listsAsDuplicateKeys && builtins.isList v then map (line k) v else [ (line k v) ]) attrs));
  toINI = { mkSectionName ? (name: lib.escape [ "[" "]" ] name), mkKeyValue ? mkKeyValueDefault { } "=", listsAsDuplicateKeys ? false }: sections:
    lib.concatStringsSep "\n" (lib.mapAttrsToList (name: v: "[${mkSectionName name}]\n" + toKeyValue { inherit mkKeyValue listsAsDuplicateKeys; } v) sections);
  toINIWithGlobalSection = args: { globalSection, sections ? { } }:
    (if globalSection == { } then "" else toKeyValue (builtins.removeAttrs args [ "mkSectionName" ]) globalSection + "\n") + toINI args sections;
  toGitINI = attrs:
    let
      section = path: lib.concatStringsSep " " ([ (lib.head path) ] ++ map (p: "\"${p}\"") (lib.tail path));
      go = path: v:
        let plain = lib.filterAttrs (_: x: !builtins.isAttrs x) v; sub = lib.filterAttrs (_: x: builtins.isAttrs x) v; in
        lib.optionalString (plain != { } && path != [ ]) ("[${section path}]\n" + toKeyValue { mkKeyValue = k: x: "\t" + mkKeyValueDefault { } " = " k x; listsAsDuplicateKeys = true; } plain)
        + lib.concatStrings (lib.mapAttrsToList (k: go (path ++ [ k ])) sub);
    in go [ ] attrs;
  toJSON = _: builtins.toJSON;
  toYAML = toJSON;
  toLua = _: v:
    if v == null then "nil" else if builtins.isList v then "{ ${lib.concatMapStringsSep ", " (toLua { }) v} }"
    else if builtins.isAttrs v && !lib.isDerivation v then "{ ${lib.concatStringsSep ", " (lib.mapAttrsToList (k: x: "[${builtins.toJSON k}] = ${toLua { } x}") v)} }"
    else builtins.toJSON v;
  withRecursion = { depthLimit, throwOnDepthLimit ? true }:
    let
      go = depth: v:
        if depth > depthLimit then (if throwOnDepthLimit then throw "withRecursion: more than ${toString depthLimit} levels deep" else "<unevaluated>")
        else if builtins.isAttrs v && !lib.isDerivation v then lib.mapAttrs (_: go (depth + 1)) v
        else if builtins.isList v then map (go (depth + 1)) v else v;
    in go 0;
  toPretty = { allowPrettyValues ? false, multiline ? true, indent ? "" }:
    let
      go = ind: v:
        let
          next = ind + "  ";
          open = if multiline then "\n${next}" else " ";
          close = if multiline then "\n${ind}" else " ";
        in
        if builtins.isInt v || builtins.isFloat v then toString v
        else if builtins.isString v then builtins.toJSON v
        else if v == true then "true" else if v == false then "false" else if v == null then "null"
        else if builtins.isPath v then toString v
        else if builtins.isList v then (if v == [ ] then "[ ]" else "[${open}${lib.concatMapStringsSep open (go next) v}${close}]")
        else if lib.isFunction v then "<function>"
        else if builtins.isAttrs v then
          if allowPrettyValues && v ? __pretty && v ? val then v.__pretty v.val
          else if v == { } then "{ }"
          else if lib.isDerivation v then "<derivation ${v.name or "???"}>"
          else "{${open}${lib.concatStringsSep open (lib.mapAttrsToList (n: x: "${lib.escapeNixIdentifier n} = ${go next x};") v)}${close}}"
        else "<${builtins.typeOf v}>";
    in go indent;
}
