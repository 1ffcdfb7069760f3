package eval_test

import (
	"testing"

	"isomorph/internal/nixlang/eval"
	"isomorph/internal/nixlang/syntax"
)

// newState makes a State with the handful of builtins that the tests of the
// core need; package builtins has the real ones.
func newState(tb testing.TB, opts eval.Options) *eval.State {
	tb.Helper()
	st := eval.NewState(opts)
	st.AddConstant("true", eval.True)
	st.AddConstant("false", eval.False)
	st.AddConstant("null", eval.Null)
	for _, p := range prelude(st) {
		st.AddPrimOp(p)
	}
	return st
}

type args = []eval.Value

func prelude(st *eval.State) []*eval.PrimOp {
	outcome := st.NewRecord("success", "value")
	return []*eval.PrimOp{
		arith("__sub", func(a, b int64) eval.Value { return eval.Int(a - b) }),
		arith("__mul", func(a, b int64) eval.Value { return eval.Int(a * b) }),
		arith("__lessThan", func(a, b int64) eval.Value { return eval.Bool(a < b) }),
		{Name: "throw", Arity: 1, Fn: func(c *eval.Ctx, pos eval.Pos, a args) eval.Value {
			panic(eval.Errorf(eval.KindThrown, 0, "%s", c.ForceStringNoCtx(pos, a[0], "")))
		}},
		{Name: "abort", Arity: 1, Fn: func(c *eval.Ctx, pos eval.Pos, a args) eval.Value {
			panic(eval.Errorf(eval.KindAbort, 0, "%s", c.ForceStringNoCtx(pos, a[0], "")))
		}},
		{Name: "__tryEval", Arity: 1, Fn: func(c *eval.Ctx, pos eval.Pos, a args) eval.Value {
			v := eval.False
			err := c.Try(func() { v = c.Force(a[0]) })
			if err != nil && !err.Catchable() {
				panic(err)
			}
			return outcome.Make(c, eval.Bool(err == nil), v)
		}},
		{Name: "__seq", Arity: 2, Fn: func(c *eval.Ctx, pos eval.Pos, a args) eval.Value {
			c.Force(a[0])
			return a[1]
		}},
		{Name: "__deepSeq", Arity: 2, Fn: func(c *eval.Ctx, pos eval.Pos, a args) eval.Value {
			c.ForceDeep(a[0])
			return a[1]
		}},
		{Name: "map", Arity: 2, Fn: func(c *eval.Ctx, pos eval.Pos, a args) eval.Value {
			l := c.ForceList(pos, a[1], "while evaluating the second argument passed to builtins.map")
			out := make(args, len(l))
			for i, x := range l {
				out[i] = c.LazyCall(a[0], x)
			}
			return eval.List(out)
		}},
		{Name: "__genList", Arity: 2, Fn: func(c *eval.Ctx, pos eval.Pos, a args) eval.Value {
			out := make(args, c.ForceInt(pos, a[1], ""))
			for i := range out {
				out[i] = c.LazyCall(a[0], eval.Int(int64(i)))
			}
			return eval.List(out)
		}},
		{Name: "__foldl'", Arity: 3, Fn: func(c *eval.Ctx, pos eval.Pos, a args) eval.Value {
			acc := a[1]
			for _, x := range c.ForceList(pos, a[2], "") {
				acc = c.Call2(pos, a[0], acc, x)
			}
			return acc
		}},
		{Name: "__attrNames", Arity: 1, Fn: func(c *eval.Ctx, pos eval.Pos, a args) eval.Value {
			var out args
			for at := range c.Sorted(c.ForceAttrs(pos, a[0], "")) {
				out = append(out, eval.String(c.Name(at.Name)))
			}
			return eval.List(out)
		}},
	}
}

func arith(name string, f func(a, b int64) eval.Value) *eval.PrimOp {
	return &eval.PrimOp{Name: name, Arity: 2, Fn: func(c *eval.Ctx, pos eval.Pos, a args) eval.Value {
		return f(c.ForceInt(pos, a[0], "while evaluating the first argument"), c.ForceInt(pos, a[1], "while evaluating the second argument"))
	}}
}

func source(text string) eval.Source {
	return eval.Source{Text: []byte(text), BasePath: "/dir", Origin: syntax.Origin{Kind: syntax.OriginString}}
}

// run evaluates a text and prints all of its value.
func run(st *eval.State, c *eval.Ctx, text string) (out string, err error) {
	v, err := c.Eval(source(text))
	if err != nil {
		return "", err
	}
	if e := c.Try(func() { out = c.PrintStrict(v) }); e != nil {
		return "", e
	}
	return out, nil
}

// place returns where an error happened, by its position or that of the
// innermost frame that has one.
func place(st *eval.State, e *eval.Error) syntax.Position {
	if e.Pos != 0 {
		return st.Files().Position(e.Pos)
	}
	for _, t := range e.Trace {
		if t.Pos != 0 {
			return st.Files().Position(t.Pos)
		}
	}
	return syntax.Position{}
}
