(derivation { name = "a"; system = "s"; builder = "b"; outputs = [ "a\nb" ]; __structuredAttrs = true; }).drvPath
