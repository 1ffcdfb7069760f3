builtins.fetchTree { zzz1 = [ ]; aaa1 = [ ]; type = "path"; path = "/missing"; }
