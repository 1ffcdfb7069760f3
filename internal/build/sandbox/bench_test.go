package sandbox_test

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"isomorph/internal/build/sandbox"
)

// BenchmarkRun measures what one sandbox costs, from nothing to nothing, with
// as many inputs as a small and a big derivation have.
func BenchmarkRun(b *testing.B) {
	for _, inputs := range []int{0, 20, 150} {
		b.Run(fmt.Sprintf("inputs=%d", inputs), func(b *testing.B) { benchmarkRun(b, inputs) })
	}
}

func benchmarkRun(b *testing.B, inputs int) {
	host := b.TempDir()
	before := cpuTime(b)
	for b.Loop() {
		dir, err := os.MkdirTemp(host, "")
		if err != nil {
			b.Fatal(err)
		}
		if err := runTrue(b, host, dir, inputs); err != nil {
			b.Fatal(err)
		}
	}
	// Wall time says little on a busy machine.
	b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op")
}

func cpuTime(b *testing.B) int64 {
	b.Helper()
	total := int64(0)
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var ru syscall.Rusage
		if err := syscall.Getrusage(who, &ru); err != nil {
			b.Fatal(err)
		}
		total += ru.Utime.Nano() + ru.Stime.Nano()
	}
	return total
}

func runTrue(b *testing.B, host, dir string, inputs int) error {
	for _, d := range []string{"root", "store"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			return err
		}
	}
	spec := sandbox.Spec{
		Root:  filepath.Join(dir, "root"),
		Binds: []sandbox.Bind{{Source: filepath.Join(dir, "store"), Target: "/nix/store", Writable: true}},
		Argv:  []string{"/bin/busybox", "true"}, Log: os.Stderr,
	}
	for i := range inputs {
		src := filepath.Join(host, fmt.Sprintf("input-%d", i))
		if err := os.MkdirAll(src, 0o755); err != nil {
			return err
		}
		spec.Binds = append(spec.Binds, sandbox.Bind{Source: src, Target: fmt.Sprintf("/nix/store/input-%d", i)})
	}
	spec.Binds = append(spec.Binds, sandbox.Bind{Source: busybox(b), Target: "/bin/busybox"})
	res, err := sandbox.Run(b.Context(), spec)
	if err == nil && !res.OK() {
		err = fmt.Errorf("busybox %v", res)
	}
	return err
}
