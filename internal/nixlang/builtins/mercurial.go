package builtins

import (
	"strings"

	"isomorph/internal/input"
	"isomorph/internal/lazyre"
	"isomorph/internal/nixlang/eval"
)

var mercurialRev = lazyre.New(`^[0-9a-fA-F]{40}$`)

// primFetchMercurial checks its arguments and the mode of evaluation as Nix
// does; then the Host refuses the input, as it cannot fetch this type.
func (w *world) primFetchMercurial(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	in := w.mercurialArgument(c, args[0])
	url, _ := in.Str("url")
	w.checkURL(url)
	if w.opts.PureEval && in.Rev() == "" {
		panic(eval.Errorf(eval.KindOther, 0, "in pure evaluation mode, 'fetchMercurial' requires a Mercurial revision"))
	}
	if !strings.Contains(url, "://") {
		in["url"] = "file://" + url
	}
	c.Alone()
	r, err := w.host.FetchTree(normalised(in, w.opts.features()))
	if err != nil {
		panic(treeError(err))
	}
	return w.treeValue(c, r, true)
}

func (w *world) mercurialArgument(c *eval.Ctx, arg eval.Value) input.Attrs {
	in := input.Attrs{"type": "hg", "name": "source"}
	v := c.Force(arg)
	if v.Type() != eval.TypeSet {
		in["url"] = c.CoerceToString(0, v, &eval.ContextSet{}, "while evaluating the first argument passed to builtins.fetchMercurial", eval.CoerceNoCopy)
		return in
	}
	for at := range inOrder(v.AsAttrs()) {
		switch name := c.Name(at.Name); name {
		case "url":
			in["url"] = c.CoerceToString(at.Pos, at.Value, &eval.ContextSet{}, "while evaluating the `url` attribute passed to builtins.fetchMercurial", eval.CoerceNoCopy)
		case "rev":
			s := c.ForceStringNoCtx(at.Pos, at.Value, "while evaluating the `rev` attribute passed to builtins.fetchMercurial")
			if mercurialRev.MatchString(s) {
				in["rev"] = s
			} else {
				in["ref"] = s
			}
		case "name":
			in["name"] = c.ForceStringNoCtx(at.Pos, at.Value, "while evaluating the `name` attribute passed to builtins.fetchMercurial")
		default:
			panic(eval.Errorf(eval.KindEval, at.Pos, "unsupported argument '%s' to 'fetchMercurial'", eval.QuoteAttrName(name)))
		}
	}
	if url, _ := in.Str("url"); url == "" {
		fail("'url' argument required")
	}
	return in
}
