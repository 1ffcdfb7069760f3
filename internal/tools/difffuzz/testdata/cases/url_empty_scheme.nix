builtins.flakeRefToString { type = "file"; url = ":a"; }
