package eval_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"isomorph/internal/nixlang/eval"
)

// fieldExprs are expressions of all kinds, and whether each, as an attribute of a
// set, is a literal without being finished.
var fieldExprs = []struct {
	text    string
	literal bool
	waits   bool // for being evaluated, with its compilation
}{
	{"f 1 2", false, true},
	{"let y = 3; in y + x", false, true},
	{"with { z = 4; }; z", false, true},
	{"if true then x else 6", false, true},
	{"assert true; 7", false, true},
	{"{ a = 1; } // { b = x; }", false, true},
	{"x == 5", false, true},
	{"{ a = [ x ]; }", true, true},
	{`{ ${if true then "a" else "b"} = x; }`, false, true},
	{"[ 1 x ]", true, true},
	{"[ ]", true, false},
	{"{ }", true, false},
	{"y: [ y ]", true, false},
	{"x", true, false},
	{"{ a = 8; }.a", false, false},
	{`"s"`, true, false},
	{"9", true, false},
	{strings.Repeat("(1 + ", 300) + "1" + strings.Repeat(")", 300), false, false},
	{"f " + strings.Repeat("(1 + ", 300) + "1" + strings.Repeat(")", 300) + " 2", false, true},
}

// manySource is a set of so many attributes that they are compiled when they are
// evaluated.
func manySource(rec string) eval.Source {
	var b strings.Builder
	b.WriteString("let x = 5; f = a: b: [ a b ]; in " + rec + " {")
	for i := range 190 {
		fmt.Fprintf(&b, "a%d = %s;", i, fieldExprs[i%len(fieldExprs)].text)
	}
	b.WriteString("}")
	return source(b.String())
}

func TestDeferredCompilation(t *testing.T) {
	st := newState(t, eval.Options{})
	for _, rec := range []string{"", "rec"} {
		c := st.NewCtx()
		v, err := c.Eval(manySource(rec))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 190 {
			x := fieldExprs[i%len(fieldExprs)]
			at, _ := v.AsAttrs().Get(c.Intern(fmt.Sprint("a", i)))
			if got := eval.Uncompiled(at); got != x.waits {
				t.Errorf("%q: not compiled is %v", x.text, got)
			}
			if got := at.IsLiteral(); got != x.literal {
				t.Errorf("%q: literal is %v", x.text, got)
			}
			want, err := run(st, c, "let x = 5; f = a: b: [ a b ]; in "+x.text)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.PrintStrict(at); got != want {
				t.Errorf("%q: got %s, want %s", x.text, got, want)
			}
			if eval.Uncompiled(at) {
				t.Errorf("%q was evaluated without being compiled", x.text)
			}
		}
	}
}

// TestDeferredByMany lets several workers come to an expression at once.
func TestDeferredByMany(t *testing.T) {
	st := newState(t, eval.Options{})
	p, err := st.Parse(manySource(""))
	if err != nil {
		t.Fatal(err)
	}
	out := make([]string, 8)
	var wg sync.WaitGroup
	for i := range out {
		wg.Go(func() {
			c := st.NewCtx()
			if err := c.Try(func() { out[i] = c.PrintStrict(c.Run(p)) }); err != nil {
				out[i] = err.Error()
			}
		})
	}
	wg.Wait()
	for _, s := range out {
		if s != out[0] || !strings.Contains(s, "a189 = ") {
			t.Fatalf("got %s", s)
		}
	}
}
