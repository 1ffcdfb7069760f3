package pipeline

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestCounters pins the work that programs cause, so that a lost cache fails a
// test and not a timer. Each archive in testdata/counters has files, of which
// main.nix is evaluated three times, each time as by a process of its own; the
// figures of these are in it too ("go test -run TestCounters -update" writes
// them anew). Beside the files lies a directory "big" of 300 files.
func TestCounters(t *testing.T) {
	files, err := filepath.Glob("testdata/counters/*.txtar")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d programs, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			check(t, err)
			a := countersUser(t, archive)
			got := &txtar.Archive{Comment: archive.Comment}
			for _, f := range archive.Files {
				if !strings.HasPrefix(f.Name, "run ") {
					got.Files = append(got.Files, f)
				}
			}
			for _, run := range []string{"run 1", "run 2, the store has everything", "run 3, with the evaluation cache"} {
				a.nocache = run[4] == '1'
				got.Files = append(got.Files, txtar.File{Name: run, Data: a.count()})
			}
			text := txtar.Format(got)
			if *update {
				check(t, os.WriteFile(file, text, 0o644))
				return
			}
			if diff := cmp.Diff(string(txtar.Format(archive)), string(text)); diff != "" {
				t.Errorf("if this is as it should be: go test ./internal/pipeline -run TestCounters -update\n%s", diff)
			}
		})
	}
}

// countersUser has the files of an archive and those in "big".
func countersUser(t *testing.T, archive *txtar.Archive) *asking {
	a := newAsking(t)
	a.ahead = time.Hour
	a.form = FormDerivations
	a.cfg.Eval.TreeCache = filepath.Join(t.TempDir(), "trees")
	for _, f := range archive.Files {
		if !strings.HasPrefix(f.Name, "run ") {
			a.file(f.Name, string(f.Data))
		}
	}
	for i := range 300 {
		a.file(fmt.Sprintf("big/d%d/f%d", i%20, i), fmt.Sprintf("file %d\n", i))
	}
	return a
}

// count evaluates main.nix and returns the figures that are the same on every
// machine.
func (a *asking) count() []byte {
	a.t.Helper()
	var stats Stats
	a.cfg.ShowStats = func(s Stats) { stats = s }
	if said, _ := a.ask("import ./main.nix"); said.Err != "" {
		a.t.Fatal(said.Err)
	}
	if stats.Isomorph.Remembered { // records are checked by several goroutines, in any order
		stats.Isomorph.FilesListed, stats.Isomorph.TreesReused, stats.Isomorph.TreesRecorded = 0, 0, 0
	}
	stats.CPUTime, stats.Time.CPU, stats.GC, stats.Symbols = 0, 0, GC{}, Amount{}
	text, err := json.MarshalIndent(stats, "", "  ")
	check(a.t, err)
	return append(text, '\n')
}
