# The package set, as an expression: true, or an error that shows what differs.
# Every package must evaluate; nothing is built.
let
  pkgs = import ../. { };
  inherit (pkgs) lib;
  fails = v: !(builtins.tryEval (builtins.deepSeq v v)).success;
  drvs = lib.filterAttrs (_: v: let r = builtins.tryEval (lib.isDerivation v); in r.success && r.value) (builtins.removeAttrs pkgs [ "pkgs" ]);
  simple = { stdenv, zlib ? null }: stdenv.mkDerivation { name = "simple-1"; buildInputs = [ zlib ]; };

  failures = lib.runTests {
    testAllEvaluate = { expr = lib.filter (n: fails drvs.${n}.drvPath) (lib.attrNames drvs); expected = [ ]; };
    testLibrariesEvaluate = { expr = lib.filter (n: fails pkgs.debianLibraries.${n}.drvPath) [ "libgnutls30" "libcap-ng0" "libseccomp2" ]; expected = [ ]; };
    testCount = { expr = lib.length (lib.attrNames drvs) > 100; expected = true; };
    testEachDebHasOneOwner = {
      expr = let defs = import ../pkgs/debian/packages.nix { inherit lib; self = pkgs; inherit (pkgs.isomorph) bootstrap; };
                 all = lib.concatMap (d: d.debs ++ d.devDebs or [ ]) (lib.attrValues defs); in
        lib.subtractLists [ "debianutils" "netbase" "dash" "mawk" ] (lib.filter (d: lib.count (x: x == d) all > 1) all);
      expected = [ ];
    };
    testOverlay = { expr = (import ../. { overlays = [ (final: prev: { a = prev.bash.name; b = final.a; }) ]; }).b; expected = pkgs.bash.name; };
    testOverlayReachesDependents = {
      expr = let p = import ../. { overlays = [ (final: prev: { zlib = prev.zlib.override { pname = "my-zlib"; }; }) ]; }; in p.git.drvPath == pkgs.git.drvPath;
      expected = false;
    };
    testOverride = { expr = ((pkgs.callPackage simple { }).override { zlib = null; }).drvPath == (pkgs.callPackage simple { }).drvPath; expected = false; };
    testOverrideAttrs = { expr = ((pkgs.callPackage simple { }).overrideAttrs (old: { name = "${old.name}-x"; })).name; expected = "simple-1-x"; };
    testOverrideAttrsFinal = {
      expr = ((pkgs.stdenv.mkDerivation (final: { pname = "p"; version = "1"; passthru.v = final.version; })).overrideAttrs (final: prev: { version = "2"; })).v;
      expected = "2";
    };
    testFinalAttrs = { expr = (pkgs.stdenv.mkDerivation (final: { pname = "p"; version = "3"; tag = "v${final.version}"; })).drvAttrs.tag; expected = "v3"; };
    testOutputs = { expr = let d = pkgs.stdenv.mkDerivation { name = "x"; outputs = [ "out" "dev" ]; }; in [ d.dev.outputName ((lib.getDev d).outPath == d.dev.outPath) ]; expected = [ "dev" true ]; };
    testOtherSystemRefused = { expr = fails (import ../. { system = "aarch64-linux"; }).hello.drvPath; expected = true; };
    testBroken = { expr = fails (pkgs.stdenv.mkDerivation { name = "b"; meta.broken = true; }).drvPath; expected = true; };
    testBrokenAllowed = { expr = fails ((import ../. { config.allowBroken = true; }).stdenv.mkDerivation { name = "b"; meta.broken = true; }).drvPath; expected = false; };
    testMissingArgument = { expr = fails (pkgs.callPackage ({ zlibb }: zlibb) { }); expected = true; };
    testPython = { expr = (pkgs.python38.withPackages (p: [ p.protobuf ])).name; expected = "python3-${pkgs.python311.version}-env"; };
    testFetchurl = { expr = (pkgs.fetchurl { url = "https://example.org/a~b.tar.gz"; sha256 = lib.fakeSha256; }).name; expected = "a-b.tar.gz"; };
    testFetchurlNoHash = { expr = fails (pkgs.fetchurl { url = "https://example.org/a"; }).drvPath; expected = true; };
    testNoMirrorButSnapshot = { expr = lib.all (n: lib.hasPrefix "https://snapshot.debian.org/" (pkgs.isomorph.pins.deb n).url) [ "bash" "libc6" ]; expected = true; };
  };
in
if failures == [ ] then true else throw "packages: ${lib.generators.toPretty { } failures}"
