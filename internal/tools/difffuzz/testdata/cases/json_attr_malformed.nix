derivation { name = "foo-1.2"; __json = "x"; }
