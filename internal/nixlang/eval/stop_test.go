package eval_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"isomorph/internal/nixlang/eval"
)

// endless never ends and hides what it can from its caller.
const endless = "let f = n: if n == 0 then 0 else f (n - 1); loop = n: f 10 + loop2 (n + 1); loop2 = n: builtins.seq (f 10) (loop3 n); loop3 = n: if n < 0 then 1 else builtins.seq (f 1000) (loop4 n); loop4 = n: (x: x) (f 100); go = n: if n == 0 then 0 else loop 1 + go (n - 1); forever = list: builtins.foldl' (a: b: a + go 100) 0 list; in forever (builtins.genList (x: x) 1000000)"

// TestStop stops evaluations from outside, before and while they run, and wants
// an error with the cause and a place, of a kind that tryEval does not catch.
func TestStop(t *testing.T) {
	for _, early := range []bool{true, false} {
		st := newState(t, eval.Options{})
		stop := func() { st.Stop("stopped by the test", context.Canceled) }
		if early {
			stop()
		} else {
			time.AfterFunc(20*time.Millisecond, stop)
		}
		_, err := run(st, st.NewCtx(), endless)
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v, want one that is context.Canceled", err)
		}
		e, _ := errors.AsType[*eval.Error](err)
		if e.Kind != eval.KindStopped || e.Catchable() || e.Pos == 0 {
			t.Errorf("early %v: got kind %d, catchable %v, position %d", early, e.Kind, e.Catchable(), e.Pos)
		}
	}
}

// TestPoll: what does not call functions ends, too.
func TestPoll(t *testing.T) {
	st := newState(t, eval.Options{})
	c := st.NewCtx()
	if err := c.Try(c.Poll); err != nil {
		t.Fatalf("not stopped, but: %v", err)
	}
	st.Stop("stopped", nil)
	if err := c.Try(c.Poll); err == nil || err.Msg != "stopped" {
		t.Errorf("got %v, want stopped", err)
	}
}

// TestSteps: the limit of steps is exact, and the same at each run.
func TestSteps(t *testing.T) {
	const program = "let f = n: if n == 0 then 0 else 1 + f (n - 1); in f 50"
	enough := func() int {
		for limit := 1; ; limit++ {
			st := newState(t, eval.Options{MaxSteps: limit})
			if _, err := run(st, st.NewCtx(), program); err == nil {
				return limit
			} else if !strings.Contains(err.Error(), "max-eval-steps") {
				t.Fatal(err)
			}
		}
	}
	if a, b := enough(), enough(); a != b || a < 51 {
		t.Errorf("51 calls and what they do take %d steps and %d steps", a, b)
	}
	// Nested calls are still limited.
	st := newState(t, eval.Options{MaxSteps: 1000, MaxCallDepth: 20})
	if _, err := run(st, st.NewCtx(), program); err == nil || !strings.Contains(err.Error(), "max-call-depth") {
		t.Errorf("got %v, want an error of max-call-depth", err)
	}
}

// TestWatchMemory drives the watcher by hand.
func TestWatchMemory(t *testing.T) {
	st := newState(t, eval.Options{})
	tick, used := make(chan time.Time), new(atomic.Int64)
	defer st.WatchMemory(512<<20, tick, used.Load)()
	c := st.NewCtx()
	eval1 := func() string {
		if _, err := run(st, c, "(x: x) 1"); err != nil {
			return err.Error()
		}
		return ""
	}
	used.Store(512 << 20)
	tick <- time.Time{}
	tick <- time.Time{} // the first has been seen to
	if got := eval1(); got != "" {
		t.Errorf("at the limit: %s", got)
	}
	// A single large value is refused before it is made.
	if err := c.Try(func() { c.CheckStringSize(0, 8<<20) }); err == nil || !strings.Contains(err.Msg, "(it wants 8M at once)") {
		t.Errorf("a large string: %v", err)
	}
	if err := c.Try(func() { c.CheckStringSize(0, 8<<10) }); err != nil {
		t.Errorf("a small string: %v", err)
	}
	used.Add(1)
	want := "the evaluation needs more than 512M of memory, the limit that the setting max-eval-memory sets; if it is right to need more: --option max-eval-memory 1G"
	for deadline := time.After(time.Minute); ; {
		if got := eval1(); got == want {
			return
		} else if got != "" {
			t.Fatalf("got %s", got)
		}
		select {
		case <-deadline:
			t.Fatal("the evaluation was not stopped")
		case tick <- time.Time{}: // the watcher ends with the first that matters
		default:
		}
	}
}

// TestMemoryWithoutTicks: a watcher that never comes to it is not needed when
// there is little memory. Calls, strings and chains of thunks all look.
func TestMemoryWithoutTicks(t *testing.T) {
	for name, program := range map[string]string{
		"calls":    "let f = n: if n == 0 then 0 else f (n - 1); in f 5000",
		"a set":    "let f = n: s: if n == 0 then s else f (n - 1) (s // { b = n; }); in f 300 { a = 1; }",
		"a chain":  "builtins.foldl' (a: b: { x = a.x + b; }) { x = 0; } (builtins.genList (x: x) 100000)",
		"a string": "let f = n: s: if n == 0 then s else f (n - 1) (s + s); in f 23 \"a\"",
	} {
		st := newState(t, eval.Options{})
		c, used := st.NewCtx(), new(atomic.Int64)
		defer st.WatchMemory(512<<20, nil, used.Load)()
		if _, err := run(st, c, program); err != nil {
			t.Errorf("%s, within the limit: %v", name, err)
		}
		used.Store(513 << 20)
		if _, err := run(st, c, "("+program+").x or 1"); err == nil || !strings.Contains(err.Error(), "max-eval-memory") {
			t.Errorf("%s, beyond the limit: got %v", name, err)
		}
	}
}

// TestMemoryGarbage: what a collection frees does not count.
func TestMemoryGarbage(t *testing.T) {
	st := newState(t, eval.Options{})
	c := st.NewCtx()
	var asked int
	defer st.WatchMemory(512<<20, nil, func() int64 {
		if asked++; asked%2 == 1 {
			return 600 << 20 // before the collection
		}
		return 100 << 20
	})()
	if err := c.Try(func() { c.CheckStringSize(0, 8<<20) }); err != nil || asked != 2 {
		t.Errorf("asked %d times, %v", asked, err)
	}
}

// TestMemoryInUse checks that what is allocated is counted.
func TestMemoryInUse(t *testing.T) {
	runtime.GC() // what earlier tests left would be collected in between
	before := eval.MemoryInUse()
	b := make([]byte, 64<<20)
	if got := eval.MemoryInUse() - before; got < 60<<20 || got > 80<<20 {
		t.Errorf("64 MiB count as %d bytes", got)
	}
	b[0] = 1
}
