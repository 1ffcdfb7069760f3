assert { list = [ 1 { deep = "x"; } ]; } == { list = [ 1 { deep = "y"; } ]; }; true
