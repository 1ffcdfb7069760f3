builtins.fromTOML "[a.]"
