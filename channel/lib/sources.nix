# Parts of a directory as build inputs.
{ lib }:
rec {
  cleanSourceFilter = name: type:
    let base = baseNameOf (toString name); in
    !(base == ".git" && type == "directory" || base == ".svn" || base == "CVS" || base == ".hg" || base == ".jj"
      || lib.hasSuffix "~" base || builtins.match "\\.sw[a-z]" base != null || builtins.match "\\..*\\.sw[a-z]" base != null
      || lib.hasSuffix ".o" base || lib.hasSuffix ".so" base || (type == "symlink" && lib.hasPrefix "result" base) || type == "unknown");
  cleanSource = src: cleanSourceWith { filter = cleanSourceFilter; inherit src; };
  cleanSourceWith = { filter ? _: _: true, src, name ? null }:
    let
      orig = if src ? _isLibCleanSourceWith then src else { origSrc = src; filter = _: _: true; name = if name != null then name else "source"; };
      filter' = path: type: filter path type && orig.filter path type;
      name' = if name != null then name else orig.name;
    in {
      origSrc = orig.origSrc; filter = filter'; name = name'; _isLibCleanSourceWith = true;
      outPath = builtins.path { path = orig.origSrc; name = name'; filter = filter'; recursive = true; };
    };
  sourceByRegex = src: regexes:
    let origSrc = toString (src.origSrc or src); in
    cleanSourceWith {
      inherit src;
      filter = path: _: let rel = lib.removePrefix (origSrc + "/") (toString path); in lib.any (re: builtins.match re rel != null) regexes;
    };
  sourceFilesBySuffices = src: exts:
    cleanSourceWith { inherit src; filter = name: type: type == "directory" || lib.any (ext: lib.hasSuffix ext (baseNameOf name)) exts; };
  commitIdFromGitRepo = path: lib.removeSuffix "\n" (builtins.readFile (path + "/HEAD"));
  pathIsGitRepo = path: builtins.pathExists (path + "/HEAD");
  canCleanSource = src: src ? _isLibCleanSourceWith || !(builtins.hasContext (toString src));
}
