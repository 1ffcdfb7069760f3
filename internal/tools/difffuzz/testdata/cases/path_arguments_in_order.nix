builtins.path { all = 1; outPath = 2; }
