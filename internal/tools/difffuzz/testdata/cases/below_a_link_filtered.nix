builtins.filterSource (p: t: true) (./fixture/link + "/x")
