//go:build failpoints

package localstore_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// points runs the workload once and counts how often it passes each failpoint.
func points(t *testing.T) map[string]int {
	t.Helper()
	log := filepath.Join(t.TempDir(), "points")
	if _, _, err := runChild(t, newRoot(t), 0, "ISOMORPH_FAILPOINT_LOG="+log); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for line := range strings.Lines(string(text)) {
		counts[strings.TrimSpace(line)]++
	}
	if len(counts) < 12 {
		t.Fatalf("only %d failpoints are passed: %v", len(counts), counts)
	}
	return counts
}

func TestKillEverywhere(t *testing.T) { everywhere(t, "kill") }

// The same places, but the process lives and gets an error.
func TestErrorEverywhere(t *testing.T) { everywhere(t, "error") }

func everywhere(t *testing.T, action string) {
	for name, count := range points(t) {
		for _, n := range []int{1, count/2 + 1, count} {
			what := fmt.Sprintf("%s=%s:%d", name, action, n)
			t.Run(what, func(t *testing.T) {
				root := newRoot(t)
				acked, _, err := runChild(t, root, 0, "ISOMORPH_FAILPOINTS="+what)
				if err == nil {
					t.Error("the failpoint did nothing")
				}
				wantSound(t, root, acked)
				if _, _, err := runChild(t, root, 0); err != nil {
					t.Fatalf("run again: %v", err)
				}
				wantSound(t, root, acked)
				wantTidy(t, root)
			})
		}
	}
}
