# The module system, as an expression: true, or an error that shows what
# differs.
let
  lib = import ../lib;
  inherit (lib) mkOption types mkIf mkMerge mkForce mkDefault mkBefore mkAfter;
  eval = modules: lib.evalModules { modules = lib.toList modules; };
  config = modules: (eval modules).config;
  fails = v: !(builtins.tryEval (builtins.deepSeq v v)).success;
  opt = type: mkOption { inherit type; };
  optD = type: default: mkOption { inherit type default; };

  failures = lib.runTests {
    testDefault = { expr = config { options.a = optD types.int 3; }; expected = { a = 3; }; };
    testDefinition = { expr = config [ { options.a = optD types.int 3; } { a = 5; } ]; expected = { a = 5; }; };
    testPriorities = { expr = (config [ { options.a = optD types.int 3; } { a = mkDefault 4; } { a = 5; } { a = mkForce 6; } ]).a; expected = 6; };
    testConflict = { expr = fails (config [ { options.a = opt types.int; } { a = 1; } { a = 2; } ]); expected = true; };
    testSameTwice = { expr = (config [ { options.a = opt types.int; } { a = 1; } { a = 1; } ]).a; expected = 1; };
    testUndefined = { expr = fails (config { options.a = opt types.int; }); expected = true; };
    testWrongType = { expr = fails (config [ { options.a = opt types.int; } { a = "x"; } ]); expected = true; };
    testUnknown = { expr = fails (config [ { options.a = optD types.int 1; } { b = 1; } ]); expected = true; };
    testUnknownSwitchedOff = { expr = config [ { options.a = optD types.int 1; } { b = mkIf false 1; } ]; expected = { a = 1; }; };
    testLists = { expr = (config [ { options.l = optD (types.listOf types.str) [ ]; } { l = mkAfter [ "z" ]; } { l = [ "m" ]; } { l = mkBefore [ "a" ]; } ]).l; expected = [ "a" "m" "z" ]; };
    testLines = { expr = (config [ { options.t = opt types.lines; } { t = "a"; } { t = "b"; } ]).t; expected = "a\nb"; };
    testIf = { expr = (config [ ({ config, ... }: { options.a = optD types.bool true; options.b = optD types.int 0; config = mkIf config.a { b = 7; }; }) ]).b; expected = 7; };
    testMerge = { expr = (config [ { options.l = opt (types.listOf types.int); } { config = mkMerge [ { l = [ 1 ]; } (mkIf false { l = [ 2 ]; }) { l = [ 3 ]; } ]; } ]).l; expected = [ 1 3 ]; };
    testImports = { expr = (config [ { imports = [ { options.a = optD types.int 1; } ({ ... }: { a = 2; }) ]; } ]).a; expected = 2; };
    testImportedOnce = { expr = (config [ { options.l = optD (types.listOf types.int) [ ]; } { imports = [ { key = "k"; l = [ 1 ]; } ]; } { imports = [ { key = "k"; l = [ 1 ]; } ]; } ]).l; expected = [ 1 ]; };
    testDisabled = { expr = (config [ { options.a = optD types.int 1; } { key = "gone"; a = 9; } { disabledModules = [ { key = "gone"; } ]; } ]).a; expected = 1; };
    testArgs = { expr = (config [ ({ word, ... }: { options.a = optD types.str word; }) { _module.args.word = "w"; } ]).a; expected = "w"; };
    testSpecialArgs = { expr = (lib.evalModules { specialArgs.n = 4; modules = [ ({ n, ... }: { options.a = optD types.int n; }) ]; }).config.a; expected = 4; };
    testSubmodule = {
      expr = (config [
        { options.s = opt (types.attrsOf (types.submodule ({ name, ... }: { options.n = optD types.str name; options.v = optD types.int 0; }))); }
        { s.x.v = 1; }
        { s.y = { }; }
      ]).s;
      expected = { x = { n = "x"; v = 1; }; y = { n = "y"; v = 0; }; };
    };
    testSubmoduleExtended = {
      expr = (config [
        { options.s = optD (types.submodule { options.a = optD types.int 1; }) { }; }
        { options.s = mkOption { type = types.submodule { options.b = optD types.int 2; }; }; }
      ]).s;
      expected = { a = 1; b = 2; };
    };
    testFreeform = { expr = (config [ { options.s = opt (types.submodule { freeformType = types.attrsOf types.int; options.a = optD types.int 1; }); } { s.z = 5; } ]).s; expected = { a = 1; z = 5; }; };
    testNullOr = { expr = config [ { options.a = optD (types.nullOr types.int) null; options.b = optD (types.nullOr types.int) null; } { b = 2; } ]; expected = { a = null; b = 2; }; };
    testEither = { expr = map (v: (config [ { options.a = opt (types.either types.int types.str); } { a = v; } ]).a) [ 1 "x" ]; expected = [ 1 "x" ]; };
    testOneOfBad = { expr = fails (config [ { options.a = opt (types.oneOf [ types.int types.str ]); } { a = true; } ]); expected = true; };
    testEnum = { expr = fails (config [ { options.a = opt (types.enum [ "x" "y" ]); } { a = "z"; } ]); expected = true; };
    testPort = { expr = fails (config [ { options.a = opt types.port; } { a = 70000; } ]); expected = true; };
    testCoerced = { expr = (config [ { options.a = opt (types.coercedTo types.int toString types.str); } { a = 5; } ]).a; expected = "5"; };
    testFunctionTo = { expr = (config [ { options.f = opt (types.functionTo (types.listOf types.int)); } { f = x: [ x ]; } { f = x: [ (x + 1) ]; } ]).f 1; expected = [ 1 2 ]; };
    testAnything = { expr = (config [ { options.a = opt types.anything; } { a.x.y = 1; } { a.x.z = 2; } ]).a; expected = { x = { y = 1; z = 2; }; }; };
    testApply = { expr = (config [ { options.a = mkOption { type = types.int; apply = x: x * 2; }; } { a = 4; } ]).a; expected = 8; };
    testReadOnly = { expr = fails (config [ { options.a = mkOption { type = types.int; readOnly = true; }; } { a = 1; } { a = 1; } ]); expected = true; };
    testRenamed = { expr = (config [ { options.new = optD types.int 1; options.warnings = optD (types.listOf types.str) [ ]; } (lib.mkRenamedOptionModule [ "old" ] [ "new" ]) { old = 6; } ]).new; expected = 6; };
    testExtendModules = { expr = ((eval [ { options.a = optD types.int 1; } ]).extendModules { modules = [ { a = 2; } ]; }).config.a; expected = 2; };
    testOptionsDoc = { expr = map (o: o.name) (lib.optionAttrSetToDocList (removeAttrs (eval [ { options.a.b = optD types.int 1; } ]).options [ "_module" ])); expected = [ "a.b" ]; };
    testLazy = { expr = (config [ ({ config, ... }: { options.a = opt types.int; options.b = optD types.int (config.a + 1); }) { a = 1; } ]).b; expected = 2; };
    testStrayTopLevel = { expr = fails (config [ { options.a = optD types.int 1; a = 2; } ]); expected = true; };
  };
in
if failures == [ ] then true else throw "modules: ${lib.generators.toPretty { } failures}"
