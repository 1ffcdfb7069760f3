package evalcache

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/storepath"
)

// Stale says why a record is not the answer any more: one thing of the world
// that has changed. Others may have, too.
type Stale struct{ What string }

// Error returns the reason.
func (s *Stale) Error() string { return s.What }

func stale(format string, args ...any) error { return &Stale{fmt.Sprintf(format, args...)} }

// Check compares a record with the world, at the time now. The error is a
// *Stale if something has changed, and another one if it could not be found
// out. The store objects that the record is about are kept from the collector
// before they are looked for.
//
// fresher tells that files had to be read to see that they have not changed,
// and that the record has been given fingerprints which will save that next
// time.
func (rec *Record) Check(ctx context.Context, w World, now time.Time) (fresher bool, err error) {
	for _, v := range rec.Vars {
		if w.Getenv(v.Name) != v.Value {
			return false, stale("the variable %s has another value", v.Name)
		}
	}
	for _, d := range rec.Downloads {
		if p, ok := w.Downloaded(d.URL, d.Name, d.Unpack); !ok || p != d.Path {
			return false, stale("'%s' has to be downloaded again", d.URL)
		}
	}
	for _, i := range rec.Inputs {
		if err := i.check(w); err != nil {
			return false, err
		}
	}
	if err := rec.checkObjects(ctx, w); err != nil {
		return false, err
	}
	c := &checker{w: w, now: now}
	groups := rec.groups(w)
	if err := c.parallel(len(groups), func(i int) error { return c.group(groups[i]) }); err != nil {
		return false, err
	}
	err = c.parallel(len(rec.Trees), func(i int) error { return c.tree(ctx, &rec.Trees[i]) })
	return c.fresher.Load(), err
}

func (rec *Record) checkObjects(ctx context.Context, w World) error {
	paths := append([]storepath.Path{}, rec.Made...)
	for _, o := range rec.Objects {
		paths = append(paths, o.Path)
	}
	if len(paths) > 0 {
		if err := w.Keep(ctx, paths...); err != nil {
			return err
		}
	}
	if len(rec.Made)+len(rec.Absent) > 0 {
		valid, err := w.Valid(ctx, append(append([]storepath.Path{}, rec.Made...), rec.Absent...))
		if err != nil {
			return err
		}
		for _, p := range rec.Made {
			if !valid[p] {
				return stale("'%s' is not valid any more", p)
			}
		}
		for _, p := range rec.Absent {
			if valid[p] {
				return stale("'%s' is valid now", p)
			}
		}
	}
	for _, o := range rec.Objects {
		id, ok, err := w.Object(ctx, o.Path)
		if err != nil {
			return err
		}
		if !ok || id != o.ID {
			return stale("'%s' is not valid any more, or another one", o.Path)
		}
	}
	return nil
}

// checker compares files, on both of the processors that nearly every machine
// has: more would wait for the kernel's locks.
type checker struct {
	w       World
	now     time.Time
	disks   fileSystems
	fresher atomic.Bool
}

const checkers = 2

// parallel calls f for 0 to n-1 and returns an error of the calls, if one has
// any, after which no more are begun.
func (c *checker) parallel(n int, f func(i int) error) error {
	var next atomic.Int64
	errs := make([]error, checkers)
	var wg sync.WaitGroup
	for k := range errs {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := f(i); err != nil {
					errs[k] = err
					next.Store(int64(n))
					return
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// group is the files of one directory.
type group struct {
	dir   string // on this machine
	files []*File
}

// groups sorts the files of a record by directory. As they are sorted by path,
// those of one directory are not always in a row, but nearly.
func (rec *Record) groups(w World) []group {
	var all []group
	at := map[string]int{}
	dir := w.Dir()
	for i := range rec.Files {
		f := &rec.Files[i]
		name := f.Path
		if dir.Contains(name) {
			name = w.Real(name)
		}
		parent := filepath.Dir(name)
		k, ok := at[parent]
		if !ok {
			k = len(all)
			at[parent] = k
			all = append(all, group{dir: parent})
		}
		all[k].files = append(all[k].files, f)
	}
	return all
}

// group compares the files of one directory, which is opened once.
func (c *checker) group(g group) error {
	fd, err := open(unix.AT_FDCWD, g.dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC)
	if err != nil && !notThere(err) {
		return stale("'%s' cannot be opened: %v", g.dir, err)
	}
	if err == nil {
		defer unix.Close(fd)
	}
	for _, f := range g.files {
		l := look{dir: fd, name: filepath.Base(f.Path), gone: err != nil}
		if err := c.file(f, &l, filepath.Join(g.dir, l.name)); err != nil {
			return err
		}
	}
	return nil
}

func open(dir int, name string, flags int) (fd int, err error) {
	err = ignoringEINTR(func() error {
		fd, err = unix.Openat(dir, name, flags, 0)
		return err
	})
	return fd, err
}

func notThere(err error) bool { return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) }

// look is one name in an open directory, or in one that is gone.
type look struct {
	dir  int
	name string
	gone bool
}

// stat returns the state of the file; there is none if ok is false.
func (l *look) stat(flags int) (st unix.Stat_t, ok bool, err error) {
	if l.gone {
		return st, false, nil
	}
	err = ignoringEINTR(func() error { return unix.Fstatat(l.dir, l.name, &st, flags) })
	if notThere(err) {
		return st, false, nil
	}
	return st, err == nil, err
}

// file compares one path with what was seen of it.
func (c *checker) file(f *File, l *look, real string) error {
	if f.Path == "/" {
		l.name = "."
	}
	st, there, err := l.stat(unix.AT_SYMLINK_NOFOLLOW)
	if err != nil {
		return stale("'%s' cannot be looked at: %v", f.Path, err)
	}
	if err := f.checkSelf(l, &st, there); err != nil || f.End == EndUnasked {
		return err
	}
	if there && st.Mode&unix.S_IFMT == unix.S_IFLNK {
		if st, there, err = l.stat(0); err != nil {
			return stale("'%s' cannot be looked at: %v", f.Path, err)
		}
	}
	if there != (f.End != EndAbsent) {
		return stale("'%s' has appeared or is gone", f.Path)
	}
	if !there {
		return nil
	}
	now := fingerprintOf(&st)
	if f.Sure && now == f.Fingerprint {
		return nil
	}
	return c.contents(f, real, now)
}

func (f *File) checkSelf(l *look, st *unix.Stat_t, there bool) error {
	now := SelfAbsent
	if there {
		now = selfOf(kindOf(st.Mode))
	}
	switch f.Self {
	case SelfUnasked:
		return nil
	case SelfNoLink:
		if now != SelfSymlink {
			return nil
		}
	case SelfLink:
		if now == SelfSymlink && l.target() == f.Target {
			return nil
		}
	default:
		if now == f.Self {
			return nil
		}
	}
	return stale("'%s' is something else", f.Path)
}

func kindOf(mode uint32) builtins.FileKind {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return builtins.Regular
	case unix.S_IFDIR:
		return builtins.Directory
	case unix.S_IFLNK:
		return builtins.Symlink
	default:
		return builtins.Unknown
	}
}

// target returns where a symlink leads, "" if that cannot be read.
func (l *look) target() string {
	buf := make([]byte, unix.PathMax)
	n := 0
	err := ignoringEINTR(func() (err error) {
		n, err = unix.Readlinkat(l.dir, l.name, buf)
		return err
	})
	if err != nil {
		return ""
	}
	return string(buf[:n])
}

// contents compares by hash, and takes the new fingerprint if that may be
// trusted from now on.
func (c *checker) contents(f *File, real string, before Fingerprint) error {
	sum, err := sumNow(f.End, real)
	if err != nil {
		return stale("'%s' cannot be read: %v", f.Path, err)
	}
	if sum != f.Sum {
		return stale("'%s' has other contents", f.Path)
	}
	after, ok := stat(real)
	if ok && sameStat(before, after, c.now) && c.disks.trusted(after.Dev, real) {
		f.Fingerprint, f.Sure = after, true
		c.fresher.Store(true)
	}
	return nil
}

func sumNow(e End, real string) (s Sum, err error) {
	if e == EndDirectory {
		list, err := os.ReadDir(real)
		if err != nil {
			return s, err
		}
		entries := make([]builtins.DirEntry, len(list))
		for i, e := range list {
			entries[i] = builtins.DirEntry{Name: e.Name(), Kind: builtins.KindOf(e.Type())}
		}
		return sumEntries(entries), nil
	}
	// Without O_NONBLOCK a FIFO in the file's place would be waited for.
	file, err := os.OpenFile(real, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return s, err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return s, errors.Join(err, errors.New("it is not a regular file"))
	}
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return s, err
	}
	h.Sum(s[:0])
	return s, nil
}

// tree compares a tree with the path that it had.
func (c *checker) tree(ctx context.Context, t *Tree) error {
	real := c.w.Real(t.Path)
	before, ok := lstat(real)
	if ok && t.Sure && before == t.Fingerprint {
		return nil
	}
	for _, r := range t.Rejected {
		if err := r.check(real); err != nil {
			return err
		}
	}
	p, err := c.w.TreePath(ctx, t)
	if err != nil {
		return stale("'%s' cannot be hashed: %v", t.Path, err)
	}
	if p != t.Result {
		return stale("'%s' has other contents", t.Path)
	}
	after, there := lstat(real)
	if ok && there && after.isFile() && sameStat(before, after, c.now) && c.disks.trusted(after.Dev, real) {
		t.Fingerprint, t.Sure = after, true
		c.fresher.Store(true)
	}
	return nil
}

// check sees whether a file that was left out is still of the kind that the
// filter was told. If it is gone there is nothing to leave out.
func (r *Rejected) check(root string) error {
	l := look{dir: unix.AT_FDCWD, name: filepath.Join(root, r.Path)}
	st, there, err := l.stat(unix.AT_SYMLINK_NOFOLLOW)
	if err != nil || there && kindOf(st.Mode) != r.Kind {
		return stale("'%s' is something else", l.name)
	}
	return nil
}
