package eval

import (
	"strings"

	"isomorph/internal/nixlang/syntax"
)

// bool evaluates an operand that must give a truth value.
func (o *operand) bool(c *Ctx, e *env) bool {
	v := o.eval(c, e)
	if v.kind() != kBool {
		c.pushMsg(o.pos, o.what)
		c.throwExpected("a Boolean", v, o.pos)
	}
	return v.AsBool()
}

// ifNode is if cond then then else els.
type ifNode struct {
	suspension
	cond      operand
	then, els node
}

func (n *ifNode) eval(c *Ctx, e *env) Value {
	if n.cond.bool(c, e) {
		return n.then.eval(c, e)
	}
	return n.els.eval(c, e)
}

// notNode is !x.
type notNode struct {
	suspension
	x operand
}

func (n *notNode) eval(c *Ctx, e *env) Value {
	return Bool(!n.x.bool(c, e))
}

// operands are the two sides of an operator and where they are.
type operands struct {
	suspension
	a, b operand
	pos  Pos
}

type andNode struct{ operands }

func (n *andNode) eval(c *Ctx, e *env) Value {
	return Bool(n.a.bool(c, e) &&
		n.b.bool(c, e))
}

type orNode struct{ operands }

func (n *orNode) eval(c *Ctx, e *env) Value {
	return Bool(n.a.bool(c, e) ||
		n.b.bool(c, e))
}

type implNode struct{ operands }

func (n *implNode) eval(c *Ctx, e *env) Value {
	return Bool(!n.a.bool(c, e) ||
		n.b.bool(c, e))
}

// equalNode is a == b or, negated, a != b.
type equalNode struct {
	operands
	negate bool
}

func (n *equalNode) eval(c *Ctx, e *env) Value {
	a := n.a.eval(c, e)
	b := n.b.eval(c, e)
	c.enter(n.pos)
	equal := c.equalOperands(a, b, n.pos)
	c.depth--
	return Bool(equal != n.negate)
}

// assertNode is assert cond; body.
type assertNode struct {
	suspension
	cond operand
	body node
	pos  Pos
	text string     // of cond, for messages
	eq   *equalNode // cond, if that is an equality
}

func (n *assertNode) eval(c *Ctx, e *env) Value {
	if !n.cond.bool(c, e) {
		n.fail(c, e)
	}
	return n.body.eval(c, e)
}

func (n *assertNode) fail(c *Ctx, e *env) {
	if n.eq != nil {
		c.explainInequality(n, e)
	}
	panic(Errorf(KindAssertion, n.pos, "assertion '%s' failed", n.text).Advise("the condition behind 'assert' is false and has to be true: change what it asks about, or the condition"))
}

// explainInequality throws an error that says in what the two sides differ.
// The sides are evaluated once more, as Nix does.
func (c *Ctx) explainInequality(n *assertNode, e *env) {
	err := c.Try(func() {
		a := n.eq.a.value.eval(c, e)
		b := n.eq.b.value.eval(c, e)
		c.assertEqual(a, b, n.eq.pos, true)
	})
	if err == nil {
		return
	}
	if err.Catchable() {
		err.Withf(n.pos, "while evaluating the condition of the assertion '%s'", n.text)
	}
	panic(err)
}

// curPosNode is __curPos.
type curPosNode struct {
	suspension
	pos Pos
}

func (n *curPosNode) eval(c *Ctx, _ *env) Value { return c.PosValue(n.pos) }

// PosValue returns { file; line; column; } of a place in a file, null for
// every other place. Line and column are thunks, as in Nix, which shows when
// the set is printed.
func (c *Ctx) PosValue(p Pos) Value {
	at := c.st.files.Position(p)
	if !at.IsValid() || at.Kind != syntax.OriginFile {
		return Null
	}
	b := c.NewAttrs(3)
	b.Set(SymFile, String(strings.TrimPrefix(at.Name, InternalPrefix)))
	b.Set(SymLine, c.lazyInt(at.Line))
	b.Set(SymColumn, c.lazyInt(at.Column))
	return b.Build()
}

// lazyInt makes a thunk of a number.
func (c *Ctx) lazyInt(n int) Value {
	return c.Lazy(func(*Ctx) Value { return Int(int64(n)) })
}
