package nar

import (
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Restore reads the archive r, which must end where the archive ends, and
// creates its tree as the entry name of the open directory parent. The entry
// must not exist. maxSize bounds the archive in bytes, 0 means no bound.
//
// Nothing that the archive names can lead outside: each file is created
// relative to the open directory that this call has just made, with O_EXCL and
// O_NOFOLLOW, and no symlink of the archive is ever followed (CVE-2024-45593
// was a duplicate entry, a symlink first and a directory then). Directories
// get mode 0755, files 0644 or 0755; on an error a part of the tree may remain
// for the caller to remove.
func Restore(r io.Reader, parent int, name string, maxSize uint64) error {
	rs := &restorer{name: name, dirs: []int{parent}, buf: make([]byte, 128<<10)}
	defer rs.close()
	return ReadAll(r, rs, maxSize)
}

type restorer struct {
	name string
	dirs []int // open directories, the caller's first
	buf  []byte
}

var _ Sink = (*restorer)(nil)

func (rs *restorer) close() {
	for _, fd := range rs.dirs[1:] {
		unix.Close(fd)
	}
}

// at returns the open directory and the name in it for a path of the archive.
func (rs *restorer) at(path string) (int, string) {
	dir := rs.dirs[len(rs.dirs)-1]
	if path == "" {
		return dir, rs.name
	}
	return dir, path[strings.LastIndexByte(path, '/')+1:]
}

func (rs *restorer) wrap(op, path string, err error) error {
	return &fs.PathError{Op: op, Path: filepath.Join(rs.name, path), Err: err}
}

// Directory makes a directory and goes into it.
func (rs *restorer) Directory(path string) error {
	dir, name := rs.at(path)
	if err := unix.Mkdirat(dir, name, 0o755); err != nil {
		return rs.wrap("mkdir", path, err)
	}
	fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return rs.wrap("open", path, err)
	}
	rs.dirs = append(rs.dirs, fd)
	return nil
}

// Leave goes back to the directory above.
func (rs *restorer) Leave(path string) error {
	last := len(rs.dirs) - 1
	err := unix.Close(rs.dirs[last])
	rs.dirs = rs.dirs[:last]
	if err != nil {
		return rs.wrap("close", path, err)
	}
	return nil
}

// Symlink makes a symlink.
func (rs *restorer) Symlink(path, target string) error {
	dir, name := rs.at(path)
	if err := unix.Symlinkat(target, dir, name); err != nil {
		return rs.wrap("symlink", path, err)
	}
	return nil
}

// File makes a regular file.
func (rs *restorer) File(path string, executable bool, size uint64, contents io.Reader) error {
	dir, name := rs.at(path)
	mode := uint32(0o644)
	if executable {
		mode = 0o755
	}
	fd, err := unix.Openat(dir, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, mode)
	if err != nil {
		return rs.wrap("create", path, err)
	}
	if err := rs.fill(fd, contents); err != nil {
		unix.Close(fd)
		return rs.wrap("write", path, err)
	}
	// Some file systems say only now that there was no room.
	if err := unix.Close(fd); err != nil {
		return rs.wrap("close", path, err)
	}
	return nil
}

func (rs *restorer) fill(fd int, contents io.Reader) error {
	for {
		n, err := contents.Read(rs.buf)
		for b := rs.buf[:n]; len(b) > 0; {
			m, werr := unix.Write(fd, b)
			if werr == unix.EINTR {
				continue
			}
			if werr != nil {
				return werr
			}
			if m == 0 {
				return fmt.Errorf("nothing was written: %w", io.ErrShortWrite)
			}
			b = b[m:]
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
