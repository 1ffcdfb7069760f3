package channelfs_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/fstest"

	"isomorph/internal/channelfs"
	"isomorph/internal/debian/debfile"
	"isomorph/internal/debian/debtest"
	"isomorph/internal/debian/lock"
)

// world is a channel, its seed's package, and a count of downloads.
type world struct {
	o       channelfs.Options
	deb     []byte
	lock    *lock.Lock
	fetched atomic.Int32
}

func newWorld(t *testing.T) *world {
	t.Helper()
	deb, err := debtest.Deb("Package: busybox-static\nVersion: 1\nArchitecture: amd64\n", debtest.File("./bin/busybox", "the seed", 0o755))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{deb: deb}
	w.lock = &lock.Lock{Version: lock.Version, Architecture: "amd64",
		Packages: map[string]*lock.Package{debfile.SeedPackage: {Path: "pool/b.deb", Repository: "debian", SHA256: debtest.SHA256(deb), Size: int64(len(deb)), Version: "1"}},
		Repositories: map[string]*lock.Repository{"debian": {Component: "main", Suite: "bookworm", Date: "2026-07-11T10:16:37Z", Snapshot: "20260713T000000Z",
			InRelease: strings.Repeat("a", 64), PackagesIndex: &lock.Index{Path: "x", SHA256: strings.Repeat("b", 64)}}}}
	w.o = channelfs.Options{
		CacheDir: filepath.Join(t.TempDir(), "cache"),
		Channel: fstest.MapFS{
			"default.nix": {Data: []byte("{ }: 1")}, "lib/a/b.nix": {Data: []byte("2")}, "lock.json": {Data: w.lock.Encode()},
			"channel.go": {Data: []byte("package channel")}, ".gitignore": {Data: []byte("/seed")}, "seed/bin/busybox": {Data: []byte("stale")},
		},
		Fetch: func(_ context.Context, url string, size int64, sum string) ([]byte, error) {
			w.fetched.Add(1)
			if url != "https://snapshot.debian.org/archive/debian/20260713T000000Z/pool/b.deb" || size != int64(len(deb)) || sum != debtest.SHA256(deb) {
				return nil, errors.New("asked for something else: " + url)
			}
			return w.deb, nil
		},
	}
	return w
}

func materialise(t *testing.T, w *world) string {
	t.Helper()
	dir, err := channelfs.Materialise(t.Context(), w.o)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestMaterialise(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o077))
	w := newWorld(t)
	dir := materialise(t, w)
	if name, err := channelfs.Name(w.o); err != nil || dir != filepath.Join(channelfs.Base(w.o), name) {
		t.Errorf("lies in %s, is called %s, %v", dir, name, err)
	}
	for name, want := range map[string]string{"default.nix": "{ }: 1", "lib/a/b.nix": "2", "seed/bin/busybox": "the seed", "seed/bin/sh": "the seed"} {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	for name, want := range map[string]fs.FileMode{"default.nix": 0o444, "lib": 0o755 | fs.ModeDir, "seed/bin/busybox": 0o555} {
		if st, err := os.Stat(filepath.Join(dir, name)); err != nil || st.Mode() != want {
			t.Errorf("%s: %v, %v", name, st.Mode(), err)
		}
	}
	for _, name := range []string{"channel.go", ".gitignore"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s is there", name)
		}
	}
	if again := materialise(t, w); again != dir || w.fetched.Load() != 1 {
		t.Errorf("second time: %s, %d downloads", again, w.fetched.Load())
	}
}

// TestEdited: whatever is done to the directory, it is made anew, without a
// download.
func TestEdited(t *testing.T) {
	w := newWorld(t)
	dir := materialise(t, w)
	edits := map[string]func() error{
		"same size": func() error { return rewrite(filepath.Join(dir, "default.nix"), "{ }: 2") },
		"longer":    func() error { return rewrite(filepath.Join(dir, "lib/a/b.nix"), "longer") },
		"removed":   func() error { return os.Remove(filepath.Join(dir, "default.nix")) },
		"a link": func() error {
			return errors.Join(os.Remove(filepath.Join(dir, "default.nix")), os.Symlink("/etc/passwd", filepath.Join(dir, "default.nix")))
		},
		"seed link removed": func() error { return os.Remove(filepath.Join(dir, "seed/bin/ar")) },
		"seed removed":      func() error { return os.RemoveAll(filepath.Join(dir, "seed")) },
		"all removed":       func() error { return os.RemoveAll(dir) },
	}
	for name, edit := range edits {
		if err := edit(); err != nil {
			t.Fatal(err)
		}
		materialise(t, w)
		if got, err := os.ReadFile(filepath.Join(dir, "default.nix")); err != nil || string(got) != "{ }: 1" {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
		if got, err := os.ReadFile(filepath.Join(dir, "seed/bin/ar")); err != nil || string(got) != "the seed" {
			t.Errorf("%s: seed %q, %v", name, got, err)
		}
	}
	if n := w.fetched.Load(); n != 1 {
		t.Errorf("%d downloads", n)
	}
	if left, _ := filepath.Glob(filepath.Join(w.o.CacheDir, "channel", ".tmp-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func rewrite(name, text string) error {
	return errors.Join(os.Chmod(name, 0o644), os.WriteFile(name, []byte(text), 0o644))
}

func TestOtherLockOtherDirectory(t *testing.T) {
	w := newWorld(t)
	a := materialise(t, w)
	w.lock.Roots = []string{"busybox-static"}
	w.o.Lock = w.lock.Encode()
	b := materialise(t, w)
	if a == b {
		t.Error("two locks share a directory")
	}
	if got, err := os.ReadFile(filepath.Join(b, "lock.json")); err != nil || string(got) != string(w.o.Lock) {
		t.Errorf("the lock in force is not there: %v", err)
	}
}

func TestConcurrent(t *testing.T) {
	w := newWorld(t)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if _, err := channelfs.Materialise(t.Context(), w.o); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if n := w.fetched.Load(); n != 1 {
		t.Errorf("%d downloads", n)
	}
}

// TestCrash: what a killed process left is cleared away.
func TestCrash(t *testing.T) {
	w := newWorld(t)
	stale := filepath.Join(w.o.CacheDir, "channel", ".tmp-123")
	if err := os.MkdirAll(filepath.Join(stale, "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	materialise(t, w)
	if _, err := os.Lstat(stale); err == nil {
		t.Error("the temporary directory is still there")
	}
}

func TestFailures(t *testing.T) {
	cases := map[string]struct {
		change func(*world)
		want   string
	}{
		"no network": {func(w *world) { w.o.Fetch = nil }, "network"},
		"wrong file": {func(w *world) {
			w.deb = append(w.deb, 0)
			w.o.Fetch = func(context.Context, string, int64, string) ([]byte, error) { return w.deb, nil }
		}, "size"},
		"no seed pinned": {func(w *world) {
			w.lock.Packages = nil
			w.o.Lock = w.lock.Encode()
		}, "does not pin"},
		"bad lock": {func(w *world) { w.o.Lock = []byte("{") }, "lock file"},
		"no lock":  {func(w *world) { w.o.Channel = fstest.MapFS{} }, "no lock.json"},
	}
	for name, c := range cases {
		w := newWorld(t)
		c.change(w)
		if _, err := channelfs.Materialise(t.Context(), w.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v", name, err)
		}
		// The lock file stays; it is in nobody's way.
		if left, _ := filepath.Glob(filepath.Join(w.o.CacheDir, "channel", "*")); len(left) > 1 {
			t.Errorf("%s: left %v", name, left)
		}
	}
}
