builtins.readFileType (./fixture/link + "/x")
