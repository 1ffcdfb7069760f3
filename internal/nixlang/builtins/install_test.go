package builtins_test

import (
	"testing"

	"isomorph/internal/nixlang/builtins"
)

func TestCheckNixVersion(t *testing.T) {
	for _, ok := range []string{builtins.DefaultNixVersion, "2.25", "2.25.5", "2.36.0", "2.35pre20260101"} {
		if err := builtins.CheckNixVersion(ok); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{"2.8", "2.24.9", "2.37", "2.3", "2.250", "3.0", "x", "2.36x"} {
		if builtins.CheckNixVersion(bad) == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
}
