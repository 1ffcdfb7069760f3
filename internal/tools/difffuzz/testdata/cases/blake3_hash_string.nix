builtins.hashString "blake3" null
