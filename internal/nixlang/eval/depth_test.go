package eval_test

import (
	"strings"
	"testing"

	"isomorph/internal/nixlang/eval"
)

// TestDeep evaluates programs that need far more stack than a Go program has
// for one goroutine, or that go on for ever.
func TestDeep(t *testing.T) {
	manyIfs := "let f = n: " + strings.Repeat("if n < 0 then 0 else ", 500) + "if n == 0 then 0 else 1 + f (n - 1); in f 5000"
	tests := []struct{ name, text, want string }{
		{"chain of thunks", "builtins.foldl' (a: i: a + i) 0 (builtins.genList (i: i) 10) + " +
			"(builtins.foldl' (acc: i: { n = acc.n + 1; }) { n = 0; } (builtins.genList (i: i) 100000)).n", "100045"},
		{"high function body", manyIfs, "5000"},
		{"long sum", strings.Repeat("1 + ", 20000) + "1", "20001"},
		{"nested lists", strings.Repeat("[", 3000) + strings.Repeat("]", 3000), strings.Repeat("[ ", 3000) + strings.Repeat("]", 1) + strings.Repeat(" ]", 2999)},
		{"endless functor", "{ __functor = self: self; } 1", "stack overflow; max-call-depth exceeded"},
		{"endless list", "let l = [ l ]; in builtins.deepSeq l 1", "1"},
		{"endless outPath", "let s = { outPath = s; }; in \"${s}\"", "stack overflow; max-call-depth exceeded"},
		{"endless set", "let f = n: { next = f (n + 1); }; in builtins.deepSeq (f 0) 1", "stack overflow; max-call-depth exceeded"},
		{"endless comparison", "let f = n: { next = f (n + 1); }; in f 0 == f 0", "stack overflow; max-call-depth exceeded"},
		{"endless tail call", "let f = x: f x; in f 1", "stack overflow; max-call-depth exceeded"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			st := newState(t, eval.Options{})
			got, err := run(st, st.NewCtx(), test.text)
			if err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("got %.200s, want %.200s", got, test.want)
			}
		})
	}
}

// TestDeepLimit is the control: calls beyond the default limit work when that
// is raised, and use several stacks.
func TestDeepLimit(t *testing.T) {
	st := newState(t, eval.Options{MaxCallDepth: 1_000_000})
	got, err := run(st, st.NewCtx(), "let f = n: if n == 0 then 0 else 1 + f (n - 1); in f 60000")
	if err != nil || got != "60000" {
		t.Errorf("got %s, %v, want 60000", got, err)
	}
}

// TestWorkerAfterError checks that a worker can go on after errors.
func TestWorkerAfterError(t *testing.T) {
	st := newState(t, eval.Options{})
	c := st.NewCtx()
	for range 3 {
		if _, err := run(st, c, "let f = x: f x; in f 1"); err == nil {
			t.Fatal("got no error")
		}
		if got, err := run(st, c, "let f = n: if n == 0 then 0 else 1 + f (n - 1); in f 5000"); err != nil || got != "5000" {
			t.Fatalf("got %s, %v, want 5000", got, err)
		}
	}
}

// TestTooLarge checks the limits on single values.
func TestTooLarge(t *testing.T) {
	c := newState(t, eval.Options{}).NewCtx()
	tests := []struct {
		f    func()
		want string // part of the message, "" for no error
	}{
		{func() { c.CheckStringSize(0, eval.MaxStringSize) }, ""},
		{func() { c.CheckStringSize(0, eval.MaxStringSize+1) }, "string too long"},
		{func() { c.CheckListSize(0, eval.MaxListSize) }, ""},
		{func() { c.CheckListSize(0, -1) }, "list too long"},
	}
	for i, test := range tests {
		got := ""
		if err := c.Try(test.f); err != nil {
			got = err.Msg
		}
		if (test.want == "") != (got == "") || !strings.Contains(got, test.want) {
			t.Errorf("%d: got %q, want %q", i, got, test.want)
		}
	}
}
