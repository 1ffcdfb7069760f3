package builtins_test

import (
	"testing"

	"isomorph/internal/nixlang/builtins"
)

func TestReleaseForms(t *testing.T) {
	for version, want := range map[string]int{
		"2.34.8": 34, "2.34": 34, "2.36.0pre20260101": 36, "2.36pre1": 36, "2.34.": 34, "2.34.x": 34,
		"2.034": 34, "2.0034.1": 0, "2.34x": 0, "2.+34": 0, "2.-1": 0, "2.": 0, "2": 0, "3.34.8": 0, "x2.34.8": 0, "2.34.8\n": 0, "2.3.1": 0, "2..1": 0,
	} {
		got, err := builtins.Release(version)
		if got != want || (err == nil) != (want != 0) {
			t.Errorf("%q: got %d, %v, want %d", version, got, err, want)
		}
	}
	if got, err := builtins.Release(""); err != nil || got == 0 {
		t.Errorf("the default: got %d, %v", got, err)
	}
}
