(derivation { name = "a"; system = "s"; builder = "b"; outputs = [ "a\"b" "out" "z z" ]; __structuredAttrs = true; }).drvPath
