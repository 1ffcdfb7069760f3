let
  configuration = { services.web.port = "eighty" + 1; };
  port = c: c.services.web.port;
in
port configuration
