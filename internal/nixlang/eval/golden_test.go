package eval_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"isomorph/internal/nixlang/eval"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares got with a file, or writes the file.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
	}
}

// TestErrorText compares whole error texts, short and with --show-trace.
func TestErrorText(t *testing.T) {
	files, _ := filepath.Glob("testdata/errors/*.nix")
	if len(files) == 0 {
		t.Fatal("no programs in testdata/errors")
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, trace := range []bool{false, true} {
				st := newState(t, eval.Options{ShowTrace: trace})
				_, err := run(st, st.NewCtx(), string(text))
				if err == nil {
					t.Fatal("got no error")
				}
				name := strings.TrimSuffix(file, ".nix") + map[bool]string{false: ".short", true: ".trace"}[trace]
				golden(t, name, st.RenderError(err, trace)+"\n")
			}
		})
	}
}

// TestCounters pins the work that the benchmark programs cause, so that a lost
// cache fails a test and not a timer.
func TestCounters(t *testing.T) {
	if eval.CheckRecycled {
		t.Skip("nothing is used again with the tag evalcheck")
	}
	files, _ := filepath.Glob("testdata/bench/*.nix")
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, want := program(t, file)
			st := newState(t, eval.Options{})
			c := st.NewCtx()
			got, err := run(st, c, text)
			if err != nil {
				t.Fatal(st.RenderError(err, false))
			}
			if got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			stats, err := json.MarshalIndent(c.Stats, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "testdata/counters/"+strings.TrimSuffix(filepath.Base(file), ".nix")+".json", string(stats)+"\n")
		})
	}
}
