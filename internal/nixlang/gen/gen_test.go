package gen_test

import (
	"math/rand/v2"
	"testing"

	"isomorph/internal/nixlang/gen"
	"isomorph/internal/nixlang/syntax"
)

func parse(text string) error {
	_, err := syntax.Parse([]byte(text), syntax.Options{PipeOperators: true, Symbols: syntax.NewSymbols(), Files: new(syntax.Files), BasePath: "/", Home: "/"})
	return err
}

func program(seed uint64) *gen.Node {
	return gen.Program(rand.New(rand.NewPCG(seed, 0)), gen.Options{})
}

// Equal seeds give equal programs, and different ones different programs.
func TestSeeds(t *testing.T) {
	seen := map[string]bool{}
	for seed := range uint64(200) {
		text := program(seed).String()
		if again := program(seed).String(); again != text {
			t.Fatalf("seed %d:\n%s\n%s", seed, text, again)
		}
		seen[text] = true
	}
	if len(seen) < 150 {
		t.Errorf("200 seeds give %d programs only", len(seen))
	}
}

// Nearly all programs are well-formed: what is not is an attribute that is
// defined twice.
func TestWellFormed(t *testing.T) {
	bad := 0
	for seed := range uint64(500) {
		if err := parse(program(seed).String()); err != nil {
			bad++
			t.Logf("seed %d: %v", seed, err)
		}
	}
	if bad > 75 {
		t.Errorf("%d of 500 programs do not parse", bad)
	}
}

// All that Shrink proposes has fewer nodes or is a literal, so that shrinking
// ends.
func TestShrink(t *testing.T) {
	proposed := 0
	for seed := range uint64(50) {
		p := program(seed)
		for _, s := range p.Shrink() {
			proposed++
			if s.Size() > p.Size()+1 {
				t.Errorf("seed %d: %d nodes become %d:\n%s\n%s", seed, p.Size(), s.Size(), p, s)
			}
		}
	}
	if proposed < 500 {
		t.Errorf("only %d smaller programs for 50 programs", proposed)
	}
}

// Damaged texts differ from the whole ones, mostly.
func TestCorrupt(t *testing.T) {
	changed := 0
	for seed := range uint64(100) {
		text := program(seed).String()
		if gen.Corrupt(rand.New(rand.NewPCG(seed, 1)), text) != text {
			changed++
		}
	}
	if changed < 80 {
		t.Errorf("%d of 100 texts were damaged", changed)
	}
}
