package localstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"isomorph/internal/atomicfile"
	"isomorph/internal/failpoint"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// pathLocks are held locks: the files HASH-NAME.lock beside the paths, as in
// Nix (unix/pathlocks.cc).
type pathLocks struct {
	once  sync.Once
	s     *Store
	paths []storepath.Path
	locks []*atomicfile.Lock
}

// LockPaths implements [store.Store]. The paths become temporary roots, or a
// collector would take their lock files for garbage.
func (s *Store) LockPaths(ctx context.Context, paths []storepath.Path, waiting func(storepath.Path)) (store.Lock, error) {
	if err := s.writable("lock paths"); err != nil {
		return nil, err
	}
	if err := s.AddTempRoot(ctx, paths...); err != nil {
		return nil, err
	}
	sorted := slices.Clone(paths)
	slices.Sort(sorted) // one order for all processes: no deadlock
	l := &pathLocks{s: s, paths: slices.Compact(sorted)}
	for _, p := range l.paths {
		lock, err := s.lockPath(ctx, p, waiting)
		if err != nil {
			l.Unlock()
			return nil, fmt.Errorf("lock %s: %w", s.RealPath(p), err)
		}
		l.locks = append(l.locks, lock)
	}
	return l, failpoint.Hit("paths-locked")
}

func (s *Store) lockPath(ctx context.Context, p storepath.Path, waiting func(storepath.Path)) (*atomicfile.Lock, error) {
	say := func() {
		if waiting != nil {
			waiting(p)
		}
	}
	for {
		f, err := openAt(s.dir, string(p)+".lock", unix.O_RDWR|unix.O_CREAT, 0o600)
		if err != nil {
			return nil, err
		}
		lock := atomicfile.NewLock(f)
		if err := lock.Acquire(ctx, atomicfile.Exclusive, say); err != nil {
			return nil, errors.Join(err, lock.Close())
		}
		// The one who held it before may have deleted the file, which it
		// marks by writing into it: then we hold a lock that nobody sees.
		var st unix.Stat_t
		if err := unix.Fstat(int(f.Fd()), &st); err != nil {
			return nil, errors.Join(err, lock.Close())
		}
		if st.Size == 0 && st.Nlink > 0 {
			return lock, nil
		}
		lock.Close()
	}
}

// Unlock implements [store.Lock]. It deletes the lock files.
func (l *pathLocks) Unlock() {
	l.once.Do(func() {
		for i, lock := range l.locks {
			unlinkAt(l.s.dir, string(l.paths[i])+".lock", 0)
			lock.File().WriteString("d")
			lock.Close()
		}
	})
}

// covers tells whether p is among the locked paths.
func (l *pathLocks) covers(p storepath.Path) bool {
	_, ok := slices.BinarySearch(l.paths, p)
	return ok
}
