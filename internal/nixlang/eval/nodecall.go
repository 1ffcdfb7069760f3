package eval

// lambdaNode is a function literal.
type lambdaNode struct{ fn *lambda }

func (n *lambdaNode) eval(_ *Ctx, e *env) Value {
	e.keep()
	return Value{ptr(&closure{n.fn, e}), uint64(kLambda)}
}

func (n *lambdaNode) delay(_ *Ctx, e *env) Value {
	e.keep()
	return Value{ptr(&closure{n.fn, e}), uint64(kLambda) | earlyBit}
}

// call1Node is a call with one argument.
type call1Node struct {
	suspension
	fun  node
	args [1]argument
	pos  Pos
}

func (n *call1Node) eval(c *Ctx, e *env) Value {
	f := n.fun.eval(c, e)
	switch f.kind() {
	case kLambda:
		cl := (*closure)(f.p)
		if cl.fn.hasFormals {
			return c.callFormals(cl, &n.args[0], e, n.pos)
		}
		if len(cl.fn.params) == 1 {
			return c.callLending(cl, n.args[:], e, n.pos)
		}
	case kPrimOp:
		if p := (*PrimOp)(f.p); p.Transient != 0 && p.Arity == 1 {
			return c.callTransient(p, n.args[:], e, n.pos)
		}
	}
	return c.call1(f, n.args[0].delay(c, e), n.pos)
}

// call2Node is a call with two arguments.
type call2Node struct {
	suspension
	fun  node
	args [2]argument
	pos  Pos
}

func (n *call2Node) eval(c *Ctx, e *env) Value {
	f := n.fun.eval(c, e)
	switch f.kind() {
	case kLambda:
		if cl := (*closure)(f.p); cl.fn.simple(2) {
			return c.callLending(cl, n.args[:], e, n.pos)
		}
	case kPrimOp:
		if p := (*PrimOp)(f.p); p.Transient != 0 && p.Arity == 2 {
			return c.callTransient(p, n.args[:], e, n.pos)
		}
	}
	return c.call2(f, n.args[0].delay(c, e), n.args[1].delay(c, e), n.pos)
}

// callNode is a call with any number of arguments.
type callNode struct {
	suspension
	fun  node
	args []argument
	pos  Pos
}

func (n *callNode) eval(c *Ctx, e *env) Value {
	f := n.fun.eval(c, e)
	switch f.kind() {
	case kLambda:
		if cl := (*closure)(f.p); cl.fn.simple(len(n.args)) {
			return c.callLending(cl, n.args, e, n.pos)
		}
	case kPrimOp:
		if p := (*PrimOp)(f.p); p.Transient != 0 && p.Arity == len(n.args) {
			return c.callTransient(p, n.args, e, n.pos)
		}
	}
	base := len(c.args)
	for i := range n.args {
		c.args = append(c.args, n.args[i].delay(c, e))
	}
	v := c.callN(f, c.args[base:len(c.args):len(c.args)], n.pos)
	c.args = c.args[:base]
	return v
}

type arithOp uint8

const (
	opSub arithOp = iota
	opMul
	opDiv
	opLess
)

// arithNode is an operator that is a call of a builtin with two arguments. It
// does small integers and floats by itself and leaves everything else, errors
// in particular, to the builtin.
type arithNode struct {
	suspension
	op   arithOp
	a, b operand
	fun  Value
	pos  Pos
}

func (n *arithNode) eval(c *Ctx, e *env) Value {
	c.enter(n.pos)
	a := n.a.eval(c, e)
	b := n.b.eval(c, e)
	c.depth--
	if a.kind() == kInt && b.kind() == kInt {
		x, y := int64(a.n)>>8, int64(b.n)>>8
		switch {
		case n.op == opLess:
			return Bool(x < y)
		case n.op == opSub:
			return Int(x - y)
		case n.op == opDiv && y != 0:
			return Int(x / y)
		case n.op == opMul && int64(int32(x)) == x && int64(int32(y)) == y:
			return Int(x * y)
		}
	}
	return c.call2(n.fun, a, b, n.pos)
}
