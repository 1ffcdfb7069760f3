package eval_test

import (
	"slices"
	"testing"

	"isomorph/internal/nixlang/eval"
)

var (
	src  = eval.ContextElem{Kind: eval.ContextPath, Path: "b-src"}
	deep = eval.ContextElem{Kind: eval.ContextDrvDeep, Path: "a-x.drv"}
	out  = eval.ContextElem{Kind: eval.ContextOutput, Path: "a-x.drv", Output: "out"}
	dev  = eval.ContextElem{Kind: eval.ContextOutput, Path: "a-x.drv", Output: "dev"}
)

func TestContextMerge(t *testing.T) {
	a, b := eval.NewContext(out, src, out), eval.NewContext(dev, deep)
	want := []eval.ContextElem{src, deep, dev, out}
	if got := a.Merge(b).Elems(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	all := a.Merge(b)
	for _, x := range []*eval.Context{a, b, nil, eval.NewContext(dev), all} {
		if all.Merge(x) != all {
			t.Errorf("merging the part %v makes a new context", x.Elems())
		}
	}
	if got := eval.NewContext(dev).Merge(all); got != all {
		t.Errorf("merging with the whole makes a new context: %v", got.Elems())
	}
}

// TestContextSet adds one to many contexts: few are merged in turn, many at
// once.
func TestContextSet(t *testing.T) {
	elems := []eval.ContextElem{out, deep, src, dev, out, src}
	want := []eval.ContextElem{}
	var set eval.ContextSet
	if !set.Empty() || set.Context() != nil {
		t.Error("a new set is not empty")
	}
	for _, e := range elems {
		set.AddElem(e)
		want = append(want, e)
		if got, want := set.Context().Elems(), eval.NewContext(want...).Elems(); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

func FuzzContextElem(f *testing.F) {
	seeds := []string{src.String(), deep.String(), out.String(), "!", "=", ""}
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if e, ok := eval.ParseContextElem(s); ok && e.String() != s {
			t.Errorf("%q came back as %q", s, e.String())
		}
	})
}
