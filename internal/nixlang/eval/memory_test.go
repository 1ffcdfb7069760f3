package eval_test

import (
	"runtime"
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
	if got, want := debug.SetMemoryLimit(-1), int64(1<<33/5*4); got != want {
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

// TestMemoryPolicyGrowsStack looks at how much memory stacks have.
func TestMemoryPolicyGrowsStack(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection shrinks stacks
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	stop := eval.MemoryPolicy{Total: 1 << 33}.Start()
	runtime.ReadMemStats(&after)
	stop()
	if n := int64(after.StackInuse) - int64(before.StackInuse); n < 3<<20 {
		t.Errorf("stacks have %d bytes more", n)
	}
}

// TestHeapSize: a small heap may grow to what is free, a large one in
// proportion to what is in use.
func TestHeapSize(t *testing.T) {
	const mb = 1 << 20
	for _, c := range []struct {
		free, live int64
		want       int // percent
	}{
		{256 * mb, 0, 6300},
		{256 * mb, 64 * mb, 300},
		{256 * mb, 80 * mb, 220},
		{256 * mb, 128 * mb, 160},
		{256 * mb, 200 * mb, 160},
		{256 * mb, 1000 * mb, 160},
	} {
		if got := eval.GCPercent(c.free, c.live); got != c.want {
			t.Errorf("%d MB in use, %d free: got %d %%, want %d", c.live/mb, c.free/mb, got, c.want)
		}
	}
}

// TestMemoryPolicyAdjusts waits for a collection to set the percentage anew.
func TestMemoryPolicyAdjusts(t *testing.T) {
	stop := eval.MemoryPolicy{Total: 1 << 33, Free: 64 << 20}.Start()
	defer stop()
	const mark = 9999
	debug.SetGCPercent(mark)
	kept := make([]byte, 20<<20)
	for range 1000 {
		runtime.GC()
		if now := debug.SetGCPercent(mark); now != mark {
			if now < 160 || now > 300 {
				t.Errorf("got %d %% with 20 of 64 MB in use", now)
			}
			runtime.KeepAlive(kept)
			return
		}
	}
	t.Error("a collection did not change the percentage")
}

// TestMemoryPolicyOfFullHeap: what a command holds before it evaluates counts as
// in use from the start.
func TestMemoryPolicyOfFullHeap(t *testing.T) {
	kept := make([]byte, 40<<20)
	runtime.GC()
	stop := eval.MemoryPolicy{Total: 1 << 33, Free: 64 << 20}.Start()
	defer stop()
	if now := debug.SetGCPercent(80); now > 160 {
		t.Errorf("got %d %% with 40 of 64 MB in use", now)
	}
	runtime.KeepAlive(kept)
}
