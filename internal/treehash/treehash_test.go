package treehash

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"isomorph/internal/nar"
	"isomorph/internal/nixhash"
)

// later is a clock that is ahead, so that files made just now are old.
func later() time.Time { return time.Now().Add(time.Hour) }

func options(dir string) Options {
	return Options{Dir: dir, UID: os.Getuid(), Now: later, Rand: rand.Reader}
}

// makeTree makes a tree of more than worthKeeping files of many kinds.
func makeTree(t testing.TB) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "tree")
	for i := range 40 {
		dir := filepath.Join(root, fmt.Sprintf("d%d", i%7), fmt.Sprintf("e%d", i))
		check(t, os.MkdirAll(dir, 0o755))
		check(t, os.WriteFile(filepath.Join(dir, "empty"), nil, 0o644))
		check(t, os.WriteFile(filepath.Join(dir, "run"), fmt.Appendf(nil, "#!/bin/sh\necho %d\n", i), 0o755))
		check(t, os.WriteFile(filepath.Join(dir, "data"), bytes.Repeat([]byte{byte(i)}, i*1000), 0o644))
		check(t, os.Symlink("../data", filepath.Join(dir, "link")))
	}
	check(t, os.WriteFile(filepath.Join(root, "large"), bytes.Repeat([]byte("large"), 300_000), 0o600))
	check(t, os.WriteFile(filepath.Join(root, "larger"), bytes.Repeat([]byte("x"), arenaSize*2+5), 0o600))
	check(t, os.Mkdir(filepath.Join(root, "nothing"), 0o755))
	return root
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// dump is the hash by the plain way.
func dump(t testing.TB, root string, filter nar.Filter) nixhash.Hash {
	t.Helper()
	sum := sha256.New()
	check(t, nar.Dump(sum, root, filter))
	return nixhash.FromState(nixhash.SHA256, sum)
}

func hashOf(t testing.TB, h *Hasher, req Request) nixhash.Hash {
	t.Helper()
	tree, err := h.List(req)
	check(t, err)
	sum, err := h.Hash(tree)
	check(t, err)
	return sum
}

func TestHashIsThatOfTheArchive(t *testing.T) {
	root := makeTree(t)
	for _, path := range []string{"", "large", "larger", "d1", "d1/e1", "d1/e1/run", "d1/e1/link", "d1/e1/empty", "nothing"} {
		at := filepath.Join(root, path)
		for readers := 1; readers <= 3; readers++ {
			if got, want := hashOf(t, New(Options{Readers: readers}), Request{Root: at}), dump(t, at, nil); got != want {
				t.Errorf("%q with %d readers: %s, not %s", path, readers, got, want)
			}
		}
	}
}

func TestFilter(t *testing.T) {
	root := makeTree(t)
	for name, filter := range map[string]Filter{
		"everything": func(string, string) (bool, error) { return true, nil },
		"no links":   func(_, kind string) (bool, error) { return kind != "symlink", nil },
		"no d3":      func(path, _ string) (bool, error) { return path != "d3", nil },
		"nothing":    func(string, string) (bool, error) { return false, nil },
		"few":        func(path, _ string) (bool, error) { return path == "d1" || strings.HasPrefix(path, "d1/e8"), nil },
	} {
		want := dump(t, root, nar.Filter(filter))
		alone, after := New(Options{}), New(Options{})
		hashOf(t, after, Request{Root: root})
		read := after.Stats.Hashed.Load()
		var asked [2][]string
		for i, h := range []*Hasher{alone, after} {
			got := hashOf(t, h, Request{Root: root, Filter: func(path, kind string) (bool, error) {
				asked[i] = append(asked[i], path+" "+kind)
				return filter(path, kind)
			}})
			if got != want {
				t.Errorf("%s: %s, not %s", name, got, want)
			}
		}
		if a, b := strings.Join(asked[0], "\n"), strings.Join(asked[1], "\n"); a != b || a == "" {
			t.Errorf("%s: the filter was asked otherwise about a tree in memory", name)
		}
		if name == "everything" && after.Stats.Hashed.Load() != read {
			t.Errorf("the tree was read again although nothing was left out")
		}
	}
}

// An object of a store with the contents of a tree of this run is not listed.
func TestKnownHash(t *testing.T) {
	root := makeTree(t)
	h := New(Options{})
	sum := hashOf(t, h, Request{Root: root})
	looked := h.Stats.Files.Load()
	gone := filepath.Join(t.TempDir(), "moved")
	check(t, os.Rename(root, gone))
	all := func(string, string) (bool, error) { return true, nil }
	if got := hashOf(t, h, Request{Root: gone, Known: sum, Filter: all}); got != sum {
		t.Errorf("%s, not %s", got, sum)
	}
	if h.Stats.Files.Load() != looked {
		t.Error("it was listed again")
	}
	noLinks := func(_, kind string) (bool, error) { return kind != "symlink", nil }
	if got, want := hashOf(t, h, Request{Root: gone, Known: sum, Filter: noLinks}), dump(t, gone, nar.Filter(noLinks)); got != want {
		t.Errorf("filtered: %s, not %s", got, want)
	}
}

func TestErrors(t *testing.T) {
	root := makeTree(t)
	fifo := filepath.Join(root, "d2", "pipe")
	check(t, unix.Mkfifo(fifo, 0o644))
	h := New(Options{})
	tree, err := h.List(Request{Root: root})
	check(t, err)
	if _, err = h.Hash(tree); err == nil || !strings.Contains(err.Error(), fifo) || !strings.Contains(err.Error(), "FIFO") {
		t.Errorf("a FIFO: %v", err)
	}
	if _, err := h.List(Request{Root: filepath.Join(root, "missing")}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing tree: %v", err)
	}
	stop := errors.New("stop")
	if _, err := h.List(Request{Root: root, Filter: func(string, string) (bool, error) { return false, stop }}); !errors.Is(err, stop) {
		t.Errorf("an error of the filter: %v", err)
	}
	deep := t.TempDir()
	check(t, os.MkdirAll(filepath.Join(deep, strings.Repeat("d/", nar.MaxDepth+5)), 0o755))
	if _, err := h.List(Request{Root: deep}); err == nil || err.Error() != "path '"+filepath.Join(deep, strings.Repeat("d/", nar.MaxDepth))+"' exceeds maximum NAR directory depth of 64" {
		t.Errorf("a deep tree: %v", err)
	}
}

// Of several errors the first in the order of the archive is told, whichever
// directory is read first.
func TestFirstError(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"a/b", "a/c", "z"} {
		check(t, os.MkdirAll(filepath.Join(root, name, strings.Repeat("d/", nar.MaxDepth+5)), 0o755))
	}
	for readers := 1; readers <= 3; readers++ {
		if _, err := New(Options{Readers: readers}).List(Request{Root: root}); err == nil || !strings.Contains(err.Error(), filepath.Join(root, "a/b/d")) {
			t.Errorf("with %d readers: %v", readers, err)
		}
	}
}

// A symlink that takes the place of a directory is not followed.
func TestNoWayOut(t *testing.T) {
	root := makeTree(t)
	h := New(Options{})
	tree, err := h.List(Request{Root: root})
	check(t, err)
	check(t, os.Rename(filepath.Join(root, "d1"), filepath.Join(root, "..", "d1")))
	check(t, os.Symlink("../d1", filepath.Join(root, "d1")))
	if _, err := h.Hash(tree); err == nil {
		t.Error("a link was followed out of the tree")
	}
}

func TestOpenByParts(t *testing.T) {
	root := makeTree(t)
	dir, err := unix.Open(root, unix.O_PATH|unix.O_DIRECTORY, 0)
	check(t, err)
	defer unix.Close(dir)
	fd, err := openByParts(dir, "d1/e1/run", unix.O_RDONLY)
	check(t, err)
	unix.Close(fd)
	check(t, os.Symlink("d1", filepath.Join(root, "l")))
	for _, path := range []string{"l/e1/run", "d1/e1/link", "d1/missing/x"} {
		if fd, err := openByParts(dir, path, unix.O_RDONLY); err == nil {
			unix.Close(fd)
			t.Errorf("%s was opened", path)
		}
	}
}
