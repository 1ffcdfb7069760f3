derivation { name = "x"; system = "a\tb\n"; builder = "\t"; }
