package builtins_test

import (
	"testing"

	"isomorph/internal/nixlang/builtins"
)

func TestRelease(t *testing.T) {
	for version, want := range map[string]int{"": 34, builtins.DefaultNixVersion: 34, "2.18": 18, "2.25.5": 25, "2.36.0": 36, "2.35pre20260101": 35} {
		if got, err := builtins.Release(version); got != want || err != nil {
			t.Errorf("%q: %d, %v", version, got, err)
		}
	}
	for _, bad := range []string{"2.8", "2.17.1", "2.37", "2.3", "2.250", "3.0", "x", "2.36x"} {
		if _, err := builtins.Release(bad); err == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
}
