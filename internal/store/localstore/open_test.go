package localstore_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"isomorph/internal/atomicfile"
	"isomorph/internal/nixhash"
	"isomorph/internal/store"
	"isomorph/internal/store/localstore"
	"isomorph/internal/storepath"
)

func hashOf(b []byte) nixhash.Hash { return nixhash.Sum(nixhash.SHA256, b) }

func mustFixed(t testing.TB, s *localstore.Store, name string, contents []byte) storepath.Path {
	t.Helper()
	p, err := s.Dir().MakeFixed(name, false, hashOf(contents), nil)
	check(t, err)
	return p
}

func TestOpenErrors(t *testing.T) {
	root := newRoot(t)
	open(t, options(root)).Close()
	db := filepath.Join(root, "nix/var/nix/db")
	try := func() error {
		s, err := localstore.Open(t.Context(), options(root))
		if err == nil {
			s.Close()
		}
		return err
	}
	for _, c := range []struct{ schema, want string }{
		{"9", `schema version "9"`}, {"11", `schema version "11"`}, {"nonsense", "nonsense"},
	} {
		check(t, os.WriteFile(filepath.Join(db, "schema"), []byte(c.schema), 0o644))
		if err := try(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("schema %q: %v", c.schema, err)
		}
	}
	// What a power cut leaves of a file that was not flushed (NixOS/nix#7064).
	check(t, os.WriteFile(filepath.Join(db, "schema"), nil, 0o644))
	check(t, try())
	if b, _ := os.ReadFile(filepath.Join(db, "schema")); string(b) != "10" {
		t.Errorf("schema = %q", b)
	}
	check(t, os.Chmod(filepath.Join(root, "nix/store"), 0o777))
	if err := try(); err == nil || !strings.Contains(err.Error(), "every user can write") {
		t.Errorf("a store that everybody can write to: %v", err)
	}
	opts := options(root)
	opts.Rand = nil
	if _, err := localstore.Open(t.Context(), opts); err == nil {
		t.Error("opened without a source of names")
	}
	if _, err := localstore.Open(t.Context(), options("relative")); err == nil {
		t.Error("opened at a relative path")
	}
}

// Directories are as private as they have to be, whatever the umask.
func TestModes(t *testing.T) {
	root := newRoot(t)
	s := open(t, options(root))
	_, err := s.AddText(t.Context(), "x", nil, nil)
	check(t, err)
	s.Close()
	check(t, filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if st, err := d.Info(); err != nil || st.Mode()&0o022 != 0 {
			t.Errorf("%s: %v %v", path, st.Mode(), err)
		}
		return nil
	}))
}

func TestReadOnly(t *testing.T) {
	root := newRoot(t)
	s := open(t, options(root))
	p, err := s.AddText(t.Context(), "x", []byte("y"), nil)
	check(t, err)
	s.Close()
	opts := options(root)
	opts.ReadOnly = true
	s = open(t, opts)
	defer s.Close()
	if _, err := s.Info(t.Context(), p); err != nil {
		t.Error(err)
	}
	if q, err := s.AddText(t.Context(), "x", []byte("y"), nil); err != nil || q != p {
		t.Errorf("adding what is valid: %v", err)
	}
	for name, f := range map[string]func() error{
		"AddText":    func() error { _, err := s.AddText(t.Context(), "new", nil, nil); return err },
		"NewScratch": func() error { _, err := s.NewScratch(t.Context()); return err },
		"GC":         func() error { _, err := s.GC(t.Context(), store.GCOptions{}); return err },
		"AddRoot":    func() error { return s.AddRoot(t.Context(), "r", p) },
		"LockPaths":  func() error { _, err := s.LockPaths(t.Context(), []storepath.Path{p}, nil); return err },
		"CreateLog":  func() error { _, err := s.CreateLog(t.Context(), p); return err },
	} {
		if err := f(); !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if res, err := s.Verify(t.Context(), store.VerifyOptions{CheckContents: true}); err != nil || !res.OK() {
		t.Errorf("Verify: %+v, %v", res, err)
	}
	opts.Root = newRoot(t)
	if _, err := localstore.Open(t.Context(), opts); err == nil {
		t.Error("a store was created for reading")
	}
}

// A store in which SQLite cannot make its -shm file is read all the same; an
// interrupt at the first question is no reason to take it for one of these.
func TestReadOnlyWithoutShm(t *testing.T) {
	root := newRoot(t)
	s := open(t, options(root))
	p, err := s.AddText(t.Context(), "x", []byte("y"), nil)
	check(t, err)
	s.Close()
	opts := options(root)
	opts.ReadOnly = true
	s = open(t, opts)
	defer s.Close()
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := s.Info(ended, p); !errors.Is(err, context.Canceled) {
		t.Errorf("after an interrupt: %v", err)
	}
	shm := filepath.Join(root, "nix/var/nix/db/db.sqlite-shm")
	check(t, errors.Join(os.RemoveAll(shm), os.Symlink("/nowhere/shm", shm)))
	if _, err := s.Info(t.Context(), p); err != nil {
		t.Error(err)
	}
}

// Whoever has declared a temporary root keeps the path, although another
// process (here: another open store) collects.
func TestTempRootsOfOthers(t *testing.T) {
	root := newRoot(t)
	maker, user, collector := open(t, options(root)), open(t, options(root)), open(t, options(root))
	defer user.Close()
	defer collector.Close()
	p, err := maker.AddText(t.Context(), "wanted", nil, nil)
	check(t, err)
	q, err := maker.AddText(t.Context(), "unwanted", nil, nil)
	check(t, err)
	check(t, user.AddTempRoot(t.Context(), p))
	check(t, maker.Close())
	res, err := collector.GC(t.Context(), store.GCOptions{})
	check(t, err)
	if len(res.Paths) != 1 || res.Paths[0] != q {
		t.Errorf("collected %v, want %v", res.Paths, q)
	}
	if _, err := user.Info(t.Context(), p); err != nil {
		t.Error(err)
	}
}

// While a collection decides, nobody can add a root: who comes then, waits.
func TestTempRootWaitsForCollection(t *testing.T) {
	root := newRoot(t)
	opts := options(root)
	waiting := make(chan string, 1)
	opts.Waiting = func(what string) { waiting <- what }
	s := open(t, opts)
	defer s.Close()
	lock, err := atomicfile.OpenLock(filepath.Join(s.StateDir(), "gc.lock"))
	check(t, err)
	check(t, lock.Acquire(t.Context(), atomicfile.Exclusive, nil))
	p := storepath.Path(strings.Repeat("1", 32) + "-p")
	done := make(chan error, 1)
	go func() { done <- s.AddTempRoot(t.Context(), p) }()
	if got := <-waiting; !strings.Contains(got, "garbage collector lock") {
		t.Errorf("waits for %q", got)
	}
	check(t, lock.Close())
	check(t, <-done)
	// Waiting ends with the context too.
	lock, err = atomicfile.OpenLock(filepath.Join(s.StateDir(), "gc.lock"))
	check(t, err)
	defer lock.Close()
	check(t, lock.Acquire(t.Context(), atomicfile.Exclusive, nil))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := s.AddTempRoot(ctx, storepath.Path(strings.Repeat("2", 32)+"-p")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("after the deadline: %v", err)
	}
}

// A collection takes what crashes leave behind, and not what is being made.
func TestGarbage(t *testing.T) {
	root := newRoot(t)
	s, other := open(t, options(root)), open(t, options(root))
	defer s.Close()
	dir := s.RealStoreDir()
	busy := scratch(t, other)
	locked := storepath.Path(strings.Repeat("1", 32) + "-locked")
	lock, err := other.LockPaths(t.Context(), []storepath.Path{locked}, nil)
	check(t, err)
	h := strings.Repeat("2", 32)
	for _, name := range []string{h + "-unfinished", "tmp-abandoned", h + "-old.lock", "nonsense"} {
		check(t, os.MkdirAll(filepath.Join(dir, name, "a/b"), 0o755))
		check(t, os.Chmod(filepath.Join(dir, name, "a"), 0o555))
	}
	check(t, os.Mkdir(filepath.Join(dir, string(locked)), 0o755))
	res, err := s.GC(t.Context(), store.GCOptions{})
	check(t, err)
	if len(res.Garbage) != 3 { // tmp-abandoned goes when a process makes its first scratch directory
		t.Errorf("garbage: %v", res.Garbage)
	}
	for _, kept := range []string{busy.Dir(), filepath.Join(dir, string(locked)), filepath.Join(dir, string(locked)+".lock")} {
		if _, err := os.Stat(kept); err != nil {
			t.Error(err)
		}
	}
	lock.Unlock()
	check(t, other.Close())
	_, err = s.GC(t.Context(), store.GCOptions{})
	check(t, err)
	if names, _ := os.ReadDir(dir); len(names) != 1 || names[0].Name() != ".links" {
		t.Errorf("left: %v, want Nix's .links alone", names)
	}
}

func TestMaxFreed(t *testing.T) {
	root := newRoot(t)
	s := open(t, options(root))
	for _, name := range []string{"a", "b", "c", "d"} {
		_, err := s.AddText(t.Context(), name, make([]byte, 8192), nil)
		check(t, err)
	}
	s.Close()
	s = open(t, options(root))
	defer s.Close()
	res, err := s.GC(t.Context(), store.GCOptions{MaxFreed: 10000})
	check(t, err)
	if len(res.Paths) != 2 || res.BytesFreed < 10000 {
		t.Errorf("freed %d bytes: %v", res.BytesFreed, res.Paths)
	}
}

// The roots of running programs: here this process, by an open file.
func TestRuntimeRoots(t *testing.T) {
	root := newRoot(t)
	opts := options(root)
	s := open(t, opts)
	p, err := s.AddText(t.Context(), "used", []byte("x"), nil)
	check(t, err)
	q, err := s.AddText(t.Context(), "unused", []byte("x"), nil)
	check(t, err)
	s.Close()
	f, err := os.Open(s.RealPath(p))
	check(t, err)
	defer f.Close()
	opts.ProcDir = "/proc"
	s = open(t, opts)
	defer s.Close()
	res, err := s.GC(t.Context(), store.GCOptions{})
	check(t, err)
	if len(res.Paths) != 1 || res.Paths[0] != q {
		t.Errorf("collected %v, want %v", res.Paths, q)
	}
}

// Modes and times are not in the NAR; verify looks at them all the same, and
// repairs them by itself.
func TestVerifyForm(t *testing.T) {
	s := open(t, options(newRoot(t)))
	defer s.Close()
	src := filepath.Join(t.TempDir(), "src")
	check(t, os.MkdirAll(filepath.Join(src, "d"), 0o755))
	check(t, os.WriteFile(filepath.Join(src, "d/f"), []byte("x"), 0o644))
	p, err := s.AddTree(t.Context(), store.Source{Name: "src", Path: src})
	check(t, err)
	verify := func(opts store.VerifyOptions) *store.VerifyResult {
		t.Helper()
		opts.CheckContents = true
		res, err := s.Verify(t.Context(), opts)
		check(t, err)
		return res
	}
	f := filepath.Join(s.RealPath(p), "d/f")
	for name, damage := range map[string]func() error{
		"mode":      func() error { return os.Chmod(f, 0o644) },
		"directory": func() error { return os.Chmod(filepath.Dir(f), 0o755) },
		"time":      func() error { return os.Chtimes(f, time.Unix(5, 0), time.Unix(5, 0)) },
	} {
		check(t, damage())
		if res := verify(store.VerifyOptions{}); len(res.Problems) != 1 || res.OK() {
			t.Errorf("%s: %+v", name, res)
		}
		res := verify(store.VerifyOptions{Repair: func(context.Context, storepath.Path) error { return errors.New("not needed") }})
		if !res.OK() {
			t.Errorf("%s, repair: %+v", name, res)
		}
		if res := verify(store.VerifyOptions{}); len(res.Problems) != 0 {
			t.Errorf("%s, after the repair: %+v", name, res)
		}
	}
	check(t, os.MkdirAll(filepath.Join(s.RealStoreDir(), strings.Repeat("2", 32)+"-stray"), 0o755))
	if res := verify(store.VerifyOptions{}); len(res.Problems) != 1 || !res.OK() {
		t.Errorf("a name without a row: %+v", res)
	}
	gone, err := s.AddText(t.Context(), "gone", nil, nil)
	check(t, err)
	check(t, os.Remove(s.RealPath(gone)))
	if res := verify(store.VerifyOptions{DropMissing: true}); !res.OK() {
		t.Errorf("dropping what is missing: %+v", res)
	}
	if _, err := s.Info(t.Context(), gone); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("dropped: %v", err)
	}
}
