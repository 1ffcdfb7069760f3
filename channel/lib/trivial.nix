# Functions too small for a subject of their own.
{ lib }:
{
  id = x: x;
  const = x: _: x;
  pipe = builtins.foldl' (x: f: f x);
  concat = x: y: x ++ y;
  flip = f: a: b: f b a;
  mapNullable = f: a: if a == null then null else f a;
  defaultTo = default: x: if x == null then default else x;
  mergeAttrs = x: y: x // y;
  or = x: y: x || y;
  and = x: y: x && y;
  xor = x: y: (x || y) && !(x && y);
  bitAnd = builtins.bitAnd;
  bitOr = builtins.bitOr;
  bitXor = builtins.bitXor;
  bitNot = builtins.sub (-1);
  boolToString = b: if b then "true" else "false";
  boolToYesNo = b: if b then "yes" else "no";

  inherit (builtins) add addErrorContext attrNames concatLists deepSeq elem elemAt filter foldl' genericClosure genList getAttr hasAttr head isAttrs
    isBool isFloat isInt isList isPath isString isNull length lessThan listToAttrs pathExists readFile readDir replaceStrings seq stringLength sub substring
    tail trace fromJSON toJSON unsafeDiscardStringContext mul div typeOf currentSystem;

  min = x: y: if x < y then x else y;
  max = x: y: if x > y then x else y;
  mod = base: int: base - (int * (builtins.div base int));
  compare = a: b: if a < b then -1 else if a > b then 1 else 0;
  splitByAndCompare = p: yes: no: a: b: if p a then (if p b then yes a b else -1) else if p b then 1 else no a b;

  importJSON = path: builtins.fromJSON (builtins.readFile path);
  importTOML = path: builtins.fromTOML (builtins.readFile path);

  warn = msg: builtins.trace "warning: ${msg}";
  warnIf = cond: msg: if cond then lib.warn msg else x: x;
  warnIfNot = cond: msg: if cond then x: x else lib.warn msg;
  info = msg: builtins.trace "INFO: ${msg}";
  showWarnings = warnings: res: lib.foldr (w: x: lib.warn w x) res warnings;
  throwIf = cond: msg: if cond then throw msg else x: x;
  throwIfNot = cond: msg: if cond then x: x else throw msg;
  checkListOfEnum = msg: valid: given:
    let unexpected = lib.subtractLists valid given; in
    lib.throwIfNot (unexpected == [ ]) "${msg}: ${lib.concatStringsSep ", " (map toString unexpected)} unexpected; valid ones: ${lib.concatStringsSep ", " (map toString valid)}";

  # A function with `functionArgs` that can be set; callPackage looks at them.
  setFunctionArgs = f: args: { __functor = self: f; __functionArgs = args; };
  functionArgs = f: if f ? __functor then f.__functionArgs or (lib.functionArgs (f.__functor f)) else builtins.functionArgs f;
  isFunction = f: builtins.isFunction f || (f ? __functor && lib.isFunction (f.__functor f));
  mirrorFunctionArgs = f: let args = lib.functionArgs f; in g: if args == { } then g else lib.setFunctionArgs g args;
  toFunction = v: if lib.isFunction v then v else _: v;

  # The channel's release, and what it is honest to say it is made from.
  release = "12.15";
  version = "12.15-isomorph";
  versionSuffix = "-isomorph";
  codeName = "bookworm";
  inNixShell = builtins.getEnv "IN_NIX_SHELL" != "";
  isInOldestRelease = _: false;
  oldestSupportedReleaseIsAtLeast = _: true;

  # Hashes that are never right: the build prints the right one.
  fakeHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  fakeSha256 = "0000000000000000000000000000000000000000000000000000000000000000";
  fakeSha512 = lib.concatStrings (lib.replicate 128 "0");

  fromHexString = s: (builtins.fromTOML "v = 0x${lib.removePrefix "0x" s}").v;
  toHexString = i: lib.concatMapStrings (d: builtins.substring d 1 "0123456789ABCDEF") (lib.toBaseDigits 16 i);
  toBaseDigits = base: i:
    let go = n: if n < base then [ n ] else go (n / base) ++ [ (lib.mod n base) ]; in
    assert builtins.isInt base && builtins.isInt i && base >= 2 && i >= 0; go i;
}
