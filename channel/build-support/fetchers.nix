# Fixed-output derivations: the hash decides, not the place.
{ lib, bootstrap, pkgs }:
let
  # From the ways of giving a hash to the derivation's attributes.
  hashAttrs = { hash ? "", sha256 ? "", sha512 ? "", sha1 ? "", md5 ? "", outputHash ? "", outputHashAlgo ? null, name ? "", ... }:
    if md5 != "" then throw "fetchers: ${name}: md5 is broken as a hash; give sha256 or hash"
    else if hash != "" then { outputHashAlgo = null; outputHash = hash; }
    else if outputHash != "" then { inherit outputHashAlgo outputHash; }
    else if sha512 != "" then { outputHashAlgo = "sha512"; outputHash = sha512; }
    else if sha256 != "" then { outputHashAlgo = "sha256"; outputHash = sha256; }
    else if sha1 != "" then { outputHashAlgo = "sha1"; outputHash = sha1; }
    else throw "fetchers: ${name} has no hash; a fetch needs one (hash = lib.fakeHash makes the build print the right one)";
  # An SRI hash needs no algorithm; derivations take an empty one then.
  finishHash = h: if h.outputHashAlgo == null then { inherit (h) outputHash; outputHashAlgo = lib.head (lib.splitString "-" h.outputHash); } else h;
  cleanName = url: lib.strings.sanitizeDerivationName (baseNameOf (toString url));
  gnu = "https://ftpmirror.gnu.org/";
  expand = url:
    let m = builtins.match "mirror://([a-z]+)/(.*)" url; in
    if m == null then url
    else {
      gnu = gnu; gnome = "https://download.gnome.org/"; sourceforge = "https://downloads.sourceforge.net/"; kernel = "https://cdn.kernel.org/pub/";
      debian = "https://snapshot.debian.org/archive/debian/${bootstrap.pins.lock.repositories.debian.snapshot}/"; savannah = "https://download.savannah.gnu.org/releases/";
      pypi = "https://files.pythonhosted.org/packages/source/"; cpan = "https://cpan.metacpan.org/"; apache = "https://archive.apache.org/dist/";
    }.${lib.head m} or (throw "fetchurl: the channel does not know mirror://${lib.head m}; write the URL out") + lib.elemAt m 1;
in
rec {
  # One file. Done by the builder itself (builtin:fetchurl): no curl needed.
  fetchurl = lib.makeOverridable (args@{ url ? lib.head urls, urls ? [ url ], name ? cleanName (lib.head urls), executable ? false, recursiveHash ? false, downloadToTemp ? false, postFetch ? "", curlOpts ? "", meta ? { }, passthru ? { }, ... }:
    let
      fixed = finishHash (hashAttrs (args // { inherit name; }));
      all = map expand urls;
    in
    if postFetch != "" then throw "fetchurl: ${name}: postFetch is not supported by the channel; process the file in a package"
    else lib.extendDerivation true { inherit meta; url = lib.head all; inherit urls; } (derivation ({
      inherit name;
      builder = "builtin:fetchurl";
      system = "builtin";
      outputHashMode = if recursiveHash || executable then "recursive" else "flat";
      url = lib.head all;
      urls = all;
      inherit executable;
      unpack = false;
      preferLocalBuild = true;
      impureEnvVars = [ "http_proxy" "https_proxy" "ftp_proxy" "all_proxy" "no_proxy" ];
    } // fixed)));
  fetchurlBoot = fetchurl;

  # An archive, unpacked, its single top directory stripped; the hash is that
  # of the tree. Unpacking happens in the evaluator's fetcher, like
  # builtins.fetchTarball, so that no download tool is needed in the sandbox.
  fetchzip = { url ? lib.head urls, urls ? [ url ], name ? "source", stripRoot ? true, hash ? "", sha256 ? "", ... }@args:
    if !stripRoot then throw "fetchzip: ${url}: stripRoot = false is not supported by the channel; fetchurl it and unpack in a package"
    else builtins.fetchTarball { url = expand url; inherit name; sha256 = if hash != "" then hash else sha256; };
  fetchTarball = builtins.fetchTarball;
  fetchFromGitHub = lib.makeOverridable ({ owner, repo, rev ? null, tag ? null, name ? "source", hash ? "", sha256 ? "", githubBase ? "github.com", fetchSubmodules ? false, leaveDotGit ? false, ... }:
    let ref = if tag != null then "refs/tags/${tag}" else if rev != null then rev else throw "fetchFromGitHub: ${owner}/${repo} needs rev or tag"; in
    if fetchSubmodules || leaveDotGit then throw "fetchFromGitHub: ${owner}/${repo}: submodules and .git are not supported by the channel"
    else {
      outPath = fetchzip { url = "https://${githubBase}/${owner}/${repo}/archive/${ref}.tar.gz"; inherit name hash sha256; };
      inherit owner repo rev tag name;
    });
  fetchFromGitLab = { owner, repo, rev, name ? "source", hash ? "", sha256 ? "", domain ? "gitlab.com", ... }:
    fetchzip { url = "https://${domain}/${owner}/${repo}/-/archive/${rev}/${repo}-${rev}.tar.gz"; inherit name hash sha256; };
  fetchpatch = args: fetchurl (builtins.removeAttrs args [ "stripLen" "extraPrefix" "excludes" "includes" "revert" ]);
  fetchpatch2 = fetchpatch;
  fetchgit = { url, ... }: throw "fetchgit: ${url}: the channel has no git fetcher in builds; use builtins.fetchGit";
  requireFile = { name, url ? null, message ? "get it from ${toString url} and add it with `isomorph store add`", ... }@args:
    derivation ({ inherit name; system = "builtin"; builder = "builtin:fetchurl"; url = "file:///nonexistent/${name}"; urls = [ ]; outputHashMode = "flat"; } // finishHash (hashAttrs args));
}
