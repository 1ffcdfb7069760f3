package builtins

import (
	"isomorph/internal/nixlang/eval"
)

// controlPrims are the builtins about evaluation itself: order, errors,
// messages.
func (l *Library) controlPrims() []*eval.PrimOp {
	addContext := prim("__addErrorContext", "context value", "Return *value*; if that fails, add *context* to the error trace.", primAddErrorContext)
	addContext.NoTrace = true
	verbose := primSecond
	if l.opts.TraceVerbose {
		verbose = l.primTrace
	}
	return []*eval.PrimOp{
		prim("abort", "s", "End the evaluation with the error message *s*.", primAbort),
		prim("throw", "s", "Throw an error with the message *s*, which `tryEval` catches.", primThrow),
		addContext,
		prim("__tryEval", "e", "Evaluate *e* and return a set of `success` and `value`; errors of `throw` and `assert` give false.", l.primTryEval),
		prim("__seq", "e1 e2", "Evaluate *e1*, then return *e2*.", primSeq),
		prim("__deepSeq", "e1 e2", "Evaluate *e1* with all that it contains, then return *e2*.", primDeepSeq),
		prim("__trace", "e1 e2", "Show *e1* as a message, then return *e2*.", l.primTrace),
		prim("__traceVerbose", "e1 e2", "Like `trace` if verbose traces are asked for, else return *e2*.", verbose),
		prim("__warn", "e1 e2", "Show the string *e1* as a warning, then return *e2*.", l.primWarn),
		prim("break", "v", "Return *v*. (In a debugger it would stop here.)", primBreak),
		prim("__genericClosure", "attrset", "Return all sets reachable from `startSet` by `operator`, one for each `key`.", primGenericClosure),
	}
}

func primAbort(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	var ctx eval.ContextSet
	s := c.CoerceToString(0, args[0], &ctx, "while evaluating the error message passed to builtins.abort", 0)
	e := eval.Errorf(eval.KindAbort, 0, "evaluation aborted with the following error message: '%s'", s)
	e.FromExpr = true
	panic(e)
}

func primThrow(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	var ctx eval.ContextSet
	s := c.CoerceToString(0, args[0], &ctx, "while evaluating the error message passed to builtin.throw", 0)
	panic(&eval.Error{Kind: eval.KindThrown, Msg: s, FromExpr: true})
}

// primAddErrorContext makes its message only when an error passes.
func primAddErrorContext(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	if v, ok := eval.Peek(args[1]); ok {
		return v
	}
	message, value := args[0], args[1]
	var v eval.Value
	err := c.Try(func() { v = c.Force(value) })
	if err == nil {
		return v
	}
	var ctx eval.ContextSet
	msg := c.CoerceToString(0, message, &ctx, "while evaluating the error message passed to builtins.addErrorContext", eval.CoerceNoCopy)
	err.Trace = append(err.Trace, eval.Trace{Msg: msg, Always: true})
	panic(err)
}

func (l *Library) primTryEval(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	slot := args[0]
	if _, ok := eval.Peek(slot); !ok {
		if err := c.Try(func() { c.Force(slot) }); err != nil {
			if !err.Catchable() {
				panic(err)
			}
			return l.tryRec.Make(c, eval.False, eval.False)
		}
	}
	return l.tryRec.Make(c, eval.True, slot.Evaluated())
}

func primSeq(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	c.Force(args[0])
	return c.Force(args[1])
}

func primDeepSeq(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	c.ForceDeep(args[0])
	return c.Force(args[1])
}

func primSecond(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value { return c.Force(args[1]) }

func primBreak(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value { return c.Force(args[0]) }

func (l *Library) primTrace(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	v := c.Force(args[0])
	if v.IsString() {
		c.Alone()
		l.opts.Host.Trace(v.AsString())
	} else {
		c.Unaided() // unfinished thunks are shown as such
		l.opts.Host.Trace(c.PrintWith(v, eval.PrintOptions{TrackRepeated: true}))
	}
	return c.Force(args[1])
}

func (l *Library) primWarn(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	msg := c.ForceString(0, args[0], "while evaluating the first argument; the message passed to builtins.warn")
	c.Alone()
	if h, ok := l.opts.Host.(evaluationWarner); ok {
		h.EvaluationWarning(msg.AsString())
	} else {
		l.opts.Host.Warn(msg.AsString())
	}
	if l.opts.AbortOnWarn {
		panic(eval.Errorf(eval.KindAbort, 0, "aborting to reveal stack trace of warning, as abort-on-warn is set"))
	}
	return c.Force(args[1])
}

// evaluationWarner is a [Host] that tells warnings of the program ("evaluation
// warning: ...", as Nix shows them) from its own.
type evaluationWarner interface{ EvaluationWarning(msg string) }
