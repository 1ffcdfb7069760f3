(derivation { name = "a"; system = "s"; builder = "b"; outputHash = "-9223372036854775807"; }).drvPath
