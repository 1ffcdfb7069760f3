derivation { name = "foo-1.2"; system = "s"; builder = "b"; __json = "[1]"; }
