builtins.readDir ./fixture/link
