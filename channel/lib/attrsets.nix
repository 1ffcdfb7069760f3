# Attribute sets.
{ lib }:
let inherit (builtins) attrNames foldl' head tail length isAttrs listToAttrs hasAttr; in
rec {
  inherit (builtins) attrNames listToAttrs hasAttr isAttrs getAttr removeAttrs intersectAttrs catAttrs mapAttrs attrValues zipAttrsWith groupBy;

  attrByPath = path: default: set:
    if path == [ ] then set
    else if isAttrs set && set ? ${head path} then attrByPath (tail path) default set.${head path}
    else default;
  hasAttrByPath = path: set:
    path == [ ] || (isAttrs set && set ? ${head path} && hasAttrByPath (tail path) set.${head path});
  longestValidPathPrefix = path: set:
    if path == [ ] || !(isAttrs set && set ? ${head path}) then [ ]
    else [ (head path) ] ++ longestValidPathPrefix (tail path) set.${head path};
  setAttrByPath = path: value: if path == [ ] then value else { ${head path} = setAttrByPath (tail path) value; };
  getAttrFromPath = path: set:
    attrByPath path (throw "cannot find attribute '${lib.concatStringsSep "." path}'") set;
  attrVals = names: set: map (n: set.${n}) names;
  attrsToList = lib.mapAttrsToList nameValuePair;
  getAttrs = names: set: lib.genAttrs names (n: set.${n});

  filterAttrs = pred: set: builtins.removeAttrs set (builtins.filter (n: !pred n set.${n}) (attrNames set));
  filterAttrsRecursive = pred: set:
    listToAttrs (lib.concatMap
      (name: let v = set.${name}; in
        if pred name v then [ (nameValuePair name (if isAttrs v then filterAttrsRecursive pred v else v)) ] else [ ])
      (attrNames set));
  foldlAttrs = f: init: set: foldl' (acc: name: f acc name set.${name}) init (attrNames set);
  foldAttrs = op: nul: listOfSets:
    lib.foldr (n: a: foldl' (o: name: o // { ${name} = op n.${name} (a.${name} or nul); }) a (attrNames n)) { } listOfSets;
  collect = pred: attrs:
    if pred attrs then [ attrs ] else if isAttrs attrs then lib.concatMap (collect pred) (lib.attrValues attrs) else [ ];
  cartesianProduct = sets:
    foldl' (lists: name: lib.concatMap (attrs: map (v: attrs // { ${name} = v; }) sets.${name}) lists) [ { } ] (attrNames sets);
  cartesianProductOfSets = cartesianProduct;
  mapCartesianProduct = f: sets: map f (cartesianProduct sets);

  nameValuePair = name: value: { inherit name value; };
  mapAttrs' = f: set: listToAttrs (map (n: f n set.${n}) (attrNames set));
  mapAttrsToList = f: set: map (n: f n set.${n}) (attrNames set);
  concatMapAttrs = f: set: foldl' (a: b: a // b) { } (lib.attrValues (lib.mapAttrs f set));
  mapAttrsRecursive = mapAttrsRecursiveCond (_: true);
  mapAttrsRecursiveCond = cond: f: set:
    let recurse = path: lib.mapAttrs (name: v: if isAttrs v && cond v then recurse (path ++ [ name ]) v else f (path ++ [ name ]) v);
    in recurse [ ] set;
  mapAttrsToListRecursive = mapAttrsToListRecursiveCond (_: _: true);
  mapAttrsToListRecursiveCond = pred: f: set:
    let go = path: v: if isAttrs v && (path == [ ] || pred path v) then lib.concatMap (n: go (path ++ [ n ]) v.${n}) (attrNames v) else [ (f path v) ];
    in go [ ] set;
  genAttrs = names: f: listToAttrs (map (n: nameValuePair n (f n)) names);
  genAttrs' = xs: f: listToAttrs (map f xs);
  optionalAttrs = cond: as: if cond then as else { };
  mergeAttrsList = foldl' (a: b: a // b) { };
  unionOfDisjoint = x: y:
    let both = attrNames (builtins.intersectAttrs x y); in
    if both == [ ] then x // y else throw "unionOfDisjoint: both sets have ${lib.concatStringsSep ", " both}";

  isDerivation = value: value.type or null == "derivation";
  toDerivation = path:
    let path' = builtins.storePath path; in
    { type = "derivation"; name = lib.sanitizeDerivationName (builtins.substring 33 (-1) (baseNameOf path')); outPath = path'; outputs = [ "out" ]; out = toDerivation path; outputName = "out"; };

  zipAttrsWithNames = names: f: sets: listToAttrs (map (name: { inherit name; value = f name (builtins.catAttrs name sets); }) names);
  zipAttrs = builtins.zipAttrsWith (_: values: values);

  recursiveUpdateUntil = pred: lhs: rhs:
    let f = path: builtins.zipAttrsWith (n: values:
          let here = path ++ [ n ]; in
          if length values == 1 || pred here (lib.elemAt values 1) (head values) then head values else f here values);
    in f [ ] [ rhs lhs ];
  recursiveUpdate = recursiveUpdateUntil (path: lhs: rhs: !(isAttrs lhs && isAttrs rhs));
  updateManyAttrsByPath = updates: set:
    foldl' (acc: u: recursiveUpdateUntil (path: _: _: path == u.path) acc (setAttrByPath u.path (u.update (attrByPath u.path null acc)))) set updates;
  matchAttrs = pattern: attrs:
    isAttrs attrs && lib.all (n: attrs ? ${n} && (if isAttrs pattern.${n} then matchAttrs pattern.${n} attrs.${n} else attrs.${n} == pattern.${n})) (attrNames pattern);
  overrideExisting = old: new: lib.mapAttrs (name: value: new.${name} or value) old;

  # Which outputs of a package: `getDev p` is its dev output if it has one.
  getOutput = output: pkg: if !(pkg ? outputSpecified) || !pkg.outputSpecified then pkg.${output} or pkg.out or pkg else pkg;
  getFirstOutput = candidates: pkg:
    let found = lib.findFirst (o: pkg ? ${o}) null candidates; in
    if pkg.outputSpecified or false then pkg else if found == null then pkg else pkg.${found};
  getBin = getOutput "bin";
  getLib = getOutput "lib";
  getStatic = getOutput "static";
  getDev = getOutput "dev";
  getInclude = getFirstOutput [ "include" "dev" "out" ];
  getMan = getOutput "man";
  chooseDevOutputs = map getDev;

  recurseIntoAttrs = attrs: attrs // { recurseForDerivations = true; };
  dontRecurseIntoAttrs = attrs: attrs // { recurseForDerivations = false; };
  showAttrPath = path: if path == [ ] then "<root attribute path>" else lib.concatMapStringsSep "." lib.strings.escapeNixIdentifier path;
}
