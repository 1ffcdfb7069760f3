builtins.fetchMercurial { zzz1 = [ ]; aaa1 = [ ]; url = "/missing"; }
