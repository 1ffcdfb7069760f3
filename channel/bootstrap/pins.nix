# The lock file as functions.
#
# Every byte that enters a build from outside is named in ../lock.json, which
# `isomorph lock` generates from Debian's signed index. A pin is a path below
# an archive's root and a SHA-256; which server it comes from is not part of
# it. The URL written into the derivation is that of snapshot.debian.org, the
# one place that keeps every version; fetchers may try nearer mirrors first,
# because the hash decides what is accepted.
let
  lock = builtins.fromJSON (builtins.readFile ../lock.json);

  # Store names may not hold `~` or `%`; Debian's file names do.
  storeName = path: builtins.replaceStrings [ "~" "%3a" "%" ] [ "-" "-" "-" ] (baseNameOf path);

  fetch = pin:
    let url = "https://snapshot.debian.org/archive/${pin.repository}/${lock.repositories.${pin.repository}.snapshot}/${pin.path}";
    in derivation {
      name = storeName pin.path;
      system = "builtin";
      builder = "builtin:fetchurl";
      inherit url;
      urls = [ url ];
      outputHashMode = "flat";
      outputHashAlgo = "sha256";
      outputHash = pin.sha256;
      executable = false;
      unpack = false;
      preferLocalBuild = true;
    };

  debs = builtins.mapAttrs (_: fetch) lock.packages;

  missing = kind: name:
    throw "channel: the ${kind} '${name}' is not in lock.json; `isomorph lock add ${name}` pins it and what it depends on";
in
rec {
  inherit lock;

  # deb "bash" -> the derivation that fetches that package's .deb
  deb = name: debs.${name} or (missing "Debian package" name);

  # source "hello" -> the upstream tarball Debian keeps for it
  source = name: fetch (lock.sources.${name} or (missing "source" name));

  # What the lock says about a package: version, depends, path, size.
  info = name: lock.packages.${name} or (missing "Debian package" name);

  # The upstream part of a Debian version: no epoch, no revision, no
  # "+dfsg"-like tail that Debian adds for a repacked source. `~` (not allowed
  # in store names) becomes `-`.
  upstreamVersion = name:
    let
      full = (info name).version;
      noEpoch = let m = builtins.match "[0-9]+:(.*)" full; in if m == null then full else builtins.head m;
      noRevision = let m = builtins.match "(.*)-[^-]*" noEpoch; in if m == null then noEpoch else builtins.head m;
      noTail = let m = builtins.match "(.*[0-9])[+~.]*(dfsg|ds|really|deb|git).*" noRevision; in if m == null then noRevision else builtins.head m;
    in
    builtins.replaceStrings [ "~" ] [ "-" ] noTail;

  # closure roots excluded -> the packages that `roots` need, without those
  # in `excluded` (and what only they need), in sorted order
  closure = roots: excluded:
    let
      drop = builtins.listToAttrs (map (name: { inherit name; value = null; }) excluded);
      keep = builtins.filter (name: !(drop ? ${name}));
      nodes = builtins.genericClosure {
        startSet = map (key: { inherit key; }) (keep roots);
        operator = node: map (key: { inherit key; }) (keep (info node.key).depends);
      };
    in
    builtins.sort builtins.lessThan (map (node: node.key) nodes);
}
