package eval_test

import (
	"runtime/debug"
	"testing"

	"isomorph/internal/nixlang/eval"
)

// TestMemoryPolicy checks that the former settings come back.
func TestMemoryPolicy(t *testing.T) {
	before := debug.SetGCPercent(77)
	defer debug.SetGCPercent(before)
	limit := debug.SetMemoryLimit(-1)
	stop := eval.MemoryPolicy{Total: 1 << 33}.Start()
	if got, want := debug.SetMemoryLimit(-1), int64(1<<33/5*2); got != want {
		t.Errorf("got limit %d, want %d", got, want)
	}
	stop()
	if got := debug.SetGCPercent(77); got != 77 {
		t.Errorf("got %d %%, want 77", got)
	}
	if got := debug.SetMemoryLimit(-1); got != limit {
		t.Errorf("got limit %d, want %d", got, limit)
	}
}
