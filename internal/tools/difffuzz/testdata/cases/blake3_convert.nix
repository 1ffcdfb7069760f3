builtins.convertHash { hash = ""; hashAlgo = "blake3"; }
