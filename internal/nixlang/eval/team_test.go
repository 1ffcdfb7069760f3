package eval_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"isomorph/internal/nixlang/eval"
	"isomorph/internal/nixlang/syntax"
)

// outcomes evaluates the attributes of a set in order, each to its end, and
// tells what each of them came to. Helpers do the same ahead.
func outcomes(t *testing.T, program string, helpers int) (all []string, st *eval.State, forced uint64) {
	t.Helper()
	st = newState(t, eval.Options{MaxCallDepth: 1000})
	st.AddPrimOp(&eval.PrimOp{Name: "pause", Arity: 1, Fn: func(c *eval.Ctx, pos eval.Pos, a args) eval.Value {
		for range 3 {
			runtime.Gosched()
		}
		return c.Force(a[0])
	}})
	var said []string
	st.AddPrimOp(&eval.PrimOp{Name: "say", Arity: 2, Fn: func(c *eval.Ctx, pos eval.Pos, a args) eval.Value {
		msg := c.ForceStringNoCtx(pos, a[0], "")
		c.Alone()
		said = append(said, msg)
		return c.Force(a[1])
	}})
	c := st.NewCtx()
	v, err := c.Eval(eval.Source{Text: []byte(program), Origin: syntax.Origin{Kind: syntax.OriginString}, BasePath: "/"})
	if err != nil {
		t.Fatal(err)
	}
	var attrs []eval.Attr
	for at := range c.Sorted(v.AsAttrs()) {
		attrs = append(attrs, at)
	}
	team := c.Ahead(helpers, len(attrs), func(c *eval.Ctx, job int) { c.ForceDeep(attrs[job].Value) })
	for _, at := range attrs {
		text := ""
		if err := c.Try(func() { c.ForceDeep(at.Value); text = c.PrintStrict(at.Value) }); err != nil {
			text = fmt.Sprintf("error %d: %s", err.Kind, err.Msg)
		}
		all = append(all, c.Name(at.Name)+": "+text)
	}
	team.End()
	if n := st.Faults(); n > 0 {
		t.Errorf("helpers have met %d faults of the evaluator", n)
	}
	return append(all, said...), st, c.Stats.Forced
}

// sameWithHelpers evaluates a program alone and with helpers, several times, as
// what happens between workers is a matter of chance.
func sameWithHelpers(t *testing.T, program string, clean bool) {
	t.Helper()
	want, _, forced := outcomes(t, program, 0)
	for round := range 6 {
		got, st, n := outcomes(t, program, 1+round%3)
		if st.InDoubt() {
			t.Fatalf("in doubt:\n%s", program)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("round %d:\n--- with helpers\n%s\n--- alone\n%s\n--- program\n%s", round, got[i], want[i], program)
			}
		}
		if len(got) != len(want) {
			t.Fatalf("%d messages, want %d", len(got), len(want))
		}
		if clean && n != forced {
			t.Fatalf("round %d: %d thunks were evaluated, %d alone: some more than once", round, n, forced)
		}
	}
}

// TestTeamShares has attributes that need one another, so that workers meet in
// the middle of thunks all the time. Each thunk must be evaluated once.
func TestTeamShares(t *testing.T) {
	for seed := range uint64(10) {
		sameWithHelpers(t, network(rand.New(rand.NewPCG(seed, 1)), 120, false), true)
	}
}

// TestTeamErrors has some attributes that fail: by throw and assertion, caught
// or not, by abort, and because they need themselves, over several others.
// Messages are shown on the way.
func TestTeamErrors(t *testing.T) {
	for seed := range uint64(30) {
		sameWithHelpers(t, network(rand.New(rand.NewPCG(seed, 2)), 60, true), false)
	}
}

// network writes a set whose attributes refer to one another, to earlier ones
// or, with failures, to any.
func network(r *rand.Rand, n int, failures bool) string {
	var b strings.Builder
	b.WriteString("let f = n: if n < 1 then 0 else 1 + f (n - 1); try = x: let r = __tryEval x; in if r.success then r.value else 0 - 1; s = {\n")
	for i := range n {
		ref := func() string {
			at := r.IntN(max(i, 1))
			if failures && r.IntN(12) == 0 {
				at = r.IntN(n)
			}
			return fmt.Sprintf("s.a%03d.v", at)
		}
		if i == 0 && !failures {
			ref = func() string { return "1" }
		}
		e := fmt.Sprintf("f %d + pause %s - %s", r.IntN(60), ref(), ref())
		if failures {
			switch r.IntN(14) {
			case 0:
				e = fmt.Sprintf("throw \"t%d\"", i)
			case 1:
				e = fmt.Sprintf("if pause (%s) < 0 then abort \"a%d\" else 0", ref(), i)
			case 2, 3, 4:
				e = fmt.Sprintf("try (pause %s) + try (%s + 1)", ref(), ref())
			case 5:
				e = fmt.Sprintf("let x = f 40 + %s; in assert x < 0; x", ref())
			case 6:
				e = fmt.Sprintf("say \"m%d\" (f 20 + %s)", i, ref())
			case 7:
				e = fmt.Sprintf("f (1500 + %s)", ref())
			case 8:
				e = fmt.Sprintf("try (__deepSeq s.a%03d 1)", r.IntN(n))
			}
		}
		fmt.Fprintf(&b, "  a%03d = { v = %s; l = map (x: x + %s) [ 1 2 (f 3) ]; };\n", i, e, ref())
	}
	b.WriteString("}; in s")
	return b.String()
}

// TestTeamFindsCircles has attributes that need each other, and workers that
// start at opposite ends of the circle.
func TestTeamFindsCircles(t *testing.T) {
	sameWithHelpers(t, `let s = rec {
		a = pause (b + 1); b = pause (c + 1); c = pause (d + 1); d = pause (e + 1); e = pause (a + 1);
		f = pause (g + 1); g = pause (f + 1); h = pause (__tryEval (pause i)).success; i = pause (j + 1); j = pause (throw "x");
	}; in s`, false)
}

// TestTeamKeepsFunctionsEqual: a thunk that were evaluated twice would be two
// functions.
func TestTeamKeepsFunctionsEqual(t *testing.T) {
	sameWithHelpers(t, `let
		g = n: { f = pause (x: x + n); };
		v = pause (g 1);
		l = map (n: [ (pause v).f v.f ]) [ 1 2 3 4 5 6 7 8 9 ];
		same = i: let x = [ v.f ]; in x == [ v.f ];
	in { a = map same l; b = map same l; c = [ v.f ] == [ v.f ]; d = map same l; e = map same l; f = same 1; g = same 2; }`, true)
}

// TestTeamIsStopped: whatever helpers are at, they end when they are told to.
func TestTeamIsStopped(t *testing.T) {
	st := newState(t, eval.Options{MaxCallDepth: 1 << 30})
	c := st.NewCtx()
	v, err := c.Eval(eval.Source{Text: []byte(`let f = n: f (n + 1); l = n: [ (l (n + 1)) ]; in { a = 1; b = f 0; c = l 0; d = f 1; }`), BasePath: "/"})
	if err != nil {
		t.Fatal(err)
	}
	team := c.Ahead(3, 4, func(c *eval.Ctx, job int) { c.ForceDeep(v.AsAttrs().At(job).Value) })
	c.ForceDeep(v.AsAttrs().At(0).Value)
	team.End()
	if got := c.ForceDeep(v.AsAttrs().At(0).Value).AsInt(); got != 1 {
		t.Errorf("a = %d", got)
	}
}
