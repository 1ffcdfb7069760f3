# The channel's library: own code answering to the documented part of nixpkgs'
# `lib` that recipes, package expressions and the modules under ../nixos use.
#
# Each file is one subject and gets the whole library as an argument; `lib`
# holds every subject under its name and the usual names again at the top.
let
  makeExtensible = rattrs:
    let self = rattrs self // { extend = f: makeExtensible (final: let prev = rattrs final; in prev // f final prev); };
    in self;
in
makeExtensible (lib:
let
  call = file: import file { inherit lib; };
  subjects = {
    trivial = call ./trivial.nix;
    fixedPoints = call ./fixed-points.nix;
    attrsets = call ./attrsets.nix;
    lists = call ./lists.nix;
    strings = call ./strings.nix;
    versions = call ./versions.nix;
    asserts = call ./asserts.nix;
    debug = call ./debug.nix;
    customisation = call ./customisation.nix;
    derivations = call ./derivations.nix;
    meta = call ./meta.nix;
    options = call ./options.nix;
    types = call ./types.nix;
    modules = call ./modules.nix;
    generators = call ./generators.nix;
    cli = call ./cli.nix;
    sources = call ./sources.nix;
    fileset = call ./fileset.nix;
    filesystem = call ./filesystem.nix;
    licenses = call ./licenses.nix;
    platforms = call ./platforms.nix;
    maintainers = call ./maintainers.nix;
    teams = { };
    systems = call ./systems.nix;
    sourceTypes = call ./source-types.nix;
  };
in
subjects
  // subjects.trivial // subjects.fixedPoints // subjects.attrsets // subjects.lists // subjects.strings
  // subjects.asserts // subjects.debug // subjects.customisation // subjects.derivations // subjects.meta
  // subjects.sources
  // {
  inherit (subjects.options) isOption mkEnableOption mkSinkUndeclaredOptions mergeDefaultOption mergeOneOption mergeEqualOption mkOption mkPackageOption getValues getFiles
    literalExpression literalMD literalExample mdDoc showOption showFiles optionAttrSetToDocList unknownModule;
  inherit (subjects.types) isType setType defaultTypeMerge mkOptionType isOptionType;
  inherit (subjects.modules) evalModules mkIf mkAssert mkMerge mkOverride mkOptionDefault mkDefault mkImageMediaOverride mkForce mkVMOverride mkForceOverride
    mkOrder mkBefore mkAfter mkAliasDefinitions mkAliasOptionModule mkRemovedOptionModule mkRenamedOptionModule mkFixStrictness setDefaultModuleLocation
    importJSON importTOML;
  inherit (subjects.versions) majorMinor;
  inherit (subjects.filesystem) pathIsDirectory pathIsRegularFile pathType;
})
