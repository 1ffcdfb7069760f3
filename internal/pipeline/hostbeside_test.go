package pipeline

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/store"
)

// deepTree makes something to be read while it is copied.
func deepTree(t *testing.T, root string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(root, "d/e"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, "d/e/file"), "contents")
	write(t, filepath.Join(root, "d/secret"), "left out")
	if err := os.Symlink("e/file", filepath.Join(root, "d/link")); err != nil {
		t.Fatal(err)
	}
}

func noSecret(path string, _ builtins.FileKind) (bool, error) {
	return filepath.Base(path) != "secret", nil
}

// While a tree is copied its store path can be read, and holds what the filter
// took; trees that lie in it can be added, too.
func TestReadingBesideTheCopy(t *testing.T) {
	s, h, tree := newGatedObjects(t)
	deepTree(t, tree)
	p, err := h.AddPath(builtins.AddPathRequest{Path: tree, Name: "tree", Filter: noSecret})
	if err != nil {
		t.Fatal(err)
	}
	at := h.dir.Join(p)
	list, err := h.files.ReadDir(at + "/d")
	if err != nil || len(list) != 2 || list[0] != (builtins.DirEntry{Name: "e", Kind: builtins.Directory}) || list[1] != (builtins.DirEntry{Name: "link", Kind: builtins.Symlink}) {
		t.Errorf("it holds %v (%v)", list, err)
	}
	if b, err := h.files.ReadFile(at + "/d/link"); err != nil || string(b) != "contents" {
		t.Errorf("through the link: %q, %v", b, err)
	}
	if target, err := h.files.Readlink(at + "/d/link"); err != nil || target != "e/file" {
		t.Errorf("the link leads to %q, %v", target, err)
	}
	if _, err := h.files.Readlink(at + "/d/e"); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("a directory as a link: %v", err)
	}
	for name, want := range map[string]builtins.FileKind{"": builtins.Directory, "/d/e/file": builtins.Regular, "/d/link": builtins.Symlink} {
		if kind, err := h.files.Lstat(at + name); err != nil || kind != want {
			t.Errorf("%q is %s, %v", name, kind, err)
		}
	}
	for _, name := range []string{"/d/secret", "/none", "/d/e/file/x"} {
		if kind, err := h.files.Lstat(at + name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q is %s, %v", name, kind, err)
		}
	}
	part, err := h.AddPath(builtins.AddPathRequest{Path: at + "/d", Name: "d"})
	if err != nil {
		t.Fatal(err)
	}
	again, err := h.AddPath(builtins.AddPathRequest{Path: at, Name: "again", Filter: func(path string, _ builtins.FileKind) (bool, error) {
		return filepath.Base(path) != "link", nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Info(t.Context(), p); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("valid before it can have been copied: %v", err)
	}

	close(s.gate)
	if err := h.commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, there := range map[string]bool{
		at + "/d/link": true, at + "/d/secret": false,
		h.dir.Join(part) + "/link": true, h.dir.Join(part) + "/secret": false,
		h.dir.Join(again) + "/d/e/file": true, h.dir.Join(again) + "/d/link": false, h.dir.Join(again) + "/d/secret": false,
	} {
		if _, err := os.Lstat(h.files.real(name)); (err == nil) != there {
			t.Errorf("%s: %v", name, err)
		}
	}
	if b, err := h.files.ReadFile(at + "/d/link"); err != nil || string(b) != "contents" {
		t.Errorf("in the store: %q, %v", b, err)
	}
}

// What is not as it was when the tree was hashed is never seen; the copy is
// waited for, and fails.
func TestSourceChangesBesideTheCopy(t *testing.T) {
	for name, read := range map[string]func(h *hostObjects, at string) error{
		"a file": func(h *hostObjects, at string) error {
			_, err := h.files.ReadFile(at + "/d/e/file")
			return err
		},
		"a part": func(h *hostObjects, at string) error {
			_, err := h.AddPath(builtins.AddPathRequest{Path: at + "/d", Name: "d"})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, h, tree := newGatedObjects(t)
			deepTree(t, tree)
			p, err := h.AddPath(builtins.AddPathRequest{Path: tree, Name: "tree"})
			if err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(tree, "d/e/file"), "another ")
			time.AfterFunc(10*time.Millisecond, func() { close(s.gate) })
			if err := read(h, h.dir.Join(p)); err == nil {
				t.Error("it could be read")
			}
			if err := h.failed(); err == nil {
				t.Error("the copy has not failed")
			}
		})
	}
}

// A source that has become what it was again before it was copied does no harm.
func TestSourceChangesAndComesBack(t *testing.T) {
	s, h, tree := newGatedObjects(t)
	deepTree(t, tree)
	p, err := h.AddPath(builtins.AddPathRequest{Path: tree, Name: "tree"})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(tree, "d/e/file")
	write(t, file, "another ")
	time.AfterFunc(10*time.Millisecond, func() {
		os.WriteFile(file, []byte("contents"), 0o644)
		close(s.gate)
	})
	part, err := h.AddPath(builtins.AddPathRequest{Path: h.dir.Join(p) + "/d", Name: "d"})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b, err := h.files.ReadFile(h.dir.Join(part) + "/e/file"); err != nil || string(b) != "contents" {
		t.Errorf("%q, %v", b, err)
	}
}
