# Tracing, and a small test runner.
{ lib }:
rec {
  traceIf = pred: msg: x: if pred then builtins.trace msg x else x;
  traceVal = x: builtins.trace x x;
  traceValFn = f: x: builtins.trace (f x) x;
  traceValSeq = x: builtins.trace (builtins.deepSeq x x) x;
  traceSeq = x: y: builtins.trace (builtins.deepSeq x x) y;

  # runTests { testX = { expr, expected }; } -> the failures, as a list
  runTests = tests: lib.concatLists (lib.mapAttrsToList
    (name: test:
      if lib.hasPrefix "test" name && test.expr != test.expected
      then [ { inherit name; inherit (test) expected; result = test.expr; } ] else [ ])
    tests);
}
