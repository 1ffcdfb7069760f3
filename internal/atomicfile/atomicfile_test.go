package atomicfile_test

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"isomorph/internal/atomicfile"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantOnly checks that no temporary file is left.
func wantOnly(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	check(t, err)
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if g, w := strings.Join(got, " "), strings.Join(want, " "); g != w {
		t.Errorf("the directory holds %q, want %q", g, w)
	}
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	old := unix.Umask(0o077)
	defer unix.Umask(old)
	for _, contents := range []string{"first, longer", "second", ""} {
		check(t, atomicfile.Write(file, []byte(contents), 0o644, rand.Reader))
		got, err := os.ReadFile(file)
		check(t, err)
		if string(got) != contents {
			t.Errorf("got %q, want %q", got, contents)
		}
		st, err := os.Stat(file)
		check(t, err)
		if st.Mode() != 0o644 {
			t.Errorf("mode %v, want 0644 whatever the umask", st.Mode())
		}
	}
	wantOnly(t, dir, "file")
}

// A failure leaves the old contents and nothing beside them.
func TestWriteFails(t *testing.T) {
	dir := t.TempDir()
	check(t, os.MkdirAll(filepath.Join(dir, "file/sub"), 0o755))
	if err := atomicfile.Write(filepath.Join(dir, "file"), nil, 0o644, rand.Reader); err == nil {
		t.Error("a directory was replaced by a file")
	}
	if err := atomicfile.Write(filepath.Join(dir, "other"), nil, 0o644, strings.NewReader("short")); err == nil {
		t.Error("written without randomness")
	}
	if err := atomicfile.Write(filepath.Join(dir, "none/x"), nil, 0o644, rand.Reader); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("in a missing directory: %v", err)
	}
	wantOnly(t, dir, "file")
}

func TestSymlink(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	for _, target := range []string{"one", "two"} {
		check(t, atomicfile.Symlink(target, link, rand.Reader))
		if got, _ := os.Readlink(link); got != target {
			t.Errorf("points to %q, want %q", got, target)
		}
	}
	file := filepath.Join(dir, "file")
	check(t, os.WriteFile(file, []byte("mine"), 0o644))
	if err := atomicfile.Symlink("x", file, rand.Reader); err == nil || !strings.Contains(err.Error(), "already exists") {
		t.Errorf("over a file: %v", err)
	}
	wantOnly(t, dir, "file", "link")
}

func TestMkdirAll(t *testing.T) {
	dir := t.TempDir()
	old := unix.Umask(0)
	defer unix.Umask(old)
	path := filepath.Join(dir, "a/b/c")
	check(t, atomicfile.MkdirAll(path, 0o755))
	check(t, atomicfile.MkdirAll(path, 0o755))
	for p := path; p != dir; p = filepath.Dir(p) {
		st, err := os.Stat(p)
		check(t, err)
		if st.Mode() != os.ModeDir|0o755 {
			t.Errorf("%s: mode %v", p, st.Mode())
		}
	}
	check(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o644))
	for _, bad := range []string{"file", "file/x"} {
		if err := atomicfile.MkdirAll(filepath.Join(dir, bad), 0o755); err == nil {
			t.Errorf("%s was made a directory", bad)
		}
	}
}

func TestLock(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lock")
	lock := func() *atomicfile.Lock {
		l, err := atomicfile.OpenLock(file)
		check(t, err)
		t.Cleanup(func() { l.Close() })
		return l
	}
	a, b, c := lock(), lock(), lock()
	try := func(l *atomicfile.Lock, m atomicfile.Mode, want bool) {
		t.Helper()
		got, err := l.Try(m)
		check(t, err)
		if got != want {
			t.Errorf("Try = %v, want %v", got, want)
		}
	}
	try(a, atomicfile.Shared, true)
	try(b, atomicfile.Shared, true)
	try(c, atomicfile.Exclusive, false)
	check(t, a.Release())
	try(b, atomicfile.Exclusive, true)
	try(c, atomicfile.Shared, false)

	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	waited := 0
	err := c.Acquire(ctx, atomicfile.Shared, func() { waited++; cancel(why) })
	if !errors.Is(err, why) || waited != 1 {
		t.Errorf("Acquire: %v, said %d times that it waits", err, waited)
	}
	err = c.Acquire(t.Context(), atomicfile.Shared, func() { check(t, b.Release()) })
	check(t, err)
	try(b, atomicfile.Exclusive, false)
}
