builtins.fetchurl { zzz1 = [ ]; aaa1 = [ ]; url = "/missing"; }
