# Sets of files: union, intersection, difference, turned into a source.
#
# A file set is { _type, root?, has }, where `has path type` says whether a
# path (a string) belongs to it or leads to something that does.
{ lib }:
let
  under = dir: p: p == dir || lib.hasPrefix (dir + "/") p;
  coerce = x:
    if x._type or null == "fileset" then x
    else if builtins.isPath x then let s = toString x; in { _type = "fileset"; has = p: type: under s p || (type == "directory" && under p s); inside = p: under s p; }
    else throw "lib.fileset: expected a path or a file set, got a ${builtins.typeOf x}";
  dirOr = f: { _type = "fileset"; has = p: type: type == "directory" || f p; inside = f; };
in
rec {
  maybeMissing = path: if builtins.pathExists path then coerce path else dirOr (_: false);
  union = a: b: let a' = coerce a; b' = coerce b; in { _type = "fileset"; has = p: t: a'.has p t || b'.has p t; inside = p: a'.inside p || b'.inside p; };
  unions = sets: lib.foldl' union (dirOr (_: false)) sets;
  intersection = a: b: let a' = coerce a; b' = coerce b; in { _type = "fileset"; has = p: t: a'.has p t && b'.has p t; inside = p: a'.inside p && b'.inside p; };
  difference = a: b: let a' = coerce a; b' = coerce b; in { _type = "fileset"; has = p: t: a'.has p t && !(t != "directory" && b'.inside p); inside = p: a'.inside p && !b'.inside p; };
  fileFilter = pred: path:
    let root = toString path; in
    dirOr (p: under root p && pred { name = baseNameOf p; type = "regular"; hasExt = ext: lib.hasSuffix ".${ext}" (baseNameOf p); });
  gitTracked = path: dirOr (p: under (toString path) p && !(lib.hasInfix "/.git/" p));
  toSource = { root, fileset }:
    let fs = coerce fileset; in
    lib.sources.cleanSourceWith {
      src = root; name = "source";
      filter = path: type: let p = toString path; in fs.has p type && (type != "directory" || reaches fs path);
    };
  # A directory is kept only when something below it is.
  reaches = fs: dir:
    lib.any (name: let type = (builtins.readDir dir).${name}; p = "${toString dir}/${name}"; in
      if type == "directory" then reaches fs (/. + p) else fs.has p type) (builtins.attrNames (builtins.readDir dir));
}
