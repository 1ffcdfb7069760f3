let
  path = d: builtins.unsafeDiscardStringContext d.drvPath;
  d = derivation { name = "d"; system = "s"; builder = "b"; };
  use = outputs: builtins.appendContext "" { ${path d} = { inherit outputs; }; };
in (derivation { name = "uses"; system = "s"; builder = "b"; x = builtins.seq d.drvPath (use [ "out" "z" "no" ]); }).drvPath
