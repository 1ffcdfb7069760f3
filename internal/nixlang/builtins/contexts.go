package builtins

import (
	"strings"

	"isomorph/internal/nixlang/eval"
)

// contextPrims are the builtins for what strings refer to.
func (l *Library) contextPrims() []*eval.PrimOp {
	return []*eval.PrimOp{
		prim("__unsafeDiscardStringContext", "s", "Return a string without its context.", primDiscardContext),
		prim("__hasContext", "s", "Tell whether a string has a context.", primHasContext),
		prim("__getContext", "s", "Return the context of a string as a set.", primGetContext),
		prim("__appendContext", "s context", "Add a context, in the form of `getContext`, to a string.", l.primAppendContext),
	}
}

func primDiscardContext(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	s, _ := c.Coerce(0, args[0], "while evaluating the argument passed to builtins.unsafeDiscardStringContext", 0)
	return eval.String(s)
}

func primHasContext(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	s := c.ForceString(0, args[0], "while evaluating the argument passed to builtins.hasContext")
	return eval.Bool(s.Context().Len() > 0)
}

func primGetContext(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	s := c.ForceString(0, args[0], "while evaluating the argument passed to builtins.getContext")
	outputs := map[string][]eval.Value{}
	sets := map[string]*eval.AttrsBuilder{}
	var paths []string
	for _, e := range s.Context().Elems() {
		b, ok := sets[e.Path]
		if !ok {
			b = c.NewAttrs(3)
			sets[e.Path] = b
			paths = append(paths, e.Path)
		}
		switch e.Kind {
		case eval.ContextPath:
			b.Set(eval.SymPath, eval.True)
		case eval.ContextDrvDeep:
			b.SetName("allOutputs", eval.True)
		case eval.ContextOutput:
			outputs[e.Path] = append(outputs[e.Path], eval.String(e.Output))
		}
	}
	r := c.NewAttrs(len(paths))
	for _, p := range paths {
		if o := outputs[p]; o != nil {
			sets[p].Set(eval.SymOutputs, eval.List(o))
		}
		r.SetName(c.State().StoreDir()+"/"+p, sets[p].Build())
	}
	return r.Build()
}

func (l *Library) primAppendContext(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	s := c.ForceString(0, args[0], "while evaluating the first argument passed to builtins.appendContext")
	var set eval.ContextSet
	set.Add(s.Context())
	a := c.ForceAttrs(0, args[1], "while evaluating the second argument passed to builtins.appendContext")
	for at := range inOrder(a) {
		l.appendOne(c, &set, at)
	}
	return eval.StringWith(s.AsString(), set.Context())
}

// appendOne adds what one attribute of appendContext's set says of a path.
func (l *Library) appendOne(c *eval.Ctx, set *eval.ContextSet, at eval.Attr) {
	name := c.Name(at.Name)
	path, err := l.dir.Parse(name)
	if err != nil {
		panic(eval.Errorf(eval.KindEval, at.Pos, "context key '%s' is not a store path", eval.QuoteAttrName(name)))
	}
	if err := l.host.EnsureValid(path); err != nil {
		panic(eval.Wrap(0, err))
	}
	isDrv := strings.HasSuffix(name, ".drv")
	info := c.ForceAttrs(at.Pos, at.Value, "while evaluating the value of a string context")
	if x, ok := info.GetAttr(eval.SymPath); ok && c.ForceBool(x.Pos, x.Value, "while evaluating the `path` attribute of a string context") {
		set.AddElem(eval.ContextElem{Kind: eval.ContextPath, Path: string(path)})
	}
	if x, ok := info.GetAttr(c.Intern("allOutputs")); ok && c.ForceBool(x.Pos, x.Value, "while evaluating the `allOutputs` attribute of a string context") {
		if !isDrv {
			panic(eval.Errorf(eval.KindEval, at.Pos, "tried to add all-outputs context of %s, which is not a derivation, to a string", eval.QuoteAttrName(name)))
		}
		set.AddElem(eval.ContextElem{Kind: eval.ContextDrvDeep, Path: string(path)})
	}
	if x, ok := info.GetAttr(eval.SymOutputs); ok {
		outs := c.ForceList(x.Pos, x.Value, "while evaluating the `outputs` attribute of a string context")
		if len(outs) > 0 && !isDrv {
			panic(eval.Errorf(eval.KindEval, at.Pos, "tried to add derivation output context of %s, which is not a derivation, to a string", eval.QuoteAttrName(name)))
		}
		for _, o := range outs {
			out := c.ForceStringNoCtx(x.Pos, o, "while evaluating an output name within a string context")
			set.AddElem(eval.ContextElem{Kind: eval.ContextOutput, Path: string(path), Output: out})
		}
	}
}
