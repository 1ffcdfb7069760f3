builtins.readFile ./fixture/a.txt/b
