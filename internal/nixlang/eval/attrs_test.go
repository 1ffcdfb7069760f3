package eval_test

import (
	"slices"
	"strconv"
	"testing"

	"isomorph/internal/nixlang/eval"
)

func names(c *eval.Ctx, v eval.Value) []string {
	var out []string
	for at := range c.Sorted(v.AsAttrs()) {
		out = append(out, c.Name(at.Name)+"="+strconv.FormatInt(c.Force(at.Value).AsInt(), 10))
	}
	return out
}

func TestAttrsBuilder(t *testing.T) {
	build := func(first bool) []string {
		c := newState(t, eval.Options{}).NewCtx()
		b := c.NewAttrs(0)
		for i, n := range []string{"z", "a", "z", "", "Z", "a"} {
			b.SetName(n, eval.Int(int64(i)))
		}
		if first {
			return names(c, b.BuildFirst())
		}
		return names(c, b.Build())
	}
	if got, want := build(false), []string{"=3", "Z=4", "a=5", "z=2"}; !slices.Equal(got, want) {
		t.Errorf("Build: got %v, want %v", got, want)
	}
	if got, want := build(true), []string{"=3", "Z=4", "a=1", "z=0"}; !slices.Equal(got, want) {
		t.Errorf("BuildFirst: got %v, want %v", got, want)
	}
}

// TestAttrsSizes looks every name up in sets of sizes around those at which
// the way of searching changes, and in their unions.
func TestAttrsSizes(t *testing.T) {
	st := newState(t, eval.Options{})
	c := st.NewCtx()
	set := func(from, to int) *eval.Attrs {
		b := c.NewAttrs(to - from)
		for i := to - 1; i >= from; i-- {
			b.SetName("n"+strconv.Itoa(i), eval.Int(int64(i)))
		}
		return b.Build().AsAttrs()
	}
	for _, n := range []int{0, 1, 7, 8, 9, 47, 48, 49, 300} {
		a := set(0, n)
		for _, m := range []int{0, 1, 8, 60} {
			u := c.Update(a, set(n/2, n/2+m))
			if got, want := u.Len(), max(n, n/2+m); got != want {
				t.Errorf("%d // %d: got %d attributes, want %d", n, m, got, want)
			}
			for i := range u.Len() {
				v, ok := u.Get(c.Intern("n" + strconv.Itoa(i)))
				if !ok || v.AsInt() != int64(i) {
					t.Errorf("%d // %d: n%d is %v, %v", n, m, i, v, ok)
				}
			}
			if u.Has(c.Intern("other")) {
				t.Errorf("%d // %d has an attribute that nobody put there", n, m)
			}
		}
	}
}

func TestFilterAndMap(t *testing.T) {
	st := newState(t, eval.Options{})
	c := st.NewCtx()
	v, err := c.Eval(source("{ a = 1; b = 2; c = 3; }"))
	if err != nil {
		t.Fatal(err)
	}
	a := v.AsAttrs()
	kept := c.FilterAttrs(a, func(s eval.Sym) bool { return c.Name(s) != "b" })
	if got, want := names(c, kept), []string{"a=1", "c=3"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if at, _ := kept.AsAttrs().GetAttr(c.Intern("c")); st.Files().Position(at.Pos).Column != 17 {
		t.Errorf("a filtered attribute lost its position: %v", st.Files().Position(at.Pos))
	}
	f, err := c.Eval(source("name: value: value * 2"))
	if err != nil {
		t.Fatal(err)
	}
	mapped := c.LazyMapAttrs(f, a)
	if got, want := names(c, mapped), []string{"a=2", "b=4", "c=6"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if at, _ := mapped.AsAttrs().GetAttr(c.Intern("c")); at.Pos != 0 {
		t.Error("a mapped attribute has a position")
	}
	all := c.FilterAttrs(a, func(eval.Sym) bool { return true })
	if got, want := names(c, all), []string{"a=1", "b=2", "c=3"}; !slices.Equal(got, want) || all == v {
		t.Errorf("filtering that keeps all gives %v, the same set: %v", got, all == v)
	}
	if none := c.FilterAttrs(a, func(eval.Sym) bool { return false }); none != st.EmptyAttrs() {
		t.Error("filtering that keeps none makes a new set")
	}
}

func TestRecord(t *testing.T) {
	st := newState(t, eval.Options{})
	r := st.NewRecord("zeta", "alpha")
	c := st.NewCtx()
	if got, want := names(c, r.Make(c, eval.Int(1), eval.Int(2))), []string{"alpha=2", "zeta=1"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestAttrsBuilderReset makes sets with one builder: each has its own values,
// names and positions, whether or not it has the names of the one before.
func TestAttrsBuilderReset(t *testing.T) {
	c := newState(t, eval.Options{}).NewCtx()
	b := c.NewAttrs(0)
	build := func(pos eval.Pos, names ...string) eval.Value {
		b.Reset()
		for i, n := range names {
			b.SetAttr(eval.Attr{Name: c.Intern(n), Pos: pos, Value: eval.Int(int64(i))})
		}
		return b.Build()
	}
	for _, test := range []struct {
		got  eval.Value
		want []string
		pos  eval.Pos
	}{
		{build(0, "a", "b"), []string{"a=0", "b=1"}, 0},
		{build(0, "b", "a"), []string{"a=1", "b=0"}, 0},
		{build(5, "b", "a"), []string{"a=1", "b=0"}, 5},
		{build(0, "b", "a"), []string{"a=1", "b=0"}, 0},
		{build(0, "a"), []string{"a=0"}, 0},
		{build(0), nil, 0},
		{build(0, "a", "c"), []string{"a=0", "c=1"}, 0},
	} {
		if got := names(c, test.got); !slices.Equal(got, test.want) {
			t.Errorf("got %v, want %v", got, test.want)
		}
		if at, ok := test.got.AsAttrs().GetAttr(c.Intern("a")); ok && at.Pos != test.pos {
			t.Errorf("%v: got position %d, want %d", test.want, at.Pos, test.pos)
		}
	}
}
