builtins.convertHash { hash = "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9cuu"; toHashFormat = "sri"; hashAlgo = "sha256"; }
