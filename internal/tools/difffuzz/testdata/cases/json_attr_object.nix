derivation { name = "foo-1.2"; system = "s"; builder = "b"; __json = "{\"b\":1.50,\"a\":[{}], \"b\": 1e3}"; }
