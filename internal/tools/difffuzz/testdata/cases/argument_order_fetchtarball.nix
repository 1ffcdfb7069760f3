builtins.fetchTarball { zzz1 = [ ]; aaa1 = [ ]; url = "/missing"; }
