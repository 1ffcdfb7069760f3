package eval_test

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"isomorph/internal/nixlang/eval"
)

// TestLayers compares chains of // with maps, through every way to look at a
// set.
func TestLayers(t *testing.T) {
	c := newState(t, eval.Options{}).NewCtx()
	rnd := rand.New(rand.NewPCG(3, 4))
	names := make([]eval.Sym, 400)
	for i := range names {
		names[i] = c.Intern("n" + strconv.Itoa(i))
	}
	met := 0
	for round := range 60 {
		want := map[eval.Sym]int64{}
		a := set(c, 400, 0, true, func(i int) bool {
			in := rnd.IntN(1+round%4) == 0
			if in {
				want[names[i]] = int64(i)
			}
			return in
		})
		for step := range 40 {
			base := 1000 * (step + 1)
			few := 1 + rnd.IntN(30)
			b := set(c, 400, base, true, func(i int) bool {
				in := rnd.IntN(400) < few
				if in {
					want[names[i]] = int64(base + i)
				}
				return in
			})
			a = c.Update(a, b)
			if eval.Layered(a) {
				met++
			}
			if a.Len() != len(want) {
				t.Fatalf("round %d, step %d: %d attributes, want %d", round, step, a.Len(), len(want))
			}
			for _, k := range names {
				w, in := want[k]
				v, ok := a.Get(k)
				at, ok2 := a.GetAttr(k)
				if ok != in || ok2 != in || a.Has(k) != in || in && (v.AsInt() != w || at.Value.AsInt() != w || int64(at.Pos) != w) {
					t.Fatalf("round %d, step %d: %s is %v at %d, want %d", round, step, c.Name(k), v.AsInt(), at.Pos, w)
				}
			}
			if rnd.IntN(5) > 0 {
				continue
			}
			last, n := "", 0
			for at := range c.Sorted(a) {
				if name := c.Name(at.Name); name <= last || at.Value.AsInt() != want[at.Name] {
					t.Fatalf("round %d, step %d: %s after %s", round, step, name, last)
				} else {
					last = name
				}
				n++
			}
			if n != len(want) {
				t.Fatalf("round %d, step %d: %d sorted", round, step, n)
			}
		}
	}
	if met < 1000 {
		t.Errorf("only %d of the sets were layered", met)
	}
}

// TestLayersAreSmall: merging little into a big set again and again does not
// copy the big one each time.
func TestLayersAreSmall(t *testing.T) {
	c := newState(t, eval.Options{}).NewCtx()
	a := set(c, 10_000, 0, false, func(int) bool { return true })
	before := c.Stats.UpdateCopied
	for i := range 100 {
		a = c.Update(a, set(c, 10_000, 0, false, func(j int) bool { return i == j }))
	}
	if n := c.Stats.UpdateCopied - before; n > 100*100 {
		t.Errorf("%d attributes were copied", n)
	}
}
