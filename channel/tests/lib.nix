# The library, as an expression: true when every case holds, else an error
# that shows what differs.
#
#   isomorph eval -f channel/tests/lib.nix
let
  lib = import ../lib;
  failures = lib.runTests {
    testFix = { expr = (lib.fix (self: { a = 1; b = self.a + 1; })).b; expected = 2; };
    testExtends = { expr = (lib.fix (lib.extends (final: prev: { a = prev.a + 10; }) (self: { a = 1; b = self.a; }))).b; expected = 11; };
    testComposeExtensions = {
      expr = (lib.fix (lib.extends (lib.composeManyExtensions [ (f: p: { a = p.a + 1; }) (f: p: { a = p.a * 2; }) ]) (_: { a = 3; }))).a;
      expected = 8;
    };
    testRecursiveUpdate = { expr = lib.recursiveUpdate { a.b = 1; a.c = 2; } { a.b = 3; d = 4; }; expected = { a = { b = 3; c = 2; }; d = 4; }; };
    testFilterAttrs = { expr = lib.filterAttrs (n: v: v > 1) { a = 1; b = 2; }; expected = { b = 2; }; };
    testMapAttrsRecursive = { expr = lib.mapAttrsRecursive (p: v: "${lib.concatStringsSep "." p}=${v}") { a.b = "x"; }; expected = { a.b = "a.b=x"; }; };
    testCartesian = { expr = lib.length (lib.cartesianProduct { a = [ 1 2 ]; b = [ 3 4 5 ]; }); expected = 6; };
    testUnique = { expr = lib.unique [ 3 1 3 2 1 ]; expected = [ 3 1 2 ]; };
    testSublist = { expr = [ (lib.take 2 [ 1 2 3 ]) (lib.drop 2 [ 1 2 3 ]) (lib.drop 9 [ 1 ]) (lib.last [ 1 2 ]) ]; expected = [ [ 1 2 ] [ 3 ] [ ] 2 ]; };
    testFoldr = { expr = lib.foldr (a: b: "${a}(${b})") "z" [ "a" "b" ]; expected = "a(b(z))"; };
    testNaturalSort = { expr = lib.naturalSort [ "v10" "v9" "v1" ]; expected = [ "v1" "v9" "v10" ]; };
    testToposort = { expr = (lib.toposort (a: b: a < b) [ 3 1 2 ]).result; expected = [ 1 2 3 ]; };
    testToposortCycle = { expr = (lib.toposort (a: b: true) [ 1 2 ]) ? cycle; expected = true; };
    testSplitString = { expr = lib.splitString "." "a.b..c"; expected = [ "a" "b" "" "c" ]; };
    testTrim = { expr = lib.trim " a b\n"; expected = "a b"; };
    testEscapeShell = { expr = lib.escapeShellArgs [ "a" "b c" "d'e" ]; expected = "a 'b c' 'd'\\''e'"; };
    testHas = { expr = [ (lib.hasPrefix "ab" "abc") (lib.hasSuffix "bc" "abc") (lib.hasInfix "b" "abc") (lib.hasSuffix "xabc" "abc") ]; expected = [ true true true false ]; };
    testRemovePrefix = { expr = [ (lib.removePrefix "a" "ab") (lib.removeSuffix "b" "ab") (lib.removePrefix "x" "ab") ]; expected = [ "b" "a" "ab" ]; };
    testVersions = { expr = [ (lib.versionOlder "1.2" "1.10") (lib.versionAtLeast "1.10" "1.10") (lib.versions.majorMinor "3.11.2") ]; expected = [ true true "3.11" ]; };
    testToInt = { expr = map lib.toInt [ "12" " -3 " ]; expected = [ 12 (-3) ]; };
    testToIntBad = { expr = (builtins.tryEval (lib.toInt "1x")).success; expected = false; };
    testLevenshtein = { expr = lib.levenshtein "kitten" "sitting"; expected = 3; };
    testHex = { expr = [ (lib.toHexString 255) (lib.fromHexString "ff") ]; expected = [ "FF" 255 ]; };
    testFixedWidth = { expr = lib.fixedWidthNumber 4 42; expected = "0042"; };
    testToPretty = { expr = lib.generators.toPretty { multiline = false; } { a = [ 1 true null "x" ]; }; expected = "{ a = [ 1 true null \"x\" ]; }"; };
    testToINI = { expr = lib.generators.toINI { } { s = { a = 1; b = true; }; }; expected = "[s]\na=1\nb=true\n"; };
    testSanitize = { expr = lib.strings.sanitizeDerivationName "a b/c~d"; expected = "a-b-c-d"; };
    testFunctionArgs = { expr = lib.functionArgs (lib.setFunctionArgs ({ ... }: 1) { a = false; }); expected = { a = false; }; };
    testCallPackage = { expr = (lib.callPackageWith { a = 1; } ({ a, b ? 2 }: { sum = a + b; }) { }).sum; expected = 3; };
    testOverride = { expr = ((lib.callPackageWith { a = 1; } ({ a, b ? 2 }: { sum = a + b; }) { }).override { b = 10; }).sum; expected = 11; };
    testOverrideTwice = { expr = (((lib.makeOverridable ({ a ? 1, b ? 1 }: { v = a * 10 + b; }) { }).override { a = 2; }).override (old: { b = old.a + 1; })).v; expected = 23; };
    testCallPackageMissing = { expr = (builtins.tryEval (lib.callPackageWith { zlib = 1; } ({ zlibb }: { }) { })).success; expected = false; };
    testScope = { expr = (lib.makeScope (extra: lib.callPackageWith extra) (self: { a = 1; b = self.callPackage ({ a }: { v = a; }) { }; })).b.v; expected = 1; };
    testMakeBinPath = { expr = lib.makeBinPath [ { outPath = "/x"; } { outPath = "/y"; bin = { outPath = "/z"; }; } ]; expected = "/x/bin:/z/bin"; };
    testGetExe = { expr = lib.getExe { outPath = "/x"; meta.mainProgram = "p"; name = "n"; }; expected = "/x/bin/p"; };
    testPipe = { expr = lib.pipe 1 [ (x: x + 1) (x: x * 3) ]; expected = 6; };
    testToShellVars = { expr = lib.toShellVars { a = "x y"; l = [ 1 2 ]; }; expected = "a='x y'\ndeclare -a l=(1 2)"; };
    testConcatMapAttrs = { expr = lib.concatMapAttrs (n: v: { "${n}1" = v; "${n}2" = v; }) { a = 1; }; expected = { a1 = 1; a2 = 1; }; };
    testWithUnknownMaintainer = { expr = (with lib; { maintainers = with maintainers; [ nobodyHere ]; x = 1; }).x; expected = 1; };
    testElaborate = { expr = (lib.systems.elaborate "x86_64-linux").isLinux; expected = true; };
    testGNUCommandLine = { expr = lib.cli.toGNUCommandLineShell { } { v = true; file = "a b"; x = [ 1 2 ]; }; expected = "--file 'a b' -v -x 1 -x 2"; };
  };
in
if failures == [ ] then true else throw "lib: ${lib.generators.toPretty { } failures}"
