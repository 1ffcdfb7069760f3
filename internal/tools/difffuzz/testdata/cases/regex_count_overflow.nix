builtins.match "0{4294967297}" "0"
