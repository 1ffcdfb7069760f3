package builtins

import (
	"maps"
	"slices"

	"isomorph/internal/flakeref"
	"isomorph/internal/input"
	"isomorph/internal/nixlang/eval"
)

// flakePrims are the builtins for flakes. They are there without Nix's
// experimental feature "flakes", too, but refuse most of what they are given.
func (w *world) flakePrims() []*eval.PrimOp {
	return []*eval.PrimOp{
		prim("__getFlake", "args", "Fetch a flake, given as a reference, and return its outputs with the attributes of its source.", w.primGetFlake),
		prim("__parseFlakeRef", "flake-ref", "Return the attribute set that a flake reference stands for.", w.primParseFlakeRef),
		prim("__flakeRefToString", "attrs", "Return the text of a flake reference that is given as an attribute set.", w.primFlakeRefToString),
	}
}

// requireFlakes throws if a source of this type needs the experimental feature
// and that is off.
func (w *world) requireFlakes(kind string) {
	if !w.opts.Flakes && flakeref.Experimental(kind) {
		panic(experimental("flakes", ""))
	}
}

func (w *world) primGetFlake(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	if !w.opts.Flakes || w.opts.GetFlake == nil {
		panic(experimental("flakes", ""))
	}
	c.Alone()
	return w.opts.GetFlake(c, args[0])
}

// FetchInput fetches an input for those who know whether it may be fetched: it
// asks for no permission, and what was fetched may be read from then on. Errors
// are thrown.
func (w *world) FetchInput(in input.Attrs) *input.Fetched {
	r, err := w.host.FetchTree(in)
	if err != nil {
		panic(treeError(err))
	}
	w.access.allow(w.dir.Join(r.Path))
	return r
}

func (w *world) primParseFlakeRef(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	text := c.ForceStringNoCtx(0, args[0], "while evaluating the argument passed to builtins.parseFlakeRef")
	ref, err := flakeref.Parse(text, flakeref.Options{Warn: func(msg string) { w.warn(c, msg) }})
	if err != nil {
		panic(eval.Wrap(0, err))
	}
	w.requireFlakes(ref.Type())
	attrs := ref.ToAttrs()
	b := c.NewAttrs(len(attrs))
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		b.SetName(name, attrValue(attrs[name]))
	}
	return b.Build()
}

// attrValue makes a value of an attribute of a source.
func attrValue(v any) eval.Value {
	switch v := v.(type) {
	case uint64:
		return eval.Int(int64(v))
	case bool:
		return eval.Bool(v)
	default:
		return eval.String(v.(string))
	}
}

func (w *world) primFlakeRefToString(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	set := c.ForceAttrs(0, args[0], "while evaluating the argument passed to builtins.flakeRefToString")
	attrs := flakeref.Attrs{}
	for at := range inOrder(set) {
		name := c.Name(at.Name)
		switch v := c.ForceAt(at.Value, at.Pos); v.Type() {
		case eval.TypeInt:
			if v.AsInt() < 0 {
				fail("negative value given for flake ref attr %s: %d", name, v.AsInt())
			}
			attrs[name] = uint64(v.AsInt())
		case eval.TypeBool:
			attrs[name] = v.AsBool()
		case eval.TypeString:
			attrs[name] = v.AsString()
		default:
			panic(eval.Errorf(eval.KindType, 0, "flake reference attribute sets may only contain integers, Booleans, and strings, but attribute '%s' is %s", name, c.ShowType(v)))
		}
	}
	kind, _ := attrs["type"].(string)
	w.requireFlakes(kind)
	ref, err := flakeref.FromAttrs(attrs)
	if err != nil {
		panic(eval.Wrap(0, err))
	}
	text, err := ref.Text()
	if err != nil {
		panic(eval.Wrap(0, err))
	}
	return eval.String(text)
}
