// Package flake reads flakes, locks their inputs and makes their values.
//
// A flake is a source tree with a flake.nix, which is a set of a description,
// inputs (references to other flakes and sources), outputs (a function of the
// inputs) and nixConfig. Its flake.lock pins each input, and theirs, to one
// tree:
//
//	reference -> resolve (registries) -> fetch -> read flake.nix -> lock -> call
//
// [Engine.Lock] does all but the last, [Engine.Call] makes the value: the
// outputs, with the attributes of the source. What it asks of the world
// (fetching, reading and writing files) goes through [World], so that a test
// can put maps behind it, and an evaluation cache can see it.
//
// A [LockFile] is a graph of nodes. An edge is an input's name and leads to a
// node of its own or, by "follows", to where a path of input names from the
// root ends. Reading is strict, and writing gives Nix's bytes (libflake of Nix
// 2.34, flake.cc and lockfile.cc; manual, "nix flake", section "Lock files").
//
// Locking copies what the old lock file has for an input whose reference has
// not changed, and fetches the others. Inputs of inputs come from their own
// lock files, unless an override ("inputs.x.inputs.y.follows") says otherwise.
package flake
