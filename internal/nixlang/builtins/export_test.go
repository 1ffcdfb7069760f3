package builtins

// TransientNames is how many names the list of builtins that keep no arguments
// has.
var TransientNames = len(keptArgs)
