package flake

import (
	"isomorph/internal/flakeref"
	"isomorph/internal/nixlang/eval"
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
