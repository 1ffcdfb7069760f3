package eval

import (
	"slices"

	"isomorph/internal/nixlang/syntax"
)

// field is a static attribute of a set literal or let.
type field struct {
	name      Sym
	pos       Pos
	slot      int // in the frame of a recursive set or let
	env       syntax.AttrEnv
	inherited bool
	value     node
}

// delayIn returns the slot of the attribute; inner is the frame of the
// recursive set or of the inherit sources.
func (f *field) delayIn(c *Ctx, outer, inner *env) Value {
	if f.env == syntax.EnvOuter {
		return f.value.delay(c, outer)
	}
	return f.value.delay(c, inner)
}

// source is the e of inherit (e) that is shared by several attributes.
type source struct {
	slot  int
	value node
}

type dynamicAttr struct {
	name, value node
	pos         Pos
}

// attrsNode is a set literal.
type attrsNode struct {
	suspension
	sh        *shape
	fields    []field // in the order of the shape
	from      []source
	dynamic   []dynamicAttr
	frame     int // slots, if recursive
	fromSlots int // slots for from, if not recursive
	rec       bool
	overrides bool
	pos       Pos
}

func (n *attrsNode) eval(c *Ctx, e *env) Value {
	a := newAttrs(n.sh, n.pos)
	c.countSet(len(n.fields))
	inner := e
	switch {
	case n.rec && n.frame > 0:
		inner = c.newInnerEnv(e, n.frame)
		for _, s := range n.from {
			*inner.slot(s.slot) = s.value.delay(c, inner)
		}
	case n.fromSlots > 0:
		inner = c.newInnerEnv(e, n.fromSlots)
		for _, s := range n.from {
			*inner.slot(s.slot) = s.value.delay(c, e)
		}
	}
	if n.rec && n.frame > 0 {
		n.fillRec(c, a, e, inner)
	} else {
		for i := range n.fields {
			*a.slot(i) = n.fields[i].delayIn(c, e, inner)
		}
	}
	if n.overrides {
		a = n.override(c, a, inner)
	}
	if n.dynamic == nil {
		return AttrsValue(a)
	}
	if !n.rec {
		inner = e
	}
	return n.addDynamic(c, a, inner)
}

func (n *attrsNode) fillRec(c *Ctx, a *Attrs, outer, inner *env) {
	for i := range n.fields {
		f := &n.fields[i]
		v := f.delayIn(c, outer, inner)
		*inner.slot(f.slot) = v
		*a.slot(i) = v
	}
}

// lateNode makes a thunk even of what is known already: attributes beside
// __overrides may only be looked at when that has been applied.
type lateNode struct {
	suspension
	inner node
}

func (n *lateNode) eval(c *Ctx, e *env) Value { return n.inner.eval(c, e) }

// override applies __overrides: its attributes replace those of the set, also
// where the set's other attributes refer to them.
func (n *attrsNode) override(c *Ctx, a *Attrs, inner *env) *Attrs {
	own, _ := a.Get(SymOverrides)
	over := c.ForceAttrs(0, own, "while evaluating the `__overrides` attribute")
	for i := range over.Len() {
		at := over.At(i)
		for j := range n.fields {
			if n.fields[j].name == at.Name {
				*inner.slot(n.fields[j].slot) = at.Value
			}
		}
	}
	return c.update(a, over)
}

func (n *attrsNode) addDynamic(c *Ctx, a *Attrs, e *env) Value {
	items := make([]Attr, 0, a.Len()+len(n.dynamic))
	for i := range a.Len() {
		items = append(items, a.At(i))
	}
	for i := range n.dynamic {
		d := &n.dynamic[i]
		name := c.Force(d.name.eval(c, e))
		if name.kind() == kNull {
			continue
		}
		sym := c.Intern(c.ForceStringNoCtx(d.pos, name, "while evaluating the name of a dynamic attribute"))
		at, found := slices.BinarySearchFunc(items, sym, func(x Attr, s Sym) int { return int(int64(x.Name) - int64(s)) })
		if found {
			panic(Errorf(KindEval, d.pos, "dynamic attribute '%s' already defined at %s",
				c.ShowName(sym), c.st.files.Position(items[at].Pos)))
		}
		items = slices.Insert(items, at, Attr{sym, d.pos, d.value.delay(c, e)})
	}
	if len(items) == 0 {
		return c.st.emptyAttrs
	}
	return AttrsValue(c.attrsOf(items, true, n.pos))
}

// listNode is a list literal.
type listNode struct {
	suspension
	elems []node
}

func (n *listNode) eval(c *Ctx, e *env) Value {
	l := make([]Value, len(n.elems))
	for i, x := range n.elems {
		l[i] = x.delay(c, e)
	}
	c.Stats.Lists++
	c.Stats.ListElems += uint64(len(l))
	return List(l)
}
