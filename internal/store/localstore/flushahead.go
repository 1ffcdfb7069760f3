package localstore

import (
	"sync"

	"golang.org/x/sys/unix"
)

// aheadFiles is how many files of a tree are made before the disk is set to
// work on them.
const aheadFiles = 8192

// flushAhead has large trees written to disk while more files are made and
// while somebody evaluates, so that the flush before they are registered, which
// is the one that counts, finds little left to do.
type flushAhead struct {
	mu      sync.Mutex
	running bool
	again   bool
	wg      sync.WaitGroup
}

// flushAhead begins to write what was written so far to disk.
func (s *Store) flushAhead() {
	if s.opts.NoDurability {
		return
	}
	a := &s.ahead
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.again = a.running; a.running {
		return
	}
	a.running = true
	a.wg.Go(s.runAhead)
}

func (s *Store) runAhead() {
	for more := true; more; {
		s.flushOnce()
		s.pass("flushed ahead")
		s.ahead.mu.Lock()
		more, s.ahead.again = s.ahead.again, false
		s.ahead.running = more
		s.ahead.mu.Unlock()
	}
}

// flushOnce uses a descriptor of its own: an error of the disk is told once for
// each, and has to be left for the flush that counts. For the same reason this
// one's errors have no effect.
func (s *Store) flushOnce() {
	dir, err := openAt(s.dir, ".", unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return
	}
	defer dir.Close()
	syncFileSystem(dir)
}
