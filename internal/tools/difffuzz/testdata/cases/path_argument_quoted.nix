builtins.path { "a b" = { }; }
