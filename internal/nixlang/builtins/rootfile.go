package builtins

import "isomorph/internal/nixlang/eval"

// EvalRootFile evaluates the file that a command was given, or the default.nix
// in it if it is a directory. It differs from [world.ImportFile] in what errors
// tell: that this file is being evaluated needs no saying.
func (w *world) EvalRootFile(c *eval.Ctx, path string) eval.Value {
	return w.run(c, w.source(w.resolveImport(path)))
}
