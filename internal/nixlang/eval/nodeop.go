package eval

import (
	"fmt"
	"strings"
	"unsafe"
)

func sprintf(format string, args ...any) string { return fmt.Sprintf(format, args...) }

// updateNode is a // b // c ..., evaluated from right to left and merged from
// left to right, as C++ Nix does.
type updateNode struct {
	suspension
	parts []updatePart
}

type updatePart struct{ operand }

func (n *updateNode) eval(c *Ctx, e *env) Value {
	if len(n.parts) == 2 {
		b := n.parts[1].set(c, e)
		a := n.parts[0].set(c, e)
		return AttrsValue(c.update(a, b))
	}
	sets := make([]*Attrs, len(n.parts))
	for i := len(sets) - 1; i >= 0; i-- {
		sets[i] = n.parts[i].set(c, e)
	}
	a := sets[0]
	for _, b := range sets[1:] {
		a = c.update(a, b)
	}
	return AttrsValue(a)
}

func (p *updatePart) set(c *Ctx, e *env) *Attrs {
	v := p.eval(c, e)
	if v.kind() != kAttrs {
		panic(Errorf(KindType, 0, "expected a set but found %s: %s", c.ShowType(v), c.PrintForError(v)).With(p.pos, p.what).Advise("%s", c.adviceOn(v, aSet)))
	}
	return v.AsAttrs()
}

// Update returns a // b.
func (c *Ctx) Update(a, b *Attrs) *Attrs { return c.update(a, b) }

// listConcatNode is a ++ b.
type listConcatNode struct{ operands }

const concatText = "while evaluating one of the elements to concatenate"

func (n *listConcatNode) eval(c *Ctx, e *env) Value {
	a := n.a.eval(c, e)
	b := n.b.eval(c, e)
	c.Stats.Concats++
	x := c.ForceList(n.pos, a, concatText)
	y := c.ForceList(n.pos, b, concatText)
	if len(x) == 0 {
		return b
	}
	if len(y) == 0 {
		return a
	}
	c.CheckListSize(n.pos, len(x)+len(y))
	l := make([]Value, len(x)+len(y))
	copy(l, x)
	copy(l[len(x):], y)
	c.Stats.Lists++
	c.Stats.ListElems += uint64(len(l))
	return List(l)
}

// operand is an expression that needs a frame while it is evaluated, unless its
// value is there without evaluation, as that of a variable mostly is.
type operand struct {
	value node
	pos   Pos
	what  string
	quick quickKind
	slot  int32
}

type quickKind uint8

const (
	notQuick quickKind = iota
	quickConst
	quickVar0
	quickVar1
)

func newOperand(n node, pos Pos, what string) operand {
	o := operand{value: n, pos: pos, what: what}
	switch n := n.(type) {
	case *constNode:
		o.quick = quickConst
	case *var0Node:
		o.quick, o.slot = quickVar0, int32(n.index)
	case *var1Node:
		o.quick, o.slot = quickVar1, int32(n.index)
	}
	return o
}

func (o *operand) eval(c *Ctx, e *env) Value {
	switch o.quick {
	case quickConst:
		return o.value.eval(c, e)
	case quickVar1:
		if v, ok := Peek(*e.up.slot(int(o.slot))); ok {
			return v
		}
	case quickVar0:
		if v, ok := Peek(*e.slot(int(o.slot))); ok {
			return v
		}
	}
	c.pushMsg(o.pos, o.what)
	v := o.value.eval(c, e)
	c.sp--
	return v
}

// concatPart is an operand of +, or a part of a string.
type concatPart struct {
	operand
	at Pos // for what is wrong with the value
}

// concatNode is an interpolated string or path, or a sum.
type concatNode struct {
	suspension
	parts       []concatPart
	forceString bool
	pos         Pos
}

const segmentText = "while evaluating a path segment"

func (n *concatNode) eval(c *Ctx, e *env) Value {
	if !n.forceString {
		return n.add(c, e, n.parts[0].eval(c, e))
	}
	return n.join(c, e, Value{})
}

// addNode is a + b.
type addNode struct{ concatNode }

func (n *addNode) eval(c *Ctx, e *env) Value {
	a := n.parts[0].eval(c, e)
	if a.kind() == kInt {
		b := n.parts[1].eval(c, e)
		if b.kind() == kInt {
			return Int(int64(a.n)>>8 + int64(b.n)>>8)
		}
		return c.addNumber(a, b, n.parts[1].at)
	}
	return n.add(c, e, a)
}

// add continues a sum whose first operand is a.
func (n *concatNode) add(c *Ctx, e *env, a Value) Value {
	if a.isNumber() {
		for i := range n.parts[1:] {
			p := &n.parts[i+1]
			a = c.addNumber(a, p.eval(c, e), p.at)
		}
		return a
	}
	return n.join(c, e, a)
}

func (c *Ctx) addNumber(a, b Value, pos Pos) Value {
	switch {
	case a.IsInt() && b.IsInt():
		x, y := a.AsInt(), b.AsInt()
		if s := x + y; (s > x) == (y > 0) {
			return Int(s)
		}
		if !c.Since(OverflowRelease) {
			return Int(x + y)
		}
		panic(Errorf(KindEval, pos, "integer overflow in adding %d + %d", x, y))
	case b.isNumber():
		return Float(a.AsFloat() + b.AsFloat())
	case a.IsInt():
		panic(Errorf(KindEval, pos, "cannot add %s to an integer", c.ShowType(b)).Advise("toString makes a string of a number"))
	}
	panic(Errorf(KindEval, pos, "cannot add %s to a float", c.ShowType(b)))
}

// join puts the parts together as a string, or as a path if the first one,
// which is first unless that is the zero Value, is a path. Paths are copied to
// the store only if the first part is a string: a set with a path as its outPath
// that something is added to gives a text without a context.
func (n *concatNode) join(c *Ctx, e *env, first Value) Value {
	var buf [8]string
	var ctx *Context
	texts, flags, from := buf[:0], CoerceFlags(0), 0
	isPath := first.kind() == kPath
	if !first.IsZero() {
		if !first.IsString() {
			flags = CoerceNoCopy
		}
		s, x := c.Coerce(n.parts[0].at, first, segmentText, flags)
		texts, ctx, from = append(texts, s), x, 1
	}
	for i := from; i < len(n.parts); i++ {
		p := &n.parts[i]
		v := p.eval(c, e)
		s, x := c.Coerce(p.at, v, segmentText, flags)
		texts = append(texts, s)
		if x != nil {
			ctx = ctx.Merge(x)
		}
	}
	s := concatTexts(c, n.pos, texts)
	if !isPath {
		return StringWith(s, ctx)
	}
	if ctx != nil {
		panic(Errorf(KindEval, n.pos, "a string that refers to a store path cannot be appended to a path"))
	}
	return Path(CanonPath(s))
}

// concatTexts returns the texts as one.
func concatTexts(c *Ctx, pos Pos, texts []string) string {
	if len(texts) == 1 {
		return texts[0]
	}
	size := 0
	for _, s := range texts {
		size += len(s)
	}
	if size == 0 {
		return ""
	}
	c.CheckStringSize(pos, size)
	if size >= growFrom {
		return c.growText(texts, size)
	}
	b := make([]byte, 0, size)
	for _, s := range texts {
		b = append(b, s...)
	}
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// Texts of these sizes in bytes are made by growText, and kept for it. Beyond that a
// program that grows a text without end shall meet the limit of memory as early as
// if it were copied each time, and not spend its time with comparing such texts.
const (
	growFrom = 1 << 10
	growTo   = 64 << 10
)

// growText puts texts of size bytes together. Often a long text is made by
// adding short ones to what there is already, again and again. If the first text is
// the one that was made last, the others are written behind it: nobody has seen
// what is there, and whoever has the first text does not see it either.
func (c *Ctx) growText(texts []string, size int) string {
	b := c.grown
	if first := texts[0]; b != nil && b.Len() == len(first) && unsafe.StringData(b.String()) == unsafe.StringData(first) {
		texts = texts[1:]
	} else {
		b = new(strings.Builder)
		b.Grow(size)
	}
	for _, s := range texts {
		b.WriteString(s)
	}
	if c.grown = b; size > growTo {
		c.grown = nil
	}
	return b.String()
}
