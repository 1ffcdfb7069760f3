builtins.fetchGit { zzz1 = [ ]; aaa1 = [ ]; url = "/missing"; }
