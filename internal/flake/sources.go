package flake

import "isomorph/internal/flakeref"

// Registries returns the registries in the order in which they are asked; what
// the command line redirects is the first.
func (e *Engine) Registries() []Registry { return e.registry() }

// Resolve returns what a reference stands for in all registries. Errors are
// thrown.
func (e *Engine) Resolve(ref flakeref.Ref) flakeref.Ref {
	resolved, err := resolve(e.registry(), ref, useAll)
	if err != nil {
		throwErr(err)
	}
	return resolved
}

// FetchSource gets the source of a resolved reference. final says that the
// reference is of a lock file. Errors are thrown.
func (e *Engine) FetchSource(ref flakeref.Ref, final bool) Tree { return e.fetch(ref, final) }
