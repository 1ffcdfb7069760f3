builtins.pathExists (/missing + builtins.concatStringsSep "" (builtins.genList (_: "/0123456789abcdef") 300))
