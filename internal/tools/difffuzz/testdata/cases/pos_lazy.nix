(builtins.unsafeGetAttrPos "z" { z = [ ]; }) * 63
