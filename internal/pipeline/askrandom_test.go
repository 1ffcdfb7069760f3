package pipeline

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"isomorph/internal/nixlang/builtins"
)

// randomWorld is a small tree of recipes that look at each other and at the
// world around them, and that changes.
type randomWorld struct {
	*asking
	r *rand.Rand
}

const randomFiles = 4

func (w *randomWorld) name() string { return fmt.Sprintf("f%d", w.r.IntN(randomFiles)) }

// place is where something of the tree may be.
func (w *randomWorld) place() string {
	return []string{"", "d/", "d/e/", "way/", "p/", "q/"}[w.r.IntN(6)] + w.name()
}

// expr is a random expression that looks at the world. level bounds imports, so
// that they end: a file imports only files of lower levels.
func (w *randomWorld) expr(level int) string {
	at := func() string { return "root + \"/" + w.place() + "\"" }
	switch n := w.r.IntN(12); {
	case n == 0 && level > 0:
		return fmt.Sprintf("(let f = root + \"/l%d.nix\"; in if builtins.pathExists f then import f root else null)", w.r.IntN(level))
	case n <= 1:
		return "builtins.pathExists (" + at() + ")"
	case n == 2:
		return "(let f = " + at() + "; in if builtins.pathExists f && builtins.readFileType f == \"regular\" then builtins.readFile f else 0)"
	case n == 3:
		return "(let f = root + \"/" + []string{"", "d", "way", "d/e"}[w.r.IntN(4)] + "\"; in if builtins.pathExists (f + \"/\") then builtins.readDir f else 0)"
	case n == 4:
		return fmt.Sprintf("builtins.getEnv \"V%d\"", w.r.IntN(3))
	case n == 5:
		return fmt.Sprintf("(if builtins.any (e: builtins.pathExists (root + \"/${e.path}/%[1]s\")) builtins.nixPath then builtins.typeOf <%[1]s> else 0)", w.name())
	case n == 6:
		return "(let f = root + \"/d\"; in if builtins.pathExists (f + \"/\") then \"${builtins.path { path = f; name = \"d\"; filter = p: t: baseNameOf p != \"" + w.name() + "\"; }}\" else 0)"
	case n == 7:
		return "(let f = " + at() + "; in if builtins.pathExists f then \"${f}\" else 0)"
	case n == 8:
		return fmt.Sprintf("builtins.trace \"t%d\" %s", w.r.IntN(9), w.expr(level))
	case n == 9 && level > 0:
		return "[ " + w.expr(level-1) + " (" + w.expr(level-1) + ") ]"
	case n == 10:
		return "builtins.toFile \"t\" (builtins.toJSON (" + w.expr(0) + "))"
	default:
		return fmt.Sprint(w.r.IntN(9))
	}
}

// edit changes one thing of the world. Many edits change nothing that matters.
func (w *randomWorld) edit() {
	path := filepath.Join(w.dir, w.place())
	switch w.r.IntN(10) {
	case 0, 1:
		w.put(path, fmt.Sprint(w.r.IntN(3)))
	case 2:
		check(w.t, os.RemoveAll(path))
	case 3:
		if os.RemoveAll(path) == nil && w.isDir(filepath.Dir(path)) {
			check(w.t, os.Mkdir(path, 0o755))
		}
	case 4:
		if os.RemoveAll(path) == nil && w.isDir(filepath.Dir(path)) {
			check(w.t, os.Symlink(w.name(), path))
		}
	case 5:
		way := filepath.Join(w.dir, "way")
		check(w.t, os.RemoveAll(way))
		check(w.t, os.Symlink([]string{"d", "d/e", "p", "nowhere"}[w.r.IntN(4)], way))
	case 6:
		w.env[fmt.Sprintf("V%d", w.r.IntN(3))] = fmt.Sprint(w.r.IntN(3))
	case 7:
		level := w.r.IntN(4)
		w.put(filepath.Join(w.dir, fmt.Sprintf("l%d.nix", level)), "root: "+w.expr(level))
	case 8: // edited, with the times as they were
		if st, err := os.Stat(path); err == nil && st.Mode().IsRegular() {
			w.put(path, fmt.Sprint(w.r.IntN(3)))
			if _, err := os.Stat(path); err == nil {
				check(w.t, os.Chtimes(path, st.ModTime(), st.ModTime()))
			}
		}
	case 9:
		if w.r.IntN(4) == 0 {
			w.inStoreCollect()
		}
	}
}

func (w *randomWorld) isDir(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.IsDir()
}

// put writes a file where a directory or a symlink to nowhere may be.
func (w *randomWorld) put(path, text string) {
	if !w.isDir(filepath.Dir(path)) {
		return
	}
	if st, err := os.Lstat(path); err == nil && !st.Mode().IsRegular() {
		check(w.t, os.RemoveAll(path))
	}
	check(w.t, os.WriteFile(path, []byte(text), 0o644))
}

func newRandomWorld(t *testing.T, r *rand.Rand) *randomWorld {
	w := &randomWorld{newAsking(t), r}
	for _, d := range []string{"d/e", "p", "q"} {
		check(t, os.MkdirAll(filepath.Join(w.dir, d), 0o755))
	}
	check(t, os.Symlink("d", filepath.Join(w.dir, "way")))
	w.cfg.Eval.SearchPath = []builtins.SearchPathEntry{{Path: "p"}, {Path: "q"}}
	for level := range 4 {
		w.file(fmt.Sprintf("l%d.nix", level), "root: "+w.expr(level))
	}
	return w
}

// TestAskRandom edits random worlds and compares each answer with that of an
// evaluation. It counts what it has seen, as a test that never had a remembered
// answer, or only such that were right by luck, would show nothing.
func TestAskRandom(t *testing.T) {
	worlds, rounds := 10, 50
	if testing.Short() {
		worlds = 3
	}
	hits, changes, failures := 0, 0, 0
	for seed := range uint64(worlds) {
		w := newRandomWorld(t, rand.New(rand.NewPCG(seed, 1)))
		w.readOnly = seed%3 == 0
		expr := "let root = " + w.dir + "; in [ " + strings.Repeat("("+w.expr(4)+") ", 1) + "(import (root + \"/l3.nix\") root) (" + w.expr(3) + ") ]"
		var last said
		for range rounds {
			for range w.r.IntN(5) {
				w.edit()
			}
			w.ahead = time.Duration(w.r.IntN(2)) * time.Minute // old files, and young ones
			got, remembered := w.ask(expr)
			want := w.fresh(expr)
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("world %d, remembered %t: %s\ngot  %+v\nwant %+v", seed, remembered, expr, got, want)
			}
			if remembered {
				hits++
			}
			if got.Err != "" {
				failures++
			}
			if !reflect.DeepEqual(got, last) {
				changes++
			}
			last = got
		}
	}
	t.Logf("%d questions: %d remembered, %d with a new answer, %d errors", worlds*rounds, hits, changes, failures)
	if hits < 10*worlds || changes < 5*worlds || failures > worlds*rounds/2 {
		t.Errorf("too little was tested: %d remembered, %d with a new answer, %d errors", hits, changes, failures)
	}
}
