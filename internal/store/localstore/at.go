package localstore

import (
	"errors"
	"io/fs"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// The functions of this file name a file by an open directory and one name in
// it, and never follow a symlink. Path strings are looked up anew by the
// kernel each time, and whoever can swap a directory for a symlink in between
// decides what they mean (CVE-2025-46415, CVE-2026-39860).

func ignoringEINTR(f func() error) error {
	for {
		if err := f(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

func pathErr(op string, dir *os.File, name string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: dir.Name() + "/" + name, Err: err}
}

// openAt opens name in dir; O_NOFOLLOW and O_CLOEXEC are always added.
func openAt(dir *os.File, name string, flags int, mode uint32) (*os.File, error) {
	var fd int
	err := ignoringEINTR(func() (err error) {
		fd, err = unix.Openat(int(dir.Fd()), name, flags|unix.O_NOFOLLOW|unix.O_CLOEXEC, mode)
		return err
	})
	if err != nil {
		return nil, pathErr("open", dir, name, err)
	}
	return os.NewFile(uintptr(fd), dir.Name()+"/"+name), nil
}

func lstatAt(dir *os.File, name string) (unix.Stat_t, error) {
	var st unix.Stat_t
	err := unix.Fstatat(int(dir.Fd()), name, &st, unix.AT_SYMLINK_NOFOLLOW)
	return st, pathErr("lstat", dir, name, err)
}

func existsAt(dir *os.File, name string) (bool, error) {
	_, err := lstatAt(dir, name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func kind(st *unix.Stat_t) uint32 { return st.Mode & unix.S_IFMT }

// chmodAt changes the mode of name, which may have no permission bits that
// would let us open it, without following it: through a handle that gives no
// access (O_PATH) and its entry in /proc, the one way that all kernels have.
func chmodAt(dir *os.File, name string, mode uint32) error {
	f, err := openAt(dir, name, unix.O_PATH, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	return pathErr("chmod", dir, name, unix.Chmod(procPath(f), mode))
}

func procPath(f *os.File) string { return "/proc/self/fd/" + strconv.Itoa(int(f.Fd())) }

// openDirAt opens the directory name for reading and, if its owner took away
// his own rights, gives them back first.
func openDirAt(dir *os.File, name string, st *unix.Stat_t) (*os.File, error) {
	if st.Mode&0o700 != 0o700 {
		if err := chmodAt(dir, name, 0o700); err != nil {
			return nil, err
		}
	}
	return openAt(dir, name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
}

func unlinkAt(dir *os.File, name string, flags int) error {
	return pathErr("unlink", dir, name, unix.Unlinkat(int(dir.Fd()), name, flags))
}

func renameAt(from *os.File, name string, to *os.File, newName string, flags uint) error {
	var err error
	if flags == 0 {
		err = unix.Renameat(int(from.Fd()), name, int(to.Fd()), newName)
	} else {
		err = unix.Renameat2(int(from.Fd()), name, int(to.Fd()), newName, flags)
	}
	return pathErr("rename to "+to.Name()+"/"+newName, from, name, err)
}
