package syntax_test

import (
	"slices"
	"testing"

	"isomorph/internal/nixlang/syntax"
)

func TestClosest(t *testing.T) {
	known := []string{"stdenv", "fetchurl", "fetchzip", "fetchpatch", "lib", "libs", "x", "lib"}
	for name, want := range map[string][]string{
		"stdnev":  {"stdenv"},
		"stdenvv": {"stdenv"},
		"fetchrl": {"fetchurl"},
		"lob":     {"lib"},
		"lbi":     {"lib"},
		"y":       nil, // nothing of it is left
		"ab":      nil,
		"":        nil,
		"mkShell": nil,
	} {
		if got := syntax.Closest(name, known); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
