builtins.filterSource (p: builtins.readFileType /missing/x) ./fixture
