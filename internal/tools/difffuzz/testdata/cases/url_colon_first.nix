builtins.flakeRefToString { type = "tarball"; url = "git@h:a"; }
