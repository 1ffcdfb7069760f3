package eval_test

import (
	"testing"

	"isomorph/internal/nixlang/eval"
)

// TestNoTree: programs do not need the trees that they were made of, whose memory
// later ones have got.
func TestNoTree(t *testing.T) {
	texts := []string{
		`let x = { a = 1; f = { y, z ? y, ... }@all: all // { inherit y z; }; }; in x.f { y = with x; a; w = [ ./p "s${"t"}" ]; }`,
		`rec { n = "k"; s = { ${n} = 2; k2 = 3; }; v = s.${n} or 4; h = s ? ${n}; m = s.${"missing" + n}; }.v`,
		`rec { n = "k"; s = { k = 2; }; m = s.${if true then "x" else n}; }.m`,
		`let f = a: b: assert a == b; a; in f { x = 1; } { x = 2; }`,
		`assert !(1 == 1 && true); 1`,
		string(manySource("rec").Text),
	}
	st := newState(t, eval.Options{})
	show := func(p *eval.Program) string {
		c := st.NewCtx()
		var out string
		if err := c.Try(func() { out = c.PrintStrict(c.Run(p)) }); err != nil {
			return st.RenderError(err, true)
		}
		return out
	}
	parse := func(text string, noTree bool) *eval.Program {
		src := source(text)
		src.NoTree = noTree
		p, err := st.Parse(src)
		if err != nil {
			t.Fatal(err)
		}
		if (p.Tree() == nil) != noTree {
			t.Fatalf("tree of %q: %v", text, p.Tree())
		}
		return p
	}
	var programs []*eval.Program
	for range 3 {
		for _, text := range texts {
			programs = append(programs, parse(text, true))
		}
	}
	for i, p := range programs {
		text := texts[i%len(texts)]
		if got, want := show(p), show(parse(text, false)); got != want {
			t.Errorf("%.60s: got %s\nwant %s", text, got, want)
		}
	}
}
