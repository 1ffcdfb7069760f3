package eval_test

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"isomorph/internal/nixlang/eval"
)

// set makes a set of those of n names that in accepts; the attribute of name i
// has the value base+i and, with places, that as its position, too.
func set(c *eval.Ctx, n, base int, places bool, in func(i int) bool) *eval.Attrs {
	b := c.NewAttrs(n)
	for i := range n {
		if in(i) {
			a := eval.Attr{Name: c.Intern("n" + strconv.Itoa(i)), Value: eval.Int(int64(base + i))}
			if places {
				a.Pos = eval.Pos(base + i)
			}
			b.SetAttr(a)
		}
	}
	return b.Build().AsAttrs()
}

// TestUnions compares // with its definition, for sets of all proportions, of
// which every second pair has the same names as the one before.
func TestUnions(t *testing.T) {
	c := newState(t, eval.Options{}).NewCtx()
	rnd := rand.New(rand.NewPCG(1, 2))
	for round := range 400 {
		n := 1 + rnd.IntN(1500)
		shareA, shareB := rnd.Float64(), rnd.Float64()
		if round%3 == 0 {
			shareB /= 50
		} else if round%3 == 1 {
			shareA /= 50
		}
		inA, inB := make([]bool, n), make([]bool, n)
		for i := range n {
			inA[i], inB[i] = rnd.Float64() < shareA, rnd.Float64() < shareB
		}
		placesA, placesB := rnd.IntN(2) == 0, rnd.IntN(2) == 0
		a := set(c, n, 10_000, placesA, func(i int) bool { return inA[i] })
		for again := range 2 {
			base := 20_000
			if again == 1 && round%2 == 0 {
				base = 30_000 // the same names in other places
			}
			b := set(c, n, base, placesB, func(i int) bool { return inB[i] })
			u := c.Update(a, b)
			count := 0
			for i := range n {
				at, ok := u.GetAttr(c.Intern("n" + strconv.Itoa(i)))
				want, places := 10_000+i, placesA
				if inB[i] {
					want, places = base+i, placesB
				}
				if ok != (inA[i] || inB[i]) || ok && at.Value.AsInt() != int64(want) || ok && places != (int(at.Pos) == want) {
					t.Fatalf("round %d: attribute %d of %d // %d: got %v at %d, %v", round, i, a.Len(), b.Len(), at.Value.AsInt(), at.Pos, ok)
				}
				if ok {
					count++
				}
			}
			if u.Len() != count {
				t.Fatalf("round %d: got %d attributes, want %d", round, u.Len(), count)
			}
		}
	}
}

// TestUnionsShareNames: what is known about the names of a big set is not found
// out again for another one of the same names.
func TestUnionsShareNames(t *testing.T) {
	c := newState(t, eval.Options{}).NewCtx()
	big := set(c, 1000, 0, true, func(i int) bool { return i%10 != 0 })
	layer := func() *eval.Attrs { return set(c, 1000, 5000, false, func(i int) bool { return i%100 == 0 }) }
	x, y := c.UpdateFlat(big, layer()), c.UpdateFlat(big, layer())
	if !eval.SameShape(x, y) {
		t.Error("two unions of the same names have two shapes")
	}
	x.Has(c.Intern("n1"))
	z := c.UpdateFlat(x, set(c, 1000, 7000, true, func(i int) bool { return i == 100 }))
	if !eval.SameIndex(x, z) {
		t.Error("a union with no new names has another index")
	}
}
