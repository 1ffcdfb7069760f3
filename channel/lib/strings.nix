# Strings.
{ lib }:
let inherit (builtins) stringLength substring replaceStrings elemAt; in
rec {
  inherit (builtins) compareVersions elem elemAt filter fromJSON genList head isInt isList isAttrs isPath isString match parseDrvName readFile replaceStrings
    split storeDir stringLength substring tail toJSON typeOf unsafeDiscardStringContext concatStringsSep hashString fromTOML;

  concatStrings = builtins.concatStringsSep "";
  concatMapStrings = f: list: concatStrings (map f list);
  concatImapStrings = f: list: concatStrings (lib.imap1 f list);
  concatMapStringsSep = sep: f: list: builtins.concatStringsSep sep (map f list);
  concatImapStringsSep = sep: f: list: builtins.concatStringsSep sep (lib.imap1 f list);
  concatMapAttrsStringSep = sep: f: attrs: builtins.concatStringsSep sep (lib.mapAttrsToList f attrs);
  concatLines = concatMapStrings (s: s + "\n");
  intersperse = sep: list: if list == [ ] || lib.length list == 1 then list
    else lib.tail (lib.concatMap (x: [ sep x ]) list);
  replicate = n: s: concatStrings (lib.replicate n s);
  join = builtins.concatStringsSep;

  trim = trimWith { start = true; end = true; };
  trimWith = { start ? false, end ? false }: s:
    let
      chars = " \t\r\n";
      regex = if start && end then "[${chars}]*(.*[^${chars}])[${chars}]*" else if start then "[${chars}]*(.*)" else "(.*[^${chars}])[${chars}]*";
      res = builtins.match regex s;
    in if res == null then lib.optionalString (!start && !end) s else builtins.head res;

  makeSearchPath = subDir: paths: builtins.concatStringsSep ":" (map (p: p + "/" + subDir) (lib.filter (x: x != null) paths));
  makeSearchPathOutput = output: subDir: pkgs: makeSearchPath subDir (map (lib.getOutput output) pkgs);
  makeLibraryPath = makeSearchPathOutput "lib" "lib";
  makeIncludePath = makeSearchPathOutput "dev" "include";
  makeBinPath = makeSearchPathOutput "bin" "bin";
  normalizePath = s: builtins.foldl' (x: y: if y == "/" && hasSuffix "/" x then x else x + y) "" (stringToCharacters s);

  optionalString = cond: string: if cond then string else "";
  hasPrefix = pref: str: substring 0 (stringLength pref) str == pref;
  hasSuffix = suffix: content:
    let n = stringLength content; m = stringLength suffix; in n >= m && substring (n - m) n content == suffix;
  hasInfix = infix: content: builtins.match ".*${lib.escapeRegex infix}.*" "${content}" != null;
  removePrefix = prefix: str: if hasPrefix prefix str then substring (stringLength prefix) (-1) str else str;
  removeSuffix = suffix: str: if hasSuffix suffix str then substring 0 (stringLength str - stringLength suffix) str else str;

  stringToCharacters = s: map (p: substring p 1 s) (lib.range 0 (stringLength s - 1));
  stringAsChars = f: s: concatStrings (map f (stringToCharacters s));
  escape = list: replaceStrings list (map (c: "\\${c}") list);
  escapeC = list: replaceStrings list (map (c: "\\x${lib.fixedWidthString 2 "0" (lib.toLower (lib.toHexString (charToInt c)))}") list);
  charToInt = c: (lib.listToAttrs (lib.imap0 (i: name: { inherit name; value = i + 32; }) (stringToCharacters asciiPrintable)) // { "\t" = 9; "\n" = 10; "\r" = 13; }).${c};
  asciiPrintable = " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";
  escapeURL = s: stringAsChars (c: if builtins.match "[A-Za-z0-9_.~-]" c != null then c else "%" + lib.toHexString (charToInt c)) s;
  escapeShellArg = arg:
    let string = toString arg; in
    if builtins.match "[[:alnum:],._+:@%/-]+" string == null then "'${replaceStrings [ "'" ] [ "'\\''" ] string}'" else string;
  escapeShellArgs = concatMapStringsSep " " escapeShellArg;
  isValidPosixName = name: builtins.match "[a-zA-Z_][a-zA-Z0-9_]*" name != null;
  toShellVar = name: value:
    if !isValidPosixName name then throw "toShellVar: ${name} is not a valid shell variable name"
    else if builtins.isAttrs value && !isStringLike value then
      "declare -A ${name}=(${concatStringsSep " " (lib.mapAttrsToList (n: v: "[${escapeShellArg n}]=${escapeShellArg v}") value)})"
    else if builtins.isList value then "declare -a ${name}=(${escapeShellArgs value})"
    else "${name}=${escapeShellArg value}";
  toShellVars = vars: concatStringsSep "\n" (lib.mapAttrsToList toShellVar vars);
  escapeNixString = s: escape [ "$" ] (builtins.toJSON s);
  escapeRegex = escape (stringToCharacters "\\[{()^$?*+|.");
  escapeNixIdentifier = s: if builtins.match "[a-zA-Z_][a-zA-Z0-9_'-]*" s != null then s else escapeNixString s;
  escapeXML = replaceStrings [ "\"" "'" "<" ">" "&" ] [ "&quot;" "&apos;" "&lt;" "&gt;" "&amp;" ];

  lowerChars = stringToCharacters "abcdefghijklmnopqrstuvwxyz";
  upperChars = stringToCharacters "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  toLower = replaceStrings upperChars lowerChars;
  toUpper = replaceStrings lowerChars upperChars;
  toSentenceCase = s: toUpper (substring 0 1 s) + toLower (substring 1 (-1) s);

  addContextFrom = src: target: substring 0 0 src + target;
  splitString = sep: s:
    map (addContextFrom s) (lib.filter builtins.isString (builtins.split (escapeRegex (toString sep)) (toString s)));
  cmakeOptionType = type: feature: value: "-D${feature}:${type}=${value}";
  cmakeBool = feature: flag: cmakeOptionType "BOOL" feature (lib.toUpper (lib.boolToString flag));
  cmakeFeature = cmakeOptionType "STRING";
  mesonOption = feature: value: "-D${feature}=${value}";
  mesonBool = feature: flag: mesonOption feature (lib.boolToString flag);
  mesonEnable = feature: flag: mesonOption feature (if flag then "enabled" else "disabled");
  enableFeature = flag: feature: "--${if flag then "enable" else "disable"}-${feature}";
  enableFeatureAs = flag: feature: value: enableFeature flag feature + optionalString flag "=${value}";
  withFeature = flag: feature: "--${if flag then "with" else "without"}-${feature}";
  withFeatureAs = flag: feature: value: withFeature flag feature + optionalString flag "=${value}";

  fixedWidthString = width: filler: str:
    let n = stringLength str; in
    if n > width then throw "fixedWidthString: '${str}' is longer than ${toString width}"
    else if n == width then str else filler + fixedWidthString (width - stringLength filler) filler str;
  fixedWidthNumber = width: n: fixedWidthString width "0" (toString n);
  floatToString = f: toString f;

  isStringLike = x: builtins.isString x || builtins.isPath x || x ? outPath || x ? __toString;
  isConvertibleWithToString = x: isStringLike x || builtins.elem (builtins.typeOf x) [ "null" "int" "float" "bool" ] || (builtins.isList x && lib.all isConvertibleWithToString x);
  isCoercibleToString = isConvertibleWithToString;
  isStorePath = x:
    isStringLike x && (let s = toString x; in substring 0 1 s == "/" && dirOf s == builtins.storeDir);
  toInt = str:
    let m = builtins.match "[ \t]*(-?[0-9]+)[ \t]*" str; in
    if m == null then throw "toInt: could not convert ${escapeNixString str} to int"
    else let s = builtins.head m; in
      if builtins.match "-?0[0-9]+" s != null then throw "toInt: ambiguity in interpretation of ${escapeNixString str} between octal and zero padded integer" else builtins.fromJSON s;
  toIntBase10 = str:
    let m = builtins.match "[ \t]*0*(-?[0-9]+)[ \t]*" str; in if m == null then throw "toIntBase10: could not convert ${escapeNixString str} to int" else builtins.fromJSON (builtins.head m);
  readPathsFromFile = rootPath: file: map (p: rootPath + "/${p}") (lib.filter (l: l != "" && !hasPrefix "#" l) (lib.splitString "\n" (builtins.readFile file)));
  fileContents = file: removeSuffix "\n" (builtins.readFile file);
  sanitizeDerivationName = string:
    let s = lib.concatStrings (map (p: if builtins.isList p then "-" else p) (builtins.split "[^[:alnum:]+._?=-]+" (removePrefix "." (unsafeDiscard string)))); in
    if s == "" then "unknown" else substring (lib.max (stringLength s - 207) 0) (-1) s;
  unsafeDiscard = s: builtins.unsafeDiscardStringContext (toString s);

  getName = x: let parse = drv: (builtins.parseDrvName drv).name; in if builtins.isString x then parse x else x.pname or (parse x.name);
  getVersion = x: let parse = drv: (builtins.parseDrvName drv).version; in if builtins.isString x then parse x else x.version or (parse x.name);
  nameFromURL = url: sep: builtins.head (splitString sep (lib.last (splitString "/" url)));
  versionOlder = v1: v2: builtins.compareVersions v2 v1 == 1;
  versionAtLeast = v1: v2: !versionOlder v1 v2;
  levenshtein = a: b:
    let
      n = stringLength a; m = stringLength b; ca = i: substring i 1 a; cb = j: substring j 1 b;
      row = prev: i: lib.foldl' (acc: j:
        let cost = if ca i == cb j then 0 else 1; in
        acc ++ [ (lib.min (lib.min (lib.last acc + 1) (elemAt prev (j + 1) + 1)) (elemAt prev j + cost)) ]) [ (i + 1) ] (lib.range 0 (m - 1));
    in lib.last (lib.foldl' row (lib.range 0 m) (lib.range 0 (n - 1)));
  commonPrefixLength = a: b:
    let m = lib.min (stringLength a) (stringLength b); go = i: if i >= m || substring i 1 a != substring i 1 b then i else go (i + 1); in go 0;
  levenshteinAtMost = k: a: b: levenshtein a b <= k;
}
