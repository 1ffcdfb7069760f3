package eval_test

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"isomorph/internal/nixlang/eval"
)

// TestHugePages looks at what the kernel has been asked for, and that the memory
// is free again without a collection.
func TestHugePages(t *testing.T) {
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage"); err != nil {
		t.Skip("the kernel has no huge pages")
	}
	const unit = 16 << 20
	size := (advised(t)/unit + 5) * unit             // more than another test has asked for
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection would keep stacks until it ends
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	eval.UseHugePages(size)
	runtime.ReadMemStats(&after)
	if got := advised(t); got < size {
		t.Errorf("%d bytes are to be in huge pages, want %d", got, size)
	}
	if after.StackInuse >= before.StackInuse+unit {
		t.Errorf("stacks have %d bytes, had %d", after.StackInuse, before.StackInuse)
	}
}

// advised returns how many bytes of this process are to be in huge pages.
func advised(t *testing.T) (sum int64) {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	var size int64
	for line := range strings.Lines(string(maps)) {
		switch f := strings.Fields(line); f[0] {
		case "Size:":
			if size, err = strconv.ParseInt(f[1], 10, 64); err != nil {
				t.Fatal(err)
			}
		case "VmFlags:":
			if strings.Contains(line, " hg") {
				sum += size << 10
			}
		}
	}
	return sum
}
