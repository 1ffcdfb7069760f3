package flake

import (
	"isomorph/internal/flakeref"
	"isomorph/internal/nixlang/eval"
	"isomorph/internal/storepath"
)

// GetFlake is builtins.getFlake: the value of the flake that a reference, or a
// path, stands for. Nothing is written.
func (e *Engine) GetFlake(c *eval.Ctx, arg eval.Value) eval.Value {
	flags := Flags{NoUpdate: true, NoWrite: true, NoRegistries: e.opts.Pure, LockedOnly: e.opts.Pure}
	text := c.ForceStringNoCtx(0, arg, "while evaluating the argument passed to builtins.getFlake")
	ref, err := flakeref.Parse(text, flakeref.Options{AllowMissing: true, Warn: e.opts.Warn})
	if err != nil {
		throwErr(err)
	}
	if e.opts.Pure && !e.opts.World.IsLocked(ref.Attrs) {
		throw("cannot call 'getFlake' on unlocked flake reference '%s', at «none»:0 (use --impure to override)", text)
	}
	return e.Call(c, e.Lock(c, ref, flags))
}

// Source fetches what a reference stands for in all registries, as entries of
// the search path do, and returns the whole tree: there need be no flake in it.
// The setting use-registries does not count here, as in Nix. Errors are thrown.
func (e *Engine) Source(text string) storepath.Path {
	ref, err := flakeref.Parse(text, flakeref.Options{AllowMissing: true, NotFlake: true, Warn: e.opts.Warn})
	if err != nil {
		throwErr(err)
	}
	resolved, err := resolve(e.registry(), ref, useAll)
	if err != nil {
		throwErr(err)
	}
	return e.fetch(resolved, false).Path
}
