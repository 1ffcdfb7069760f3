# What importing a .drv file gives: a set as `derivation` makes it, as far as the
# file tells. attrs has one attribute for each output, with its path.
attrs@{ drvPath, outputs, name, ... }:

let
  common = builtins.listToAttrs named // {
    inherit drvPath name;
    all = map (o: o.value) named;
    type = "derivation";
  };

  forOutput = outputName: {
    name = outputName;
    value = common // {
      inherit outputName;
      outPath = attrs.${outputName};
    };
  };

  named = map forOutput outputs;
in
(builtins.head named).value
