package syntax

// power describes a binary operator: how strongly it binds and to which side.
type power struct {
	level uint8
	side  side
	op    Op
}

type side uint8

const (
	left side = iota
	right
	neither // a == b == c is an error
)

// Levels of operators that the parser names.
const (
	levelNot    = 7
	levelNegate = 12
)

// powers are the binary operators by token, in the order of the %left, %right
// and %nonassoc lines of parser.y. Level zero: not an operator.
var powers = [numKinds]power{
	tImpl:     {1, right, OpImpl},
	tOr:       {2, left, OpOr},
	tAnd:      {3, left, OpAnd},
	tEq:       {4, neither, OpEq},
	tNeq:      {4, neither, OpNotEq},
	tLess:     {5, neither, OpLess},
	tGreater:  {5, neither, OpGreater},
	tLeq:      {5, neither, OpGreater},
	tGeq:      {5, neither, OpLess},
	tUpdate:   {6, right, OpUpdate},
	tPlus:     {8, left, OpNone},
	tMinus:    {8, left, OpSub},
	tStar:     {9, left, OpMul},
	tSlash:    {9, left, OpDiv},
	tConcat:   {10, right, OpConcat},
	tQuestion: {11, left, OpNone}, // %nonassoc upstream, but its right side is no operand
}

// pipes reads an operator expression and the pipes around it, which bind
// weaker than all operators and cannot be mixed.
func (p *parser) pipes() Expr {
	e := p.operators(1)
	switch p.tok.kind {
	case tPipeFrom:
		at := p.posOf(p.tok)
		p.next()
		return p.apply(at, e, p.pipeFrom())
	case tPipeInto:
		for p.tok.kind == tPipeInto {
			at := p.posOf(p.tok)
			p.next()
			e = p.apply(at, p.operators(1), e)
		}
	}
	return e
}

func (p *parser) pipeFrom() Expr {
	p.enter()
	e := p.operators(1)
	if p.tok.kind == tPipeFrom {
		at := p.posOf(p.tok)
		p.next()
		e = p.apply(at, e, p.pipeFrom())
	}
	p.depth--
	return e
}

// operators reads operands joined by operators of at least the given level.
func (p *parser) operators(level uint8) Expr {
	p.enter()
	start := p.posOf(p.tok)
	e := p.operand()
	for {
		w := powers[p.tok.kind]
		if w.level == 0 || w.level < level {
			break
		}
		e = p.binary(w, start, e)
		if w.side == neither && powers[p.tok.kind].level == w.level {
			p.unexpected()
		}
	}
	p.depth--
	return e
}

// operand reads an application, or a prefix operator with its operand.
func (p *parser) operand() Expr {
	switch p.tok.kind {
	case tNot:
		p.next()
		return p.not(p.operators(levelNot + 1))
	case tMinus:
		at := p.posOf(p.tok)
		p.next()
		zero := p.ints.alloc()
		return p.primop(OpNegate, p.well.sub, at, zero, p.operators(levelNegate+1))
	}
	return p.application()
}

// binary reads the rest of an operator expression from the operator on.
func (p *parser) binary(w power, start Pos, x Expr) Expr {
	k, at := p.tok.kind, p.posOf(p.tok)
	p.next()
	if k == tQuestion {
		return p.question(x)
	}
	level := w.level + 1
	if w.side == right {
		level = w.level
	}
	second := p.posOf(p.tok)
	y := p.operators(level)
	switch k {
	case tPlus:
		return p.concat(at, false, ConcatPart{start, x}, ConcatPart{second, y})
	case tMinus:
		return p.primop(w.op, p.well.sub, at, x, y)
	case tStar:
		return p.primop(w.op, p.well.mul, at, x, y)
	case tSlash:
		return p.primop(w.op, p.well.div, at, x, y)
	case tLess:
		return p.primop(w.op, p.well.lessThan, at, x, y)
	case tGreater:
		return p.primop(w.op, p.well.lessThan, at, y, x)
	case tLeq:
		return p.not(p.primop(w.op, p.well.lessThan, at, y, x))
	case tGeq:
		return p.not(p.primop(w.op, p.well.lessThan, at, x, y))
	}
	b := p.slabs.binary.alloc()
	*b = Binary{Op: w.op, Left: x, Right: y, At: at}
	return b
}

func (p *parser) question(x Expr) Expr {
	mark := len(p.nameStack)
	h := p.hasAttr.alloc()
	*h = HasAttr{Subject: x, Path: p.names.copy(p.attrPath())}
	p.nameStack = p.nameStack[:mark]
	return h
}

func (p *parser) not(x Expr) Expr {
	n := p.nots.alloc()
	n.X = x
	return n
}

func (p *parser) concat(at Pos, forceString bool, parts ...ConcatPart) Expr {
	c := p.concats.alloc()
	*c = Concat{ForceString: forceString, Parts: p.parts.copy(parts), At: at}
	return c
}

// primop makes the call that an operator stands for. The name is looked up in
// scope, as upstream does.
func (p *parser) primop(op Op, name Symbol, at Pos, x, y Expr) Expr {
	fun := p.vars.alloc()
	fun.Name = name
	c := p.calls.alloc()
	*c = Call{Fun: fun, Args: p.exprs.copy([]Expr{x, y}), At: at, Op: op}
	return c
}

// apply makes the call fun arg; if fun is a call, even one in parentheses, arg
// becomes one more of its arguments.
func (p *parser) apply(at Pos, fun, arg Expr) Expr {
	if c, ok := fun.(*Call); ok {
		c.Args = append(c.Args, arg)
		c.Op = OpNone
		return c
	}
	c := p.calls.alloc()
	*c = Call{Fun: fun, Args: p.exprs.copy([]Expr{arg}), At: at}
	return c
}

// application reads a function and its arguments.
func (p *parser) application() Expr {
	at := p.posOf(p.tok)
	e := p.selection()
	if !startsSimple[p.tok.kind] {
		return e
	}
	mark := len(p.exprStack)
	for startsSimple[p.tok.kind] {
		arg := p.argument()
		p.exprStack = append(p.exprStack, arg)
	}
	args := p.exprStack[mark:]
	if c, ok := e.(*Call); ok {
		c.Args = p.exprs.copy(append(c.Args[:len(c.Args):len(c.Args)], args...))
		c.Op = OpNone
	} else {
		c := p.calls.alloc()
		*c = Call{Fun: e, Args: p.exprs.copy(args), At: at}
		e = c
	}
	p.exprStack = p.exprStack[:mark]
	return e
}
