package localstore_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"isomorph/internal/nar"
	"isomorph/internal/store"
	"isomorph/internal/store/localstore"
	"isomorph/internal/storepath"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func scratch(t testing.TB, s *localstore.Store) store.Scratch {
	t.Helper()
	sc, err := s.NewScratch(t.Context())
	check(t, err)
	return sc
}

// Everything that a builder can leave behind is gone after sealing.
func TestCanonicalForm(t *testing.T) {
	s := open(t, options(newRoot(t)))
	defer s.Close()
	sc := scratch(t, s)
	at := func(name string) string { return filepath.Join(sc.Dir(), name) }
	check(t, os.MkdirAll(at("out/locked/inner"), 0o755))
	check(t, os.WriteFile(at("out/locked/inner/secret"), []byte("s"), 0o000))
	check(t, os.WriteFile(at("out/tool"), []byte("t"), 0o755))
	check(t, os.Chmod(at("out/tool"), 0o755|os.ModeSetuid|os.ModeSetgid))
	check(t, os.Symlink("/etc/shadow", at("out/link")))
	if err := unix.Lsetxattr(at("out/tool"), "user.isomorph", []byte("x"), 0); err != nil {
		t.Logf("no extended attributes here: %v", err)
	}
	check(t, os.Chmod(at("out/locked/inner"), 0o000))
	check(t, os.Chmod(at("out/locked"), os.ModeSticky|0o100))
	if _, err := sc.Seal(t.Context(), "out", nil); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{
		"out": os.ModeDir | 0o555, "out/tool": 0o555, "out/locked": os.ModeDir | 0o555,
		"out/locked/inner": os.ModeDir | 0o555, "out/locked/inner/secret": 0o444, "out/link": os.ModeSymlink | 0o777,
	} {
		st, err := os.Lstat(at(name))
		check(t, err)
		if st.Mode() != want || st.ModTime().Unix() != 1 || st.ModTime().Nanosecond() != 0 {
			t.Errorf("%s: mode %v, time %v; want mode %v, time 1", name, st.Mode(), st.ModTime(), want)
		}
	}
	if n, err := unix.Llistxattr(at("out/tool"), make([]byte, 256)); err == nil && n > 0 {
		t.Error("an extended attribute is left")
	}
}

// The umask has no influence on what is added.
func TestUmask(t *testing.T) {
	src := filepath.Join(t.TempDir(), "src")
	check(t, os.MkdirAll(filepath.Join(src, "d"), 0o755))
	check(t, os.WriteFile(filepath.Join(src, "d/tool"), []byte("#!/bin/sh"), 0o755))
	for _, mask := range []int{0o022, 0, 0o077} {
		s := open(t, options(newRoot(t)))
		old := unix.Umask(mask)
		p, err := s.AddTree(t.Context(), store.Source{Name: "src", Path: src})
		_, err2 := s.AddText(t.Context(), "text", []byte("x"), nil)
		unix.Umask(old)
		check(t, errors.Join(err, err2))
		res, err := s.Verify(t.Context(), store.VerifyOptions{CheckContents: true})
		check(t, err)
		if len(res.Problems) > 0 {
			t.Errorf("umask %o: %+v", mask, res.Problems)
		}
		if st, err := os.Stat(filepath.Join(s.RealPath(p), "d/tool")); err != nil || st.Mode() != 0o555 {
			t.Errorf("umask %o: %v, %v", mask, st.Mode(), err)
		}
		check(t, s.Close())
	}
}

// A file that has a name outside of the output gets an inode of its own; names
// inside of it may share one.
func TestHardLinks(t *testing.T) {
	s := open(t, options(newRoot(t)))
	defer s.Close()
	sc := scratch(t, s)
	at := func(name string) string { return filepath.Join(sc.Dir(), name) }
	check(t, os.MkdirAll(at("out/d"), 0o755))
	check(t, os.WriteFile(at("outside"), []byte("shared"), 0o644))
	check(t, os.Link(at("outside"), at("out/d/in")))
	check(t, os.WriteFile(at("out/a"), []byte("twins"), 0o755))
	check(t, os.Link(at("out/a"), at("out/d/b")))
	_, err := sc.Seal(t.Context(), "out", nil)
	check(t, err)
	nlink := func(name string) uint64 {
		var st unix.Stat_t
		check(t, unix.Lstat(at(name), &st))
		if st.Mtim.Sec != 1 || st.Mode&0o222 != 0 {
			t.Errorf("%s: mode %o, time %d", name, st.Mode, st.Mtim.Sec)
		}
		return uint64(st.Nlink)
	}
	if nlink("out/d/in") != 1 || nlink("out/a") != 2 || nlink("out/d") == 0 {
		t.Error("wrong sharing after sealing")
	}
	if b, _ := os.ReadFile(at("out/d/in")); string(b) != "shared" {
		t.Errorf("contents %q", b)
	}
}

// A tree that is too deep for a NAR is refused, and still can be deleted.
func TestDeepTree(t *testing.T) {
	s := open(t, options(newRoot(t)))
	sc := scratch(t, s)
	dir, err := unix.Open(sc.Dir(), unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	check(t, err)
	const levels = 600
	for i := range levels {
		name := "d"
		if i == 0 {
			name = "out"
		}
		check(t, unix.Mkdirat(dir, name, 0o755))
		next, err := unix.Openat(dir, name, unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		check(t, err)
		check(t, unix.Fchmod(dir, 0o500|0o200))
		unix.Close(dir)
		dir = next
	}
	unix.Close(dir)
	if _, err := sc.Seal(t.Context(), "out", nil); err == nil || !strings.Contains(err.Error(), "levels deep") {
		t.Errorf("sealing: %v", err)
	}
	check(t, sc.Close())
	check(t, s.Close())
	if _, err := os.Lstat(sc.Dir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the tree is still there: %v", err)
	}
}

// Deleting and sealing never leave the scratch directory by a symlink.
func TestSymlinksStayInside(t *testing.T) {
	s := open(t, options(newRoot(t)))
	defer s.Close()
	canary := filepath.Join(t.TempDir(), "canary")
	check(t, os.Mkdir(canary, 0o755))
	check(t, os.WriteFile(filepath.Join(canary, "file"), []byte("alive"), 0o644))
	before, err := os.Stat(filepath.Join(canary, "file"))
	check(t, err)
	sc := scratch(t, s)
	check(t, os.Symlink(canary, filepath.Join(sc.Dir(), "out")))
	check(t, os.Mkdir(filepath.Join(sc.Dir(), "dir"), 0o755))
	check(t, os.Symlink(filepath.Join(canary, "file"), filepath.Join(sc.Dir(), "dir/x")))
	for _, name := range []string{"out", "dir"} {
		_, err = sc.Seal(t.Context(), name, nil)
		check(t, err)
	}
	check(t, sc.Close())
	after, err := os.Stat(filepath.Join(canary, "file"))
	check(t, err)
	if before.Mode() != after.Mode() || !before.ModTime().Equal(after.ModTime()) {
		t.Error("a file behind a symlink was touched")
	}
}

// A derivation that claims another one's output path is refused, by whatever
// way it comes.
func TestForgedDerivation(t *testing.T) {
	s := open(t, options(newRoot(t)))
	defer s.Close()
	paths, drvs := graphOf(t, 3)
	addAll(t, s, drvs)
	forged := *drvs[2]
	forged.Name = "forged"
	text := forged.Encode(s.Dir())
	if _, err := s.AddText(t.Context(), "forged.drv", text, forged.References()); err == nil || !strings.Contains(err.Error(), "incorrect output") {
		t.Errorf("as a text: %v", err)
	}
	p, err := s.Dir().MakeText("forged.drv", hashOf(text), forged.References())
	check(t, err)
	file := filepath.Join(t.TempDir(), "f")
	check(t, os.WriteFile(file, text, 0o644))
	var b bytes.Buffer
	check(t, nar.Dump(&b, file, nil))
	info := &store.PathInfo{Path: p, NarHash: hashOf(b.Bytes()), NarSize: uint64(b.Len()), References: forged.References()}
	if err := s.AddNAR(t.Context(), info, &b); err == nil || !strings.Contains(err.Error(), "incorrect output") {
		t.Errorf("as a NAR: %v", err)
	}
	if ok, err := s.ValidPaths(t.Context(), append(paths, p)); err != nil || len(ok) != 3 {
		t.Errorf("valid: %v, %v", ok, err)
	}
}

// What claims to be content-addressed has to be.
func TestForgedContentAddress(t *testing.T) {
	s := open(t, options(newRoot(t)))
	defer s.Close()
	file := filepath.Join(t.TempDir(), "f")
	check(t, os.WriteFile(file, []byte("good"), 0o644))
	var b bytes.Buffer
	check(t, nar.Dump(&b, file, nil))
	good := hashOf([]byte("good"))
	p, err := s.Dir().MakeFixed("f", false, good, nil)
	check(t, err)
	other := storepath.Path(strings.Repeat("1", 32) + "-f")
	for name, info := range map[string]store.PathInfo{
		"another path":     {Path: other, CA: "fixed:" + good.String()},
		"another hash":     {Path: p, CA: "fixed:" + hashOf(nil).String()},
		"another method":   {Path: p, CA: "text:" + good.String()},
		"unknown method":   {Path: p, CA: "magic:" + good.String()},
		"no hash":          {Path: p, CA: "fixed:"},
		"self":             {Path: p, CA: "fixed:" + good.String(), References: []storepath.Path{p}},
		"another contents": {Path: mustFixed(t, s, "f", []byte("evil")), CA: "fixed:" + hashOf([]byte("evil")).String()},
	} {
		info.NarHash, info.NarSize = hashOf(b.Bytes()), uint64(b.Len())
		if err := s.AddNAR(t.Context(), &info, bytes.NewReader(b.Bytes())); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	info := store.PathInfo{Path: p, CA: "fixed:" + good.String(), NarHash: hashOf(b.Bytes()), NarSize: uint64(b.Len())}
	check(t, s.AddNAR(t.Context(), &info, &b))
}
