package atomicfile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Mode is how a lock is held.
type Mode int

// Modes of a lock: many may share, or one holds it alone.
const (
	Shared    Mode = unix.LOCK_SH
	Exclusive Mode = unix.LOCK_EX
)

// Lock is an open lock file. The kernel drops the lock when the process ends
// in whatever way, so that no stale lock can block. Two Locks of one file
// exclude each other inside one process too.
type Lock struct {
	f *os.File
}

// OpenLock opens the lock file at path, creating it (mode 0600) if it is
// missing, without locking it.
func OpenLock(path string) (*Lock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening lock file: %w", err)
	}
	return &Lock{f}, nil
}

// NewLock makes a lock of an open file or directory and takes it over.
func NewLock(f *os.File) *Lock { return &Lock{f} }

// File returns the open file.
func (l *Lock) File() *os.File { return l.f }

// Try takes the lock if that is possible at once. A Lock that is held already
// changes its mode, which is not atomic: it may be free in between.
func (l *Lock) Try(m Mode) (bool, error) {
	for {
		err := unix.Flock(int(l.f.Fd()), int(m)|unix.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EWOULDBLOCK):
			return false, nil
		default:
			return false, fmt.Errorf("lock %s: %w", l.f.Name(), err)
		}
	}
}

// Acquire takes the lock, or returns the error of ctx. It calls waiting (if
// not nil) once, before it begins to wait.
//
// It asks again and again, at most 20 times a second, instead of sleeping in
// the kernel: a thread that sleeps in flock cannot be woken by ctx.
func (l *Lock) Acquire(ctx context.Context, m Mode, waiting func()) error {
	pause := time.Millisecond
	for first := true; ; first = false {
		ok, err := l.Try(m)
		if ok || err != nil {
			return err
		}
		if first && waiting != nil {
			waiting()
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		case <-timer.C:
		}
		pause = min(2*pause, 50*time.Millisecond)
	}
}

// Release gives the lock up and keeps the file open.
func (l *Lock) Release() error {
	if err := unix.Flock(int(l.f.Fd()), unix.LOCK_UN); err != nil {
		return fmt.Errorf("unlock %s: %w", l.f.Name(), err)
	}
	return nil
}

// Close gives the lock up and closes the file.
func (l *Lock) Close() error { return l.f.Close() }
