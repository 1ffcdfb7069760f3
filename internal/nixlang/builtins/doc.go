// Package builtins is the library of the Nix language: the functions and values
// in the set "builtins" and the few that are global.
//
// [Install] registers all of them with an evaluator. They come in two halves.
// Those that compute with values alone are tables of plain functions, one file
// a subject: lists, sets, strings, numbers, versions, regular expressions,
// formats, string contexts, control. Those that reach out to files, the store,
// the network or the clock are methods of a world, which asks a [Host] for all
// of it; nothing in this package opens a file by itself, so that tests can put
// a map behind it and a caller can record what an evaluation has seen.
//
// A builtin gets its arguments as slots, not evaluated, and forces what it
// needs, in the order in which Nix does: that order decides which of several
// errors a user sees, and whether one is seen at all. "map" returns a list of
// suspended calls; "foldl'" and "genericClosure" call at once; "mapAttrs" does
// not even look at its function. Errors carry no position of their own: the
// frame "while calling the '...' builtin" has that of the call. The texts are
// those of C++ Nix 2.34.8 (libexpr/primops.cc), and testdata/pure.golden holds
// what it says to some 480 expressions.
//
// # Differences from C++ Nix
//
//   - Limits: a list of more than 2^26 elements, a string of more than 1 GiB, a
//     match of more than about 10^9 steps end in an error, which tryEval does not
//     catch, where Nix runs out of memory, stack or time.
//   - Experimental builtins are absent, as they are in Nix by default: outputOf,
//     fetchTree and fetchClosure (without their features), getFlake.
//   - fromTOML limits arrays and inline tables to 1000 levels. The remarks under
//     the quoted line of its rarer errors are worded in their own way.
//   - Comparing keys, genericClosure remembers them in a map as long as all are
//     strings or all are integers.
package builtins
