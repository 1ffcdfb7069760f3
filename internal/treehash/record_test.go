package treehash

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fresh hashes a tree in what might be another process, and tells whether a
// record spared the reading.
func fresh(t *testing.T, o Options, req Request) (sum string, recorded bool) {
	t.Helper()
	h := New(o)
	sum = hashOf(t, h, req).SRI()
	return sum, h.Stats.Recorded.Load() == 1
}

func trustedDir(t *testing.T) {
	t.Helper()
	h := New(Options{})
	tree, err := h.List(Request{Root: t.TempDir()})
	check(t, err)
	if !trusted(tree) {
		t.Skip("temporary files are on a file system whose times are not trusted")
	}
}

// Each change must be noticed; and without one, the record must be used, or the
// test shows nothing.
func TestChangesAreNoticed(t *testing.T) {
	trustedDir(t)
	at := func(root string) string { return filepath.Join(root, "d1", "e8", "data") }
	for name, change := range map[string]func(root string) error{
		"contents with the old time": func(root string) error {
			st, err := os.Stat(at(root))
			if err != nil {
				return err
			}
			b, err := os.ReadFile(at(root))
			if err != nil {
				return err
			}
			b[0] ^= 1
			if err := os.WriteFile(at(root), b, 0o644); err != nil {
				return err
			}
			return os.Chtimes(at(root), st.ModTime(), st.ModTime())
		},
		"rename":       func(root string) error { return os.Rename(at(root), at(root)+"2") },
		"exchange":     func(root string) error { return exchange(at(root), filepath.Join(root, "d1", "e15", "data")) },
		"chmod":        func(root string) error { return os.Chmod(at(root), 0o755) },
		"new file":     func(root string) error { return os.WriteFile(filepath.Join(root, "nothing", "x"), nil, 0o644) },
		"new dir":      func(root string) error { return os.Mkdir(filepath.Join(root, "nothing", "x"), 0o755) },
		"removed file": func(root string) error { return os.Remove(at(root)) },
		"symlink": func(root string) error {
			link := filepath.Join(root, "d1", "e8", "link")
			if err := os.Remove(link); err != nil {
				return err
			}
			return os.Symlink("../atad", link)
		},
		"file becomes a link": func(root string) error {
			if err := os.Rename(at(root), filepath.Join(root, "..", "data")); err != nil {
				return err
			}
			return os.Symlink("../../../data", at(root))
		},
	} {
		t.Run(name, func(t *testing.T) {
			root, o := makeTree(t), options(filepath.Join(t.TempDir(), "records"))
			first, _ := fresh(t, o, Request{Root: root})
			if again, recorded := fresh(t, o, Request{Root: root}); !recorded || again != first {
				t.Fatalf("unchanged: %s (from a record: %v), at first %s", again, recorded, first)
			}
			check(t, change(root))
			changed, recorded := fresh(t, o, Request{Root: root})
			if recorded || changed == first || changed != dump(t, root, nil).SRI() {
				t.Errorf("changed: %s (from a record: %v), before %s", changed, recorded, first)
			}
		})
	}
}

// exchange gives two files each other's place; their inodes stay.
func exchange(a, b string) error {
	for _, step := range [][2]string{{a, a + ".tmp"}, {b, a}, {a + ".tmp", b}} {
		if err := os.Rename(step[0], step[1]); err != nil {
			return err
		}
	}
	return nil
}

// A tree that was touched a moment ago is not recorded: it could be changed
// again within the same tick of the clock.
func TestYoungTreesAreNotRecorded(t *testing.T) {
	trustedDir(t)
	root, o := makeTree(t), options(filepath.Join(t.TempDir(), "records"))
	o.Now = time.Now
	fresh(t, o, Request{Root: root})
	if _, recorded := fresh(t, o, Request{Root: root}); recorded {
		t.Error("a young tree was taken from a record")
	}
	o.Now = later
	fresh(t, o, Request{Root: root})
	if _, recorded := fresh(t, o, Request{Root: root}); !recorded {
		t.Error("the same tree, old, was not recorded")
	}
	o.Now = func() time.Time { return time.Now().Add(-time.Hour) } // the clock is set back
	check(t, os.WriteFile(filepath.Join(root, "x"), nil, 0o644))
	fresh(t, o, Request{Root: root})
	if _, recorded := fresh(t, o, Request{Root: root}); recorded {
		t.Error("a tree from the future was taken from a record")
	}
}

// What a filter refuses may change: it is not part of the tree.
func TestFilteredTreesHaveRecordsOfTheirOwn(t *testing.T) {
	trustedDir(t)
	root, o := makeTree(t), options(filepath.Join(t.TempDir(), "records"))
	noD3 := Request{Root: root, Filter: func(path, _ string) (bool, error) { return path != "d3", nil }}
	whole, _ := fresh(t, o, Request{Root: root})
	part, recorded := fresh(t, o, noD3)
	if recorded || part == whole {
		t.Fatalf("the part has the record of the whole")
	}
	check(t, os.WriteFile(filepath.Join(root, "d3", "new"), nil, 0o644))
	if again, recorded := fresh(t, o, noD3); !recorded || again != part {
		t.Errorf("a change in what is left out: %s (from a record: %v), before %s", again, recorded, part)
	}
	if again, recorded := fresh(t, o, Request{Root: root}); recorded || again == whole {
		t.Errorf("a change in the whole was not noticed")
	}
}

// Records that others could have written, or that are damaged, are not believed.
func TestBadRecordsAreIgnored(t *testing.T) {
	trustedDir(t)
	root, dir := makeTree(t), filepath.Join(t.TempDir(), "records")
	o := options(dir)
	want, _ := fresh(t, o, Request{Root: root})
	list, err := os.ReadDir(dir)
	check(t, err)
	if len(list) != 1 {
		t.Fatalf("%d records", len(list))
	}
	file := filepath.Join(dir, list[0].Name())
	good, err := os.ReadFile(file)
	check(t, err)
	wrong := strings.Replace(string(good), want, "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 1)
	for name, damage := range map[string]func() error{
		"others may write": func() error { return os.Chmod(file, 0o666) },
		"other hash":       func() error { return os.WriteFile(file, []byte(wrong), 0o600) },
		"cut short":        func() error { return os.WriteFile(file, good[:len(good)/2], 0o600) },
		"empty":            func() error { return os.WriteFile(file, nil, 0o600) },
		"longer":           func() error { return os.WriteFile(file, append(good[:len(good):len(good)], "x\n"...), 0o600) },
		"a link": func() error {
			if err := os.Rename(file, file+".real"); err != nil {
				return err
			}
			return os.Symlink(file+".real", file)
		},
		"not mine": func() error { o.UID++; return nil },
	} {
		o = options(dir)
		os.Remove(file)
		check(t, os.WriteFile(file, good, 0o600))
		if _, recorded := fresh(t, o, Request{Root: root}); !recorded {
			t.Fatal("the good record is not used")
		}
		check(t, damage())
		if got, recorded := fresh(t, o, Request{Root: root}); recorded || got != want {
			t.Errorf("%s: %s, from a record: %v", name, got, recorded)
		}
		os.Remove(file)
	}
}

func TestRecordsAreBounded(t *testing.T) {
	trustedDir(t)
	root, dir := makeTree(t), filepath.Join(t.TempDir(), "records")
	check(t, os.Mkdir(dir, 0o700))
	for i := range maxRecords + 20 {
		name := filepath.Join(dir, strings.Repeat("x", i+1)[:min(i+1, 200)]+time.Duration(i).String())
		check(t, os.WriteFile(name, nil, 0o600))
		check(t, os.Chtimes(name, time.Unix(int64(i), 0), time.Unix(int64(i), 0)))
	}
	fresh(t, options(dir), Request{Root: root})
	list, err := os.ReadDir(dir)
	check(t, err)
	if len(list) != maxRecords {
		t.Errorf("%d records", len(list))
	}
	if _, recorded := fresh(t, options(dir), Request{Root: root}); !recorded {
		t.Error("the new record is gone")
	}
}

// With no directory nothing is written anywhere.
func TestNoRecords(t *testing.T) {
	root := makeTree(t)
	fresh(t, Options{}, Request{Root: root})
	if _, recorded := fresh(t, Options{}, Request{Root: root}); recorded {
		t.Error("a record without a place for it")
	}
}
