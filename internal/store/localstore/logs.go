package localstore

import (
	"compress/bzip2"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"isomorph/internal/atomicfile"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// logFile returns where the log of drv lies: in a directory named by the first
// two characters, as in Nix.
func (s *Store) logFile(drv storepath.Path) string {
	return filepath.Join(s.at.log, "drvs", string(drv[:2]), string(drv[2:]))
}

// OpenLog implements [store.Reader]. It reads the compressed logs of Nix too.
func (s *Store) OpenLog(_ context.Context, drv storepath.Path) (io.ReadCloser, error) {
	name := s.logFile(drv)
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NOFOLLOW, 0)
	if err == nil {
		return f, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	f, err = os.OpenFile(name+".bz2", os.O_RDONLY|unix.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("build log of '%s' is not available: %w", s.Dir().Join(drv), store.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{bzip2.NewReader(f), f}, nil
}

// CreateLog implements [store.Store].
func (s *Store) CreateLog(_ context.Context, drv storepath.Path) (io.WriteCloser, error) {
	if err := s.writable("keep a build log"); err != nil {
		return nil, err
	}
	name := s.logFile(drv)
	if err := atomicfile.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return nil, err
	}
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|unix.O_NOFOLLOW, 0o644)
}
