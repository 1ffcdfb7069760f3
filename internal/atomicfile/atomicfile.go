// Package atomicfile replaces small files so that a reader, a crash or a power
// cut sees either the old contents or the new, and never a mixture, an empty
// file or none; and it holds the file locks that processes agree by.
//
// A file is written under a temporary name beside its destination, flushed to
// disk, renamed over it, and then the directory is flushed, because the new
// name is an entry in the directory and not part of the file. Leaving out any
// of these has cost Nix users their stores (NixOS/nix#7064: an empty "schema"
// file after a crash).
package atomicfile

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Write replaces the file at path by one with the given contents and mode
// (the umask has no influence). rand makes the temporary name; it is read for
// 8 bytes and need not be secret, only different for different processes.
func Write(path string, contents []byte, mode fs.FileMode, rand io.Reader) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	name := filepath.Base(path)
	tmp, err := tempName(name, rand)
	if err != nil {
		return err
	}
	if err := writeAt(dir, tmp, contents, mode); err != nil {
		unix.Unlinkat(int(dir.Fd()), tmp, 0)
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := unix.Renameat(int(dir.Fd()), tmp, int(dir.Fd()), name); err != nil {
		unix.Unlinkat(int(dir.Fd()), tmp, 0)
		return fmt.Errorf("write %s: rename: %w", path, err)
	}
	return dir.Sync()
}

func tempName(name string, rand io.Reader) (string, error) {
	var b [8]byte
	if _, err := io.ReadFull(rand, b[:]); err != nil {
		return "", fmt.Errorf("random name for %s: %w", name, err)
	}
	return "." + name + ".tmp-" + hex.EncodeToString(b[:]), nil
}

func writeAt(dir *os.File, name string, contents []byte, mode fs.FileMode) (err error) {
	fd, err := unix.Openat(int(dir.Fd()), name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return fmt.Errorf("create: %w", err)
	}
	f := os.NewFile(uintptr(fd), name)
	// An error of close counts: some file systems report a full disk there.
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(contents); err != nil {
		return err
	}
	if err := f.Chmod(mode.Perm()); err != nil {
		return err
	}
	return f.Sync()
}

// Symlink makes the symlink at path point to target, replacing a symlink that
// is there. It refuses to replace anything else. The new link survives a
// power cut when Symlink returns nil.
func Symlink(target, path string, rand io.Reader) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	fd, name := int(dir.Fd()), filepath.Base(path)
	var st unix.Stat_t
	if err := unix.Fstatat(fd, name, &st, unix.AT_SYMLINK_NOFOLLOW); err == nil && st.Mode&unix.S_IFMT != unix.S_IFLNK {
		return fmt.Errorf("cannot create symlink '%s'; already exists", path)
	}
	tmp, err := tempName(name, rand)
	if err != nil {
		return err
	}
	if err := unix.Symlinkat(target, fd, tmp); err != nil {
		return fmt.Errorf("create symlink %s: %w", path, err)
	}
	if err := unix.Renameat(fd, tmp, fd, name); err != nil {
		unix.Unlinkat(fd, tmp, 0)
		return fmt.Errorf("create symlink %s: rename: %w", path, err)
	}
	return dir.Sync()
}

// MkdirAll creates the directory path and those above it that are missing,
// with exactly the given mode, and flushes each parent that got a new entry.
func MkdirAll(path string, mode fs.FileMode) error {
	if st, err := os.Stat(path); err == nil {
		if !st.IsDir() {
			return &fs.PathError{Op: "mkdir", Path: path, Err: unix.ENOTDIR}
		}
		return nil
	}
	parent := filepath.Dir(path)
	if parent == path {
		return &fs.PathError{Op: "mkdir", Path: path, Err: unix.ENOENT}
	}
	if err := MkdirAll(parent, mode); err != nil {
		return err
	}
	return mkdir(parent, filepath.Base(path), mode)
}

func mkdir(parent, name string, mode fs.FileMode) error {
	dir, err := os.Open(parent)
	if err != nil {
		return err
	}
	defer dir.Close()
	path := filepath.Join(parent, name)
	err = unix.Mkdirat(int(dir.Fd()), name, uint32(mode.Perm()))
	if err == unix.EEXIST {
		return nil // another process was faster
	}
	if err != nil {
		return &fs.PathError{Op: "mkdir", Path: path, Err: err}
	}
	// The umask may have taken bits away, and a mode like 0777 from a lax
	// umask must not come through either.
	if err := unix.Fchmodat(int(dir.Fd()), name, uint32(mode.Perm()), 0); err != nil {
		return &fs.PathError{Op: "chmod", Path: path, Err: err}
	}
	return dir.Sync()
}
