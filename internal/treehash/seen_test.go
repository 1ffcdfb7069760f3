package treehash

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"isomorph/internal/nar"
	"isomorph/internal/nixhash"
)

// seenTree makes a tree and hashes it.
func seenTree(t *testing.T) (h *Hasher, tree *Tree, root string) {
	t.Helper()
	root, h = makeTree(t), New(Options{})
	listed, err := h.List(Request{Root: root})
	check(t, err)
	if listed.Seen() != nil {
		t.Error("nothing was read, and it was seen")
	}
	_, err = h.Hash(listed)
	check(t, err)
	if tree = listed.Seen(); tree == nil {
		t.Fatal("it was read and not seen")
	}
	return h, tree, root
}

// A tree that was hashed answers for its files as the file system would.
func TestSeenTree(t *testing.T) {
	h, tree, root := seenTree(t)
	check(t, filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		check(t, err)
		rel := strings.TrimPrefix(strings.TrimPrefix(p, root), "/")
		kind, err := tree.Kind(rel)
		want := map[fs.FileMode]string{0: "regular", fs.ModeDir: "directory", fs.ModeSymlink: "symlink"}[d.Type()]
		if err != nil || kind != want {
			t.Errorf("%s is %s, %v, want %s", rel, kind, err, want)
		}
		var names []string
		err = tree.Names(rel, func(name, _ string) { names = append(names, name) })
		if !d.IsDir() {
			contents, e := os.ReadFile(p)
			if d.Type() == fs.ModeSymlink {
				var target string
				target, e = os.Readlink(p)
				contents = []byte(target)
			}
			check(t, e)
			if !errors.Is(err, unix.ENOTDIR) || !h.Recognise(tree, rel, contents) || h.Recognise(tree, rel, append(contents, 'x')) {
				t.Errorf("%s: %v, or its contents are not told from others", rel, err)
			}
			return nil
		}
		list, e := os.ReadDir(p)
		check(t, e)
		if err != nil || !slices.EqualFunc(list, names, func(d fs.DirEntry, name string) bool { return d.Name() == name }) {
			t.Errorf("%s holds %v, %v, want %v", rel, names, err, list)
		}
		return nil
	}))
	for rel, want := range map[string]error{"none": fs.ErrNotExist, "d1/none/x": fs.ErrNotExist, "large/x": unix.ENOTDIR} {
		if _, err := tree.Kind(rel); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", rel, err, want)
		}
		if h.Recognise(tree, rel, nil) {
			t.Errorf("%s has contents", rel)
		}
	}
}

// Parts of a tree have the hashes that they have by themselves.
func TestParts(t *testing.T) {
	h, tree, root := seenTree(t)
	noData := func(path, _ string) (bool, error) { return filepath.Base(path) != "data", nil }
	for _, rel := range []string{"", "d1", "d1/e8", "d1/e8/data", "d1/e8/link", "nothing", "large"} {
		at := filepath.Join(root, rel)
		got := hashOf(t, h, Request{Root: at, Of: tree, Rel: rel})
		if want := dump(t, at, nil); got != want {
			t.Errorf("%q: got %v, want %v", rel, got, want)
		}
		filtered := hashOf(t, h, Request{Root: at, Of: tree, Rel: rel, Filter: noData})
		if want := dump(t, at, noData); filtered != want {
			t.Errorf("%q without data: got %v, want %v", rel, filtered, want)
		}
	}
	if _, err := h.List(Request{Root: root + "/x", Of: tree, Rel: "x"}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a part that is not there: %v", err)
	}
}

// A dump is the archive, with a filter and without.
func TestDump(t *testing.T) {
	h, _, root := seenTree(t)
	for name, filter := range map[string]Filter{
		"all":     nil,
		"no link": func(path, _ string) (bool, error) { return filepath.Base(path) != "link", nil },
	} {
		tree, err := h.List(Request{Root: root, Filter: filter})
		check(t, err)
		var out bytes.Buffer
		check(t, h.Dump(tree, &out))
		if got := nixhash.Sum(nixhash.SHA256, out.Bytes()); got != dump(t, root, nar.Filter(filter)) {
			t.Errorf("%s: another archive", name)
		}
	}
	known, err := h.List(Request{Root: t.TempDir(), Known: nixhash.Sum(nixhash.SHA256, nil)})
	check(t, err)
	if known.Listed() || h.Dump(known, sha256.New()) == nil {
		t.Error("a tree that nobody has looked at was dumped")
	}
}

// What is not as it was is not taken for what was hashed.
func TestSeenTreeChanges(t *testing.T) {
	for name, change := range map[string]func(root string) error{
		"contents": func(root string) error {
			return os.WriteFile(filepath.Join(root, "d1/e8/data"), []byte("other"), 0o644)
		},
		"large contents": func(root string) error {
			f, err := os.OpenFile(filepath.Join(root, "d1/large"), os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteAt([]byte("x"), 700_000)
			return errors.Join(err, f.Close())
		},
		"mode":    func(root string) error { return os.Chmod(filepath.Join(root, "d1/e8/data"), 0o755) },
		"removed": func(root string) error { return os.Remove(filepath.Join(root, "d1/e8/run")) },
		"symlink": func(root string) error {
			link := filepath.Join(root, "d1/e8/link")
			return errors.Join(os.Remove(link), os.Symlink("elsewhere", link))
		},
	} {
		t.Run(name, func(t *testing.T) {
			root, h := makeTree(t), New(Options{})
			check(t, os.Rename(filepath.Join(root, "large"), filepath.Join(root, "d1/large")))
			hashOf(t, h, Request{Root: root})
			listed, err := h.List(Request{Root: root})
			check(t, err)
			tree := listed.Seen()
			check(t, change(root))
			part, err := h.List(Request{Root: filepath.Join(root, "d1"), Of: tree, Rel: "d1"})
			check(t, err)
			if sum, err := h.Hash(part); err == nil {
				t.Errorf("the part has the hash %v", sum)
			} else if name != "removed" && !errors.Is(err, ErrChanged) {
				t.Errorf("the part: %v", err)
			}
			if err := h.Dump(tree, sha256.New()); err == nil {
				t.Error("it was dumped")
			}
		})
	}
}

// A hash from a record says nothing about what is in each file.
func TestRecordedTreeIsNotSeen(t *testing.T) {
	trustedDir(t)
	root, o := makeTree(t), options(filepath.Join(t.TempDir(), "records"))
	fresh(t, o, Request{Root: root})
	h := New(o)
	tree, err := h.List(Request{Root: root})
	check(t, err)
	_, err = h.Hash(tree)
	check(t, err)
	if h.Stats.Recorded.Load() != 1 || tree.Seen() != nil {
		t.Errorf("%d recorded; seen: %v", h.Stats.Recorded.Load(), tree.Seen() != nil)
	}
}
