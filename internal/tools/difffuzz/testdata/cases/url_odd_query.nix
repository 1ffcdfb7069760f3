builtins.parseFlakeRef "a?x=y|z"
