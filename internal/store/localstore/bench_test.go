package localstore_test

import (
	"fmt"
	"strings"
	"testing"

	"isomorph/internal/derivation"
	"isomorph/internal/store/localstore"
	"isomorph/internal/storepath"
)

// graphOf makes a graph of n derivations as an evaluation would.
func graphOf(tb testing.TB, n int) (paths []storepath.Path, drvs []*derivation.Derivation) {
	h := derivation.NewHasher(storepath.DefaultDir, nil)
	for i := range n {
		d := &derivation.Derivation{Name: fmt.Sprint("pkg-", i), System: "x86_64-linux", Builder: "/bin/sh",
			Outputs: derivation.TableOf(map[string]derivation.Output{"out": {}}),
			Env:     derivation.TableOf(map[string]string{"name": fmt.Sprint("pkg-", i), "script": strings.Repeat("x", 3000)})}
		for j := max(0, i-10); j < i; j++ {
			d.InputDrvs.Set(paths[j], []string{"out"})
		}
		p, err := h.Finish(d, func(derivation.File) error { return nil })
		if err != nil {
			tb.Fatal(err)
		}
		paths, drvs = append(paths, p), append(drvs, d)
	}
	return paths, drvs
}

func addAll(tb testing.TB, s *localstore.Store, drvs []*derivation.Derivation) {
	b := s.NewBatch(tb.Context())
	for _, d := range drvs {
		f, err := d.File(storepath.DefaultDir)
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := b.AddDerivation(tb.Context(), d, f); err != nil {
			tb.Fatal(err)
		}
	}
	if err := b.Commit(tb.Context()); err != nil {
		tb.Fatal(err)
	}
}

// BenchmarkDerivations adds 2,000 derivations to an empty store.
func BenchmarkDerivations(b *testing.B) {
	_, drvs := graphOf(b, 2000)
	for b.Loop() {
		opts := options(newRoot(b))
		opts.NoDurability = false
		s := open(b, opts)
		addAll(b, s, drvs)
		s.Close()
	}
}

// BenchmarkDerivationsWarm adds them where they are valid already.
func BenchmarkDerivationsWarm(b *testing.B) {
	_, drvs := graphOf(b, 2000)
	root := newRoot(b)
	s := open(b, options(root))
	addAll(b, s, drvs)
	s.Close()
	for b.Loop() {
		s := open(b, options(root))
		addAll(b, s, drvs)
		s.Close()
	}
}

// BenchmarkOpen opens a store and looks one path up.
func BenchmarkOpen(b *testing.B) {
	root := newRoot(b)
	s := open(b, options(root))
	p, err := s.AddText(b.Context(), "text", nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	s.Close()
	for b.Loop() {
		s := open(b, options(root))
		if _, err := s.Info(b.Context(), p); err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
}
