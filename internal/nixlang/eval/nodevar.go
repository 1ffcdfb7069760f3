package eval

import "isomorph/internal/nixlang/resolve"

// constNode is a value known before evaluation.
type constNode struct{ v Value }

func (n *constNode) eval(*Ctx, *env) Value  { return n.v }
func (n *constNode) delay(*Ctx, *env) Value { return n.v }

// constThunkNode is a value known before evaluation that is put into slots as a
// thunk all the same, so that messages show it as one, like C++ Nix.
type constThunkNode struct {
	suspension
	v Value
}

func (n *constThunkNode) eval(*Ctx, *env) Value { return n.v }

// globalNode is a global that is itself computed when first used.
type globalNode struct {
	v   Value
	pos Pos
}

func (n *globalNode) eval(c *Ctx, _ *env) Value { return c.ForceAt(n.v, n.pos) }
func (n *globalNode) delay(*Ctx, *env) Value    { return n.v }

// Variables by how many frames lie between. A slot that is still empty while
// the frame is being filled has to wait: then delay makes a thunk.

// settled returns what is in a thunk that is finished and holds a value which
// contains no others: then nothing can tell the slots apart.
func settled(v Value) Value {
	if v.kind() == kThunk {
		if t := (*Thunk)(v.p); t.loadCode() == nil && kind(t.n) < kList {
			return Value{t.p, t.n}
		}
	}
	return v
}

// copied returns a thunk for another slot than that of the frame e.
func copied(v Value, e *env) Value {
	w := settled(v)
	if w.kind() == kThunk && e.flags == 0 {
		e.flags = envCopied
	}
	return w
}

type var0Node struct {
	suspension
	index uintptr
	pos   Pos
}

func (n *var0Node) eval(c *Ctx, e *env) Value {
	return c.ForceAt(*e.slot(int(n.index)), n.pos)
}

func (n *var0Node) delay(c *Ctx, e *env) Value {
	if v := *e.slot(int(n.index)); v.n != 0 {
		if v.kind() == kThunk {
			return copied(v, e)
		}
		return v
	}
	return c.newThunk(&n.code, e)
}

type var1Node struct {
	suspension
	index uintptr
	pos   Pos
}

func (n *var1Node) eval(c *Ctx, e *env) Value {
	return c.ForceAt(*e.up.slot(int(n.index)), n.pos)
}

func (n *var1Node) delay(c *Ctx, e *env) Value {
	if v := *e.up.slot(int(n.index)); v.n != 0 {
		return settled(v)
	}
	return c.newThunk(&n.code, e)
}

type var2Node struct {
	suspension
	index uintptr
	pos   Pos
}

func (n *var2Node) eval(c *Ctx, e *env) Value {
	return c.ForceAt(*e.up.up.slot(int(n.index)), n.pos)
}

func (n *var2Node) delay(c *Ctx, e *env) Value {
	if v := *e.up.up.slot(int(n.index)); v.n != 0 {
		return settled(v)
	}
	return c.newThunk(&n.code, e)
}

type varNode struct {
	suspension
	index uintptr
	level uint32
	pos   Pos
}

func (n *varNode) slot(e *env) Value {
	for i := n.level; i > 0; i-- {
		e = e.up
	}
	return *e.slot(int(n.index))
}

func (n *varNode) eval(c *Ctx, e *env) Value { return c.ForceAt(n.slot(e), n.pos) }

func (n *varNode) delay(c *Ctx, e *env) Value {
	if v := n.slot(e); v.n != 0 {
		return settled(v)
	}
	return c.newThunk(&n.code, e)
}

// withVarNode is a variable that is bound by no frame and so must come from
// one of the enclosing withs, the innermost first.
type withVarNode struct {
	suspension
	name   Sym
	pos    Pos
	scopes []withScope
}

// withScope is the frame of a with, hops up from that of the one before.
type withScope struct {
	hops int
	pos  Pos
	hint hint
}

func (n *withVarNode) eval(c *Ctx, e *env) Value {
	for i := range n.scopes {
		s := &n.scopes[i]
		for range s.hops {
			e = e.up
		}
		a := c.ForceAttrs(s.pos, *e.slot(0), "while evaluating the first subexpression of a with expression").at(n.name)
		if i := s.hint.find(c, a.sh, n.name); i >= 0 {
			return c.ForceAt(*a.slot(i), n.pos)
		}
	}
	panic(Errorf(KindUndefinedVar, n.pos, "undefined variable '%s'", c.ShowName(n.name)).Advise("%s", resolve.AdviceOnName(c.Name(n.name), func(name string) bool {
		_, ok := c.st.Global(name)
		return ok
	})))
}

// withNode is with scope; body.
type withNode struct {
	suspension
	scope, body node
}

func (n *withNode) eval(c *Ctx, e *env) Value {
	f := c.newInnerEnv(e, 1)
	*f.slot(0) = n.scope.delay(c, e)
	return n.body.eval(c, f)
}

// letNode is let ... in body.
type letNode struct {
	suspension
	frame  int
	fields []field
	from   []source
	body   node
}

func (n *letNode) eval(c *Ctx, e *env) Value {
	f := c.newInnerEnv(e, n.frame)
	for _, s := range n.from {
		*f.slot(s.slot) = s.value.delay(c, f)
	}
	for i := range n.fields {
		x := &n.fields[i]
		*f.slot(x.slot) = x.delayIn(c, e, f)
	}
	return n.body.eval(c, f)
}
