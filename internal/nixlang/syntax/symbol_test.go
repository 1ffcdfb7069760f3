package syntax_test

import (
	"fmt"
	"sync"
	"testing"

	"isomorph/internal/nixlang/syntax"
)

func TestSymbols(t *testing.T) {
	s := syntax.NewSymbols()
	a := s.Intern("a")
	if got := s.InternBytes([]byte("a")); got != a {
		t.Errorf("same name: got %d and %d", a, got)
	}
	if _, ok := s.Lookup("b"); ok {
		t.Error("b is known before it was interned")
	}
	if empty := s.Intern(""); empty == 0 || s.Name(empty) != "" {
		t.Error("the empty name must have a symbol of its own")
	}
	if got := s.Name(0); got != "" {
		t.Errorf("name of zero: %q", got)
	}
}

// Many goroutines intern the same names in different orders and must agree.
func TestSymbolsConcurrently(t *testing.T) {
	const workers, names = 8, 20_000
	s := syntax.NewSymbols()
	got := make([][]syntax.Symbol, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			got[w] = make([]syntax.Symbol, names)
			for i := range names {
				n := (i*7919 + w*131) % names
				got[w][n] = s.Intern(fmt.Sprint("name", n))
			}
		})
	}
	wg.Wait()
	if s.Len() != names {
		t.Errorf("got %d symbols, want %d", s.Len(), names)
	}
	for n, sym := range got[0] {
		if want := fmt.Sprint("name", n); s.Name(sym) != want {
			t.Fatalf("symbol %d: got %s, want %s", sym, s.Name(sym), want)
		}
		for w := range workers {
			if got[w][n] != sym {
				t.Fatalf("name%d: got %d and %d", n, sym, got[w][n])
			}
		}
	}
}

func TestInternKnownNameAllocatesNothing(t *testing.T) {
	s := syntax.NewSymbols()
	name := []byte("callPackage")
	s.InternBytes(name)
	if n := testing.AllocsPerRun(100, func() { s.InternBytes(name) }); n != 0 {
		t.Errorf("got %v allocations", n)
	}
}
