builtins.fromTOML "[x] y=1"
