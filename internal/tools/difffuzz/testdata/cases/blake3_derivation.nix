derivation { name = "x"; system = "s"; builder = "b"; outputHashAlgo = "blake3"; outputHash = "x"; }
