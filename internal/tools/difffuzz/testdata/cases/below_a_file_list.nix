builtins.readDir ./fixture/a.txt/b
