builtins.readDir ./fixture/a.txt
