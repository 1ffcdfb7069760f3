map builtins.fromTOML [ "a=1 [b]\nc=1" "a=1[[b]]" "[x]\na={} [y]" ]
