builtins.flakeRefToString { type = "gitlab"; owner = ""; repo = "nixpkgs"; rev = ""; host = "a=b"; revCount = (-1); lastModified = (-1); }
