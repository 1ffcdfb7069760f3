package builtins

import (
	"strings"

	"isomorph/internal/nixlang/eval"
	"isomorph/internal/storepath"
)

// closureArgs are the arguments of fetchClosure.
type closureArgs struct {
	fromStore      string
	fromPath       storepath.Path
	toPath         storepath.Path // "" for an empty one
	hasTo          bool
	inputAddressed bool
}

// primFetchClosure returns a store object that is in the store already. There
// are no binary caches yet from which it could be copied otherwise.
func (w *world) primFetchClosure(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	a := w.closureArgs(c, c.ForceAttrs(0, args[0], "while evaluating the argument passed to builtins.fetchClosure"))
	p := a.fromPath
	if a.hasTo {
		p = a.toPath
	}
	if p == "" || !w.host.IsValid(p) {
		w.cannotFetchClosure(a)
	}
	ca, err := w.host.ContentAddress(p)
	if err != nil {
		panic(eval.Wrap(0, err))
	}
	w.checkAddressing(a, p, ca != "")
	if w.access != nil {
		closure, err := w.host.Closure(p)
		if err != nil {
			panic(eval.Wrap(0, err))
		}
		for _, q := range closure {
			w.access.allow(w.dir.Join(q))
		}
	}
	return w.storeString(p)
}

func (w *world) cannotFetchClosure(a closureArgs) {
	if a.hasTo {
		panic(eval.Errorf(eval.KindOther, 0, "cannot copy '%s' from '%s' and rewrite it: isomorph has no substituters yet; 'fetchClosure' works for a 'toPath' that is in the store already", w.dir.Join(a.fromPath), a.fromStore))
	}
	panic(eval.Errorf(eval.KindOther, 0, "cannot copy '%s' from '%s': isomorph has no substituters yet; 'fetchClosure' works for a 'fromPath' that is in the store already ('nix-store --import', 'isomorph store add')", w.dir.Join(a.fromPath), a.fromStore))
}

func (w *world) closureArgs(c *eval.Ctx, set *eval.Attrs) closureArgs {
	var a closureArgs
	for at := range inOrder(set) {
		name := c.Name(at.Name)
		what := "while evaluating the attribute '" + name + "' passed to builtins.fetchClosure"
		switch name {
		case "fromPath":
			a.fromPath = w.storePathArg(c, at, what)
		case "toPath":
			a.hasTo = true
			if v := c.ForceAt(at.Value, at.Pos); !v.IsString() || v.AsString() != "" {
				a.toPath = w.storePathArg(c, at, what)
			}
		case "fromStore":
			a.fromStore = c.ForceStringNoCtx(at.Pos, at.Value, what)
		case "inputAddressed":
			a.inputAddressed = c.ForceBool(at.Pos, at.Value, what)
		default:
			panic(eval.Errorf(eval.KindOther, 0, "attribute '%s' isn't supported in call to 'fetchClosure'", name))
		}
	}
	a.check()
	return a
}

// check refuses what makes no sense, in the order of Nix.
func (a *closureArgs) check() {
	missing := func(name string) {
		panic(eval.Errorf(eval.KindOther, 0, "attribute '%s' is missing in call to 'fetchClosure'", name))
	}
	switch {
	case a.fromPath == "":
		missing("fromPath")
	case a.inputAddressed && a.hasTo:
		panic(eval.Errorf(eval.KindOther, 0, "attribute 'inputAddressed' is set to true, but 'toPath' is also set. Please remove one of them"))
	case a.fromStore == "":
		missing("fromStore")
	case !strings.HasPrefix(a.fromStore, "http://") && !strings.HasPrefix(a.fromStore, "https://"):
		panic(eval.Errorf(eval.KindOther, 0, "'fetchClosure' only supports http:// and https:// stores"))
	case strings.Contains(a.fromStore, "?"):
		panic(eval.Errorf(eval.KindOther, 0, "'fetchClosure' does not support URL query parameters (in '%s')", a.fromStore))
	}
}

func (w *world) storePathArg(c *eval.Ctx, at eval.Attr, what string) storepath.Path {
	path := c.CoerceToPath(at.Pos, at.Value, &eval.ContextSet{}, what)
	p, err := w.dir.Parse(path)
	if err != nil {
		panic(eval.Errorf(eval.KindEval, 0, "path '%s' is not in the Nix store", path).With(at.Pos, what))
	}
	return p
}

// checkAddressing compares how an object is addressed with what was said of it.
func (w *world) checkAddressing(a closureArgs, p storepath.Path, contentAddressed bool) {
	name := w.dir.Join(p)
	switch {
	case a.hasTo && !contentAddressed:
		panic(eval.Errorf(eval.KindOther, 0, "The 'toPath' value '%s' is input-addressed, so it can't possibly be the result of rewriting to a content-addressed path.\n\nSet 'toPath' to an empty string to make Nix report the correct content-addressed path.", name))
	case !a.hasTo && a.inputAddressed && contentAddressed:
		panic(eval.Errorf(eval.KindOther, 0, "The store object referred to by 'fromPath' at '%s' is not input-addressed, but 'inputAddressed' is set to 'true'.\n\nRemove the 'inputAddressed' attribute (it defaults to 'false') to expect 'fromPath' to be content-addressed", name))
	case !a.hasTo && !a.inputAddressed && !contentAddressed:
		panic(eval.Errorf(eval.KindOther, 0, "The 'fromPath' value '%s' is input-addressed, but 'inputAddressed' is set to 'false' (default).\n\nIf you do intend to fetch an input-addressed store path, add\n\n    inputAddressed = true;\n\nto the 'fetchClosure' arguments.\n\nNote that to ensure authenticity input-addressed store paths, users must configure a trusted binary cache public key on their systems. This is not needed for content-addressed paths.", name))
	}
}
