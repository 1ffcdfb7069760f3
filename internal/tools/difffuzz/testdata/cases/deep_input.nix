(derivation { name = "x"; system = "x86_64-linux"; builder = (derivation { name = "a"; system = "x86_64-linux"; builder = ./fixture/a.txt; }).drvPath; })
