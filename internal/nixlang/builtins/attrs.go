package builtins

import (
	"iter"
	"slices"

	"isomorph/internal/nixlang/eval"
)

// attrPrims are the builtins for attribute sets.
func (l *Library) attrPrims() []*eval.PrimOp {
	return []*eval.PrimOp{
		prim("__attrNames", "set", "Return the names in a set, sorted.", primAttrNames),
		prim("__attrValues", "set", "Return the values in a set, in the order of `attrNames`.", primAttrValues),
		prim("__getAttr", "s set", "Return the attribute named *s*; like `set.${s}`.", primGetAttr),
		prim("__unsafeGetAttrPos", "s set", "Return where the attribute named *s* was written.", primGetAttrPos),
		prim("__hasAttr", "s set", "Tell whether a set has an attribute named *s*.", primHasAttr),
		prim("removeAttrs", "set list", "Return a set without the attributes named in *list*.", primRemoveAttrs),
		prim("__listToAttrs", "e", "Make a set of a list of `{ name, value }` pairs; of several with one name the first counts.", primListToAttrs),
		prim("__intersectAttrs", "e1 e2", "Return the attributes of *e2* whose names are in *e1*, too.", primIntersectAttrs),
		prim("__catAttrs", "attr list", "Return the attribute named *attr* of those sets in a list that have it.", primCatAttrs),
		prim("__functionArgs", "f", "Return a set of the names in the pattern of *f*; the values tell whether there is a default.", primFunctionArgs),
		prim("__mapAttrs", "f attrset", "Apply *f* to the name and value of each attribute.", primMapAttrs),
		prim("__zipAttrsWith", "f list", "Make a set of a list of sets: *f* is applied to each name and the list of its values.", primZipAttrsWith),
	}
}

func primAttrNames(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	a := c.ForceAttrs(0, args[0], "while evaluating the argument passed to builtins.attrNames")
	r := make([]eval.Value, 0, a.Len())
	for _, i := range c.Order(a) {
		r = append(r, eval.String(c.Name(a.At(int(i)).Name)))
	}
	return eval.List(r)
}

func primAttrValues(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	a := c.ForceAttrs(0, args[0], "while evaluating the argument passed to builtins.attrValues")
	r := make([]eval.Value, 0, a.Len())
	for _, i := range c.Order(a) {
		r = append(r, a.At(int(i)).Value)
	}
	return eval.List(r)
}

// inOrder iterates over the attributes of a set in the order in which their names
// became known, as builtins of Nix do that read their arguments from a set: it
// decides which of several bad ones is named.
func inOrder(a *eval.Attrs) iter.Seq[eval.Attr] {
	return func(yield func(eval.Attr) bool) {
		for i := range a.Len() {
			if !yield(a.At(i)) {
				return
			}
		}
	}
}

func primGetAttr(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	name := c.ForceStringNoCtx(0, args[0], "while evaluating the first argument passed to builtins.getAttr")
	a := c.ForceAttrs(0, args[1], "while evaluating the second argument passed to builtins.getAttr")
	return c.Force(c.GetAttr(a, c.Intern(name), "in the attribute set under consideration").Value)
}

func primGetAttrPos(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	name := c.ForceStringNoCtx(0, args[0], "while evaluating the first argument passed to builtins.unsafeGetAttrPos")
	a := c.ForceAttrs(0, args[1], "while evaluating the second argument passed to builtins.unsafeGetAttrPos")
	at, ok := a.GetAttr(c.Intern(name))
	if !ok {
		return eval.Null
	}
	return c.PosValue(at.Pos)
}

func primHasAttr(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	name := c.ForceStringNoCtx(0, args[0], "while evaluating the first argument passed to builtins.hasAttr")
	a := c.ForceAttrs(0, args[1], "while evaluating the second argument passed to builtins.hasAttr")
	return eval.Bool(a.Has(c.Intern(name)))
}

// fewNames is up to how many names are looked for one by one.
const fewNames = 8

func primRemoveAttrs(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	a := c.ForceAttrs(0, args[0], "while evaluating the first argument passed to builtins.removeAttrs")
	l := c.ForceList(0, args[1], "while evaluating the second argument passed to builtins.removeAttrs")
	names := make([]eval.Sym, 0, len(l))
	for _, x := range l {
		s := c.ForceStringNoCtx(0, x, "while evaluating the values of the second argument passed to builtins.removeAttrs")
		if name := c.Intern(s); a.Has(name) {
			names = append(names, name)
		}
	}
	if len(names) <= fewNames {
		return c.FilterAttrs(a, func(s eval.Sym) bool { return !slices.Contains(names, s) })
	}
	slices.Sort(names)
	return c.FilterAttrs(a, func(s eval.Sym) bool {
		_, found := slices.BinarySearch(names, s)
		return !found
	})
}

func primListToAttrs(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	l := c.ForceList(0, args[0], "while evaluating the argument passed to builtins.listToAttrs")
	b := c.NewAttrs(len(l))
	incomplete := false
	for _, x := range l {
		pair := c.ForceAttrs(0, x, "while evaluating an element of the list passed to builtins.listToAttrs")
		name := c.GetAttr(pair, eval.SymName, "in a {name=...; value=...;} pair")
		s := c.ForceStringNoCtx(name.Pos, name.Value, "while evaluating the `name` attribute of an element of the list passed to builtins.listToAttrs")
		value, ok := pair.GetAttr(eval.SymValue)
		incomplete = incomplete || !ok
		b.SetAttr(eval.Attr{Name: c.Intern(s), Pos: value.Pos, Value: value.Value})
	}
	set := b.BuildFirst()
	if incomplete {
		checkComplete(c, set.AsAttrs())
	}
	return set
}

// checkComplete throws if a pair without a value got into the set; those that
// were shadowed by an earlier pair of the same name do not matter.
func checkComplete(c *eval.Ctx, a *eval.Attrs) {
	for i := range a.Len() {
		if a.At(i).Value.IsZero() {
			c.GetAttr(c.State().EmptyAttrs().AsAttrs(), eval.SymValue, "in a {name=...; value=...;} pair")
		}
	}
}

func primIntersectAttrs(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	left := c.ForceAttrs(0, args[0], "while evaluating the first argument passed to builtins.intersectAttrs")
	right := c.ForceAttrs(0, args[1], "while evaluating the second argument passed to builtins.intersectAttrs")
	if left.Len() >= right.Len() {
		return c.FilterAttrs(right, left.Has)
	}
	b := c.NewAttrs(left.Len())
	for i := range left.Len() {
		if at, ok := right.GetAttr(left.At(i).Name); ok {
			b.SetAttr(at)
		}
	}
	return b.Build()
}

func primCatAttrs(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	name := c.Intern(c.ForceStringNoCtx(0, args[0], "while evaluating the first argument passed to builtins.catAttrs"))
	l := c.ForceList(0, args[1], "while evaluating the second argument passed to builtins.catAttrs")
	r := make([]eval.Value, 0, len(l))
	for _, x := range l {
		a := c.ForceAttrs(0, x, "while evaluating an element in the list passed as second argument to builtins.catAttrs")
		if v, ok := a.Get(name); ok {
			r = append(r, v)
		}
	}
	return eval.List(slices.Clip(r))
}

func primFunctionArgs(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	f := c.Force(args[0])
	if !f.IsFunction() {
		panic(eval.Errorf(eval.KindType, 0, "'functionArgs' requires a function"))
	}
	info, _ := c.Describe(f)
	b := c.NewAttrs(len(info.Formals))
	for _, x := range info.Formals {
		b.SetAttr(eval.Attr{Name: x.Name, Pos: x.Pos, Value: eval.Bool(x.HasDefault)})
	}
	return b.Build()
}

// primMapAttrs does not look at the function before a value is asked for.
func primMapAttrs(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	f := args[0]
	a := c.ForceAttrs(0, args[1], "while evaluating the second argument passed to builtins.mapAttrs")
	return c.LazyMapAttrs(f, a)
}

func primZipAttrsWith(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	f := c.ForceFunction(0, args[0], "while evaluating the first argument passed to builtins.zipAttrsWith")
	l := c.ForceList(0, args[1], "while evaluating the second argument passed to builtins.zipAttrsWith")
	index := map[eval.Sym]int{}
	var names []eval.Sym
	var values [][]eval.Value
	for _, x := range l {
		a := c.ForceAttrs(0, x, "while evaluating a value of the list passed as second argument to builtins.zipAttrsWith")
		for i := range a.Len() {
			at := a.At(i)
			j, ok := index[at.Name]
			if !ok {
				j = len(names)
				index[at.Name] = j
				names, values = append(names, at.Name), append(values, nil)
			}
			values[j] = append(values[j], at.Value)
		}
	}
	b := c.NewAttrs(len(names))
	for i, name := range names {
		b.Set(name, c.LazyCall(f, eval.String(c.Name(name)), eval.List(values[i])))
	}
	return b.Build()
}
