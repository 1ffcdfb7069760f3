package pipeline

import (
	"context"
	"errors"
	"testing"

	"isomorph/internal/build"
	"isomorph/internal/derivation"
)

// countingBuilder counts what it is asked for.
type countingBuilder struct{ n int }

func (b *countingBuilder) Build(context.Context, build.Request) (*build.Result, error) {
	b.n++
	return nil, nil
}

func TestNothingIsBuiltInASandboxThatDoesNotHold(t *testing.T) {
	var inner countingBuilder
	proofs, verdict := 0, errors.New("it leaks")
	b := &provenBuilder{Builder: &inner, prove: func(context.Context) error { proofs++; return verdict }}
	program := build.Request{Derivation: &derivation.Derivation{Builder: "/bin/sh"}}
	download := build.Request{Derivation: &derivation.Derivation{Builder: "builtin:fetchurl"}}
	for range 2 {
		if _, err := b.Build(t.Context(), program); !errors.Is(err, verdict) {
			t.Errorf("got %v", err)
		}
	}
	if _, err := b.Build(t.Context(), download); err != nil || inner.n != 1 || proofs != 1 {
		t.Errorf("a download: %v, %d built, %d proofs", err, inner.n, proofs)
	}
	good := &provenBuilder{Builder: &inner, prove: func(context.Context) error { return nil }}
	if _, err := good.Build(t.Context(), program); err != nil || inner.n != 2 {
		t.Errorf("control: %v, %d built", err, inner.n)
	}
}
