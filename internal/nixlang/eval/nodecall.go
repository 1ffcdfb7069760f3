package eval

// lambdaNode is a function literal.
type lambdaNode struct{ fn *lambda }

func (n *lambdaNode) eval(_ *Ctx, e *env) Value {
	return Value{ptr(&closure{n.fn, e}), uint64(kLambda)}
}

func (n *lambdaNode) delay(_ *Ctx, e *env) Value {
	return Value{ptr(&closure{n.fn, e}), uint64(kLambda) | earlyBit}
}

// call1Node is a call with one argument.
type call1Node struct {
	suspension
	fun, arg node
	pos      Pos
}

func (n *call1Node) eval(c *Ctx, e *env) Value {
	f := n.fun.eval(c, e)
	return c.call1(f, n.arg.delay(c, e), n.pos)
}

// call2Node is a call with two arguments.
type call2Node struct {
	suspension
	fun, a, b node
	pos       Pos
}

func (n *call2Node) eval(c *Ctx, e *env) Value {
	f := n.fun.eval(c, e)
	return c.call2(f, n.a.delay(c, e), n.b.delay(c, e), n.pos)
}

// callNode is a call with any number of arguments.
type callNode struct {
	suspension
	fun  node
	args []node
	pos  Pos
}

func (n *callNode) eval(c *Ctx, e *env) Value {
	f := n.fun.eval(c, e)
	if f.kind() == kLambda {
		cl := (*closure)(f.p)
		if fn := cl.fn; len(fn.params) == 3 && len(n.args) == 3 {
			return n.call3(c, cl, e)
		}
	}
	base := len(c.args)
	for _, a := range n.args {
		c.args = append(c.args, a.delay(c, e))
	}
	v := c.callN(f, c.args[base:len(c.args):len(c.args)], n.pos)
	c.args = c.args[:base]
	return v
}

func (n *callNode) call3(c *Ctx, cl *closure, e *env) Value {
	c.enter(n.pos)
	f := c.newEnv(cl.env, 3)
	*f.slot(0) = n.args[0].delay(c, e)
	*f.slot(1) = n.args[1].delay(c, e)
	*f.slot(2) = n.args[2].delay(c, e)
	v := c.runBody(cl.fn, f, n.pos)
	c.depth--
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
