# Assertions with a message.
{ lib }:
rec {
  assertMsg = pred: msg: pred || throw msg;
  assertOneOf = name: val: xs:
    assertMsg (lib.elem val xs) "${name} must be one of ${lib.generators.toPretty { } xs}, but is: ${lib.generators.toPretty { } val}";
  assertEachOneOf = name: vals: xs: lib.all (v: assertOneOf name v xs) vals;
  checkAssertWarn = assertions: warnings: val:
    let failed = map (x: x.message) (lib.filter (x: !x.assertion) assertions); in
    if failed != [ ] then throw "\nFailed assertions:\n${lib.concatMapStrings (m: "- ${m}\n") failed}" else lib.showWarnings warnings val;
}
