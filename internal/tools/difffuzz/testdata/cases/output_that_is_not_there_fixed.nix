let
  path = d: builtins.unsafeDiscardStringContext d.drvPath;
  d = derivation { name = "d"; system = "s"; builder = "b"; outputHash = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="; };
  use = outputs: builtins.appendContext "" { ${path d} = { inherit outputs; }; };
in (derivation { name = "uses"; system = "s"; builder = "b"; x = builtins.seq d.drvPath (use [ "dev" ]); }).drvPath
