package eval

import "isomorph/internal/nixlang/syntax"

func (k *compiler) lambda(e *syntax.Lambda) node {
	fn := &lambda{slots: e.FrameSize(), hasFormals: e.HasFormals, ellipsis: e.Ellipsis, hasArg: e.HasFormals && e.Arg != 0}
	l := e
	for i := range int(e.Fused) {
		if i > 0 {
			l = l.Body.(*syntax.Lambda)
		}
		fn.params = append(fn.params, param{l.Arg, l.Name, l.At})
	}
	fn.name, fn.innerPos = l.Name, l.At
	for _, f := range e.Formals {
		var def node
		if f.Default != nil {
			def = k.expr(f.Default)
		}
		fn.formals = append(fn.formals, formal{f.Name, f.At, def})
	}
	k.height = 0
	fn.body = k.expr(e.Innermost())
	if k.height > heavyHeight {
		fn.height = k.height
	}
	k.height = 0
	return &lambdaNode{fn: fn}
}

func (k *compiler) call(e *syntax.Call) node {
	fun, args := k.expr(e.Fun), k.arguments(e.Args)
	if n := arithmetic(e, fun, args); n != nil {
		return suspend(n)
	}
	switch len(args) {
	case 1:
		return suspend(&call1Node{fun: fun, args: [1]argument(args), pos: e.At})
	case 2:
		return suspend(&call2Node{fun: fun, args: [2]argument(args), pos: e.At})
	}
	return suspend(&callNode{fun: fun, args: args, pos: e.At})
}

func (k *compiler) arguments(l []syntax.Expr) []argument {
	out := make([]argument, len(l))
	for i, e := range l {
		out[i] = newArgument(k.expr(e))
	}
	return out
}

// arithmetic returns the node of an operator that is surely a builtin, else
// nil.
func arithmetic(e *syntax.Call, fun node, args []argument) suspendable {
	f, ok := fun.(*constNode)
	if !ok || f.v.kind() != kPrimOp || len(args) != 2 {
		return nil
	}
	var op arithOp
	switch e.Op {
	case syntax.OpSub, syntax.OpNegate:
		op = opSub
	case syntax.OpMul:
		op = opMul
	case syntax.OpDiv:
		op = opDiv
	case syntax.OpLess, syntax.OpGreater:
		op = opLess
	default:
		return nil
	}
	what := "while calling the '" + f.v.AsPrimOp().ShortName() + "' builtin"
	return &arithNode{op: op, a: newOperand(args[0].node, e.At, what), b: newOperand(args[1].node, e.At, what), fun: f.v, pos: e.At}
}
