package pipeline

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// placed is a store whose objects lie in a directory of the test.
type placed struct {
	emptyStore
	root string
}

func (p placed) RealPath(x storepath.Path) string { return filepath.Join(p.root, string(x)) }

var _ store.Reader = placed{}

const (
	objectA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-a"
	objectB = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb-b"
)

func testFiles(t *testing.T) (*hostFiles, string) {
	t.Helper()
	root := t.TempDir()
	write(t, filepath.Join(root, objectA, "dir", "file"), "in a")
	for link, target := range map[string]string{
		objectB:            "/nix/store/" + objectA,
		objectA + "/up":    "../" + objectA + "/dir",
		objectA + "/loop":  "loop",
		objectA + "/hosts": "/etc/hosts",
	} {
		if err := os.Symlink(target, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	f := newHostFiles(placed{emptyStore{storepath.DefaultDir, &lateStore{}}, root}, nil)
	return f, root
}

// Links in the store mean store objects, wherever the store lies.
func TestFilesOfTheStore(t *testing.T) {
	f, _ := testFiles(t)
	for _, name := range []string{"/a-a/dir/file", "/b-b/dir/file", "/b-b/up/file", "/a-a/dir/../up/file"} {
		name = strings.NewReplacer("/a-a", "/nix/store/"+objectA, "/b-b", "/nix/store/"+objectB).Replace(name)
		b, err := f.ReadFile(name)
		if err != nil || string(b) != "in a" {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
	if _, err := f.ReadFile("/nix/store/" + objectA + "/loop"); err == nil {
		t.Error("a loop of links was read")
	}
	kind, err := f.Lstat("/nix/store/" + objectB)
	if err != nil || kind != builtins.Symlink {
		t.Errorf("the link itself: %q, %v", kind, err)
	}
	list, err := f.ReadDir("/nix/store/" + objectB + "/up")
	if err != nil || len(list) != 1 || list[0].Name != "file" {
		t.Errorf("a directory through two links: %v, %v", list, err)
	}
}

func TestResolveSymlinks(t *testing.T) {
	f, _ := testFiles(t)
	for name, want := range map[string]string{
		"/nix/store/" + objectB:                    "/nix/store/" + objectA,
		"/nix/store/" + objectB + "/up":            "/nix/store/" + objectA + "/dir",
		"/nix/store/" + objectA + "/no/such/thing": "/nix/store/" + objectA + "/no/such/thing",
		"/nix/store/" + objectA + "/hosts":         "/etc/hosts",
	} {
		got, err := f.ResolveSymlinks(name, true)
		if err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, want)
		}
	}
	got, err := f.ResolveSymlinks("/nix/store/"+objectB, false)
	if err != nil || got != "/nix/store/"+objectB {
		t.Errorf("last part kept: %q, %v", got, err)
	}
}

// A tree that was added and not copied behaves as the store object that it is.
func TestTreesThatAreNotCopied(t *testing.T) {
	f, _ := testFiles(t)
	tree := t.TempDir()
	write(t, filepath.Join(tree, "x"), "lazy")
	f.trees["cccccccccccccccccccccccccccccccc-c"] = tree
	b, err := f.ReadFile("/nix/store/cccccccccccccccccccccccccccccccc-c/x")
	if err != nil || string(b) != "lazy" {
		t.Errorf("got %q, %v", b, err)
	}
}

func TestLazyTreeIsMadeOnceWhenTouched(t *testing.T) {
	located, made := 0, 0
	l := &LazyTree{Base: "/cache", Locate: func() (string, error) { located++; return "channel", nil }, Make: func() error { made++; return nil }}
	l.touch("/etc/passwd")
	if located != 0 {
		t.Error("located without need")
	}
	l.touch("/cache/other")
	if located != 1 || made != 0 {
		t.Error("made without need")
	}
	l.touch("/cache/channel/default.nix")
	l.touch("/cache/channel")
	if made != 1 || l.Err() != nil {
		t.Errorf("made %d times, %v", made, l.Err())
	}
}

func TestLazyTreeWithoutPlace(t *testing.T) {
	fault := errors.New("no channel")
	l := &LazyTree{Base: "/cache", Locate: func() (string, error) { return "", fault }, Make: func() error { t.Error("made"); return nil }}
	l.touch(l.Dir() + "/default.nix")
	if l.Err() != fault {
		t.Errorf("got %v", l.Err())
	}
}

func TestSplitAttrPath(t *testing.T) {
	for in, want := range map[string]string{"": "", "a": "a", "a.b.0": "a|b|0", `a."x.y".b`: "a|x.y|b", "a.": "a"} {
		got, err := splitAttrPath(in)
		if err != nil || strings.Join(got, "|") != want {
			t.Errorf("%q: got %q, %v, want %q", in, got, err, want)
		}
	}
	if _, err := splitAttrPath(`a."b`); err == nil {
		t.Error("an open quote was accepted")
	}
}

// A file that is too large is not read, and one without an end, to which a
// build's output may link, not for ever. Files without a size are empty, as in
// Nix 2.34.8.
func TestReadLimited(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "12345")
	if b, err := readLimited(file, 5); err != nil || string(b) != "12345" {
		t.Errorf("got %q, %v", b, err)
	}
	if b, err := readLimited(file, 4); err == nil {
		t.Errorf("read %d bytes where 4 are allowed", len(b))
	}
	for _, name := range []string{"/dev/zero", "/proc/self/comm"} {
		if b, err := readLimited(name, 100); err != nil || len(b) != 0 {
			t.Errorf("%s, a file without a size: %q, %v", name, b, err)
		}
	}
	fifo := filepath.Join(filepath.Dir(file), "fifo")
	if err := syscall.Mkfifo(fifo, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{filepath.Dir(file), fifo} {
		if _, err := readLimited(name, 100); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}

// Errors of the system name the file as the language sees it, and what was being
// done.
func TestSystemErrors(t *testing.T) {
	f, _ := testFiles(t)
	object := "/nix/store/" + objectA
	long := object + "/" + strings.Repeat("x", 256)
	deep := "/missing" + strings.Repeat("/0123456789abcde", 300)
	for _, test := range []struct {
		what     string
		err      error
		op, path string
	}{
		{"Lstat", second(f.Lstat(long)), builtins.OpStatus, long},
		{"ResolveSymlinks", second(f.ResolveSymlinks(long+"/a", true)), builtins.OpStatus, long},
		{"ReadFile", second(f.ReadFile("/" + strings.Repeat("x", 256))), builtins.OpStatus, "/" + strings.Repeat("x", 256)},
		{"ReadDir", second(f.ReadDir(object + "/dir/file")), builtins.OpReadDir, object + "/dir/file"},
		{"loop", second(f.ResolveSymlinks(object+"/loop/a", true)), builtins.OpFollow, object + "/loop/a"},
		{"Readlink", second(f.Readlink(object + "/dir")), builtins.OpStatus, object + "/dir"},
		{"too long where nothing is", second(f.ResolveSymlinks(deep, true)), builtins.OpStatus, deep[:8+256*16]},
	} {
		e, ok := errors.AsType[*fs.PathError](test.err)
		if !ok || e.Op != test.op || e.Path != test.path {
			t.Errorf("%s: %v", test.what, test.err)
		}
	}
}

func second[T any](_ T, err error) error { return err }
