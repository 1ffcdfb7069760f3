package sandbox_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"

	"isomorph/internal/build/sandbox"
)

// TestBigProcess runs the tests of Run from a process that is big enough to
// use a launcher.
func TestBigProcess(t *testing.T) {
	ballast := make([]byte, 160<<20)
	for i := 0; i < len(ballast); i += 4096 {
		ballast[i] = 1
	}
	defer runtime.KeepAlive(ballast)
	t.Run("results", TestResults)
	t.Run("cancel", TestCancelKillsEverything)
	t.Run("daemons", TestDaemonsDieWithTheProgram)
	t.Run("errors", TestBadBinds)
	var out strings.Builder
	spec := shell(t, `busybox tr '\0' ' ' < /proc/1/cmdline; for f in /proc/self/fd/*; do echo ${f##*/}; done`)
	spec.Log = &out
	if res, err := sandbox.Run(t.Context(), spec); err != nil || !res.OK() {
		t.Fatal(res, err)
	}
	if got := strings.Fields(out.String()); strings.Join(got, " ") != "isomorph-sandbox-init 0 1 2 3" {
		t.Errorf("in the sandbox: %v", got) // 3 is the directory that the shell reads
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stop")
	cancel(stop)
	if _, err := sandbox.Run(ctx, spec); !errors.Is(err, stop) {
		t.Errorf("got %v, want %v", err, stop)
	}
}
