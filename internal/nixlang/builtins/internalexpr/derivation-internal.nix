/**
  Describe how to build something.

  `derivation` takes the attributes of a build: its `name`, the `system` that
  it runs on, the `builder` to run with its `args`, the `outputs` that it
  makes, and whatever else the builder wants to find in its environment.

  What comes back is the set that was given, together with

    * `outPath`, the store path of the first output, and `drvPath`, that of the
      store derivation;
    * one attribute for each output, with the same set for that output;
    * `all`, the list of those; `outputName`, `drvAttrs` and `type`.

  Nothing is computed before somebody asks for a path: only then are the
  attributes evaluated, and `derivationStrict` makes the store derivation. So a
  package set can hold thousands of derivations, and recipes can ask each other
  for versions and metadata at no cost.

  This text is isomorph's own. Error messages and XML show places in it, so what
  they can show is on the lines and in the columns where Nix 2.36 has it.






*/
drvAttrs@{
  outputs ? [ "out" ],
  ...
}:

let

  strict = derivationStrict drvAttrs;

  # What the sets of all outputs have in common. An output wins over an
  # attribute of its name.
  commonAttrs = drvAttrs // builtins.listToAttrs named
    // {
      all = map (o: o.value) named;
      inherit drvAttrs;
    };
  named = map forOutput outputs;
  forOutput = outputName: {
    name = outputName;
    value = commonAttrs // {
      outPath = strict.${outputName};
      drvPath = strict.drvPath;
      type = "derivation";
      inherit outputName;
    };
  };

in
(builtins.head named).value
