let
  config = { a = config.b; b = config.c; c = config.a; };
in
config.a
