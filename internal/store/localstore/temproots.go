package localstore

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"isomorph/internal/atomicfile"
	"isomorph/internal/failpoint"
	"isomorph/internal/storepath"
)

// tempRoots is the list of paths that this process may be using. It lies in
// a file that the process holds locked; a collector reads the files of all
// processes, and deletes those that nobody holds any more.
type tempRoots struct {
	mu     sync.Mutex
	file   *atomicfile.Lock // exclusive
	gc     *atomicfile.Lock // gc.lock, held shared while we write
	name   string
	rooted map[storepath.Path]bool
}

// AddTempRoot implements [store.Store].
//
// The shared lock around the writing is what makes it safe: a collector reads
// all lists with that lock held alone, and keeps it until the garbage has lost
// its rows in the database. Whoever looks after that finds the path not valid.
func (s *Store) AddTempRoot(ctx context.Context, paths ...storepath.Path) error {
	if s.readOnly {
		return nil // nobody can delete anything either
	}
	t := &s.temp
	t.mu.Lock()
	defer t.mu.Unlock()
	var text strings.Builder
	for _, p := range paths {
		if !t.rooted[p] {
			text.WriteString(s.Dir().Join(p))
			text.WriteByte(0)
		}
	}
	if text.Len() == 0 {
		return nil
	}
	if err := s.openTempRoots(ctx); err != nil {
		return fmt.Errorf("temporary roots: %w", err)
	}
	if err := t.gc.Acquire(ctx, atomicfile.Shared, s.waiter("waiting for the big garbage collector lock")); err != nil {
		return err
	}
	_, err := io.WriteString(t.file.File(), text.String())
	if err == nil {
		err = failpoint.Hit("temproot-written")
	}
	if err = errors.Join(err, t.gc.Release()); err != nil {
		return fmt.Errorf("temporary roots: %w", err)
	}
	for _, p := range paths {
		t.rooted[p] = true
	}
	return nil
}

// isTempRoot tells whether p is a temporary root of this process.
func (t *tempRoots) isRoot(p storepath.Path) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.rooted[p]
}

func (s *Store) gcLockFile() string { return filepath.Join(s.at.state, "gc.lock") }

// openTempRoots creates this process's list when it is needed first.
func (s *Store) openTempRoots(ctx context.Context) (err error) {
	t := &s.temp
	if t.file != nil {
		return nil
	}
	if t.gc == nil {
		if t.gc, err = atomicfile.OpenLock(s.gcLockFile()); err != nil {
			return err
		}
	}
	for t.file == nil {
		if t.name, err = s.randomName(); err != nil {
			return err
		}
		if t.file, err = lockNewFile(ctx, filepath.Join(s.at.temp, t.name)); err != nil {
			return err
		}
	}
	t.rooted = map[storepath.Path]bool{}
	return nil
}

// lockNewFile creates and locks a file. Between the two a collector may have
// taken the file for one that was left behind, deleted it and marked it by
// writing into it: then the result is nil.
func lockNewFile(ctx context.Context, path string) (*atomicfile.Lock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	lock := atomicfile.NewLock(f)
	if err := lock.Acquire(ctx, atomicfile.Exclusive, nil); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil || st.Size != 0 || st.Nlink == 0 {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

func (s *Store) randomName() (string, error) {
	var b [12]byte
	if _, err := io.ReadFull(s.rand(), b[:]); err != nil {
		return "", fmt.Errorf("random name: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}

func (t *tempRoots) close(dir string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var errs []error
	if t.file != nil {
		if err := unix.Unlink(filepath.Join(dir, t.name)); !errors.Is(err, unix.ENOENT) {
			errs = append(errs, err)
		}
		errs = append(errs, t.file.Close())
		t.file = nil
	}
	if t.gc != nil {
		errs = append(errs, t.gc.Close())
		t.gc = nil
	}
	return errors.Join(errs...)
}

// findTempRoots reads the lists of all living processes and deletes those of
// dead ones. The caller holds gc.lock alone.
func (s *Store) findTempRoots(add func(p storepath.Path, link string)) error {
	names, err := readDirNames(s.at.temp)
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasPrefix(name, ".") {
			continue
		}
		roots, err := s.readTempRoots(name)
		if err != nil {
			return fmt.Errorf("read the temporary roots %s: %w", name, err)
		}
		for _, p := range roots {
			add(p, "{temp:"+name+"}")
		}
	}
	return nil
}

func (s *Store) readTempRoots(name string) ([]storepath.Path, error) {
	path := filepath.Join(s.at.temp, name)
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	lock := atomicfile.NewLock(f)
	defer lock.Close()
	if dead, err := lock.Try(atomicfile.Exclusive); err != nil {
		return nil, err
	} else if dead {
		// The mark tells a process that has just created the file, and waits
		// for the lock, to create another one.
		unix.Unlink(path)
		_, err := f.WriteString("d")
		return nil, err
	}
	b, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	return s.parseTempRoots(b), nil
}

// parseTempRoots reads a list: absolute paths, each with a NUL behind it. An
// incomplete last one was never acknowledged to anybody.
func (s *Store) parseTempRoots(b []byte) (roots []storepath.Path) {
	items := strings.Split(string(b), "\x00")
	for _, item := range items[:len(items)-1] {
		if p, err := s.Dir().Parse(item); err == nil {
			roots = append(roots, p)
		}
	}
	return roots
}

func readDirNames(dir string) ([]string, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}
