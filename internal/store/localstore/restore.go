package localstore

import (
	"errors"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"isomorph/internal/nar"
)

// restore creates the tree of a NAR as the entry name of base, in canonical
// form from the start, whatever the umask and whatever access control lists
// the directory hands down. It returns the number of files.
//
// The names come from a stranger. Each file is made relative to the directory
// that restore itself has just made and holds open, and must not exist; so
// nothing in the archive can lead outside (CVE-2024-45593).
func restore(r io.Reader, base *os.File, name string, maxSize uint64) (files int, err error) {
	rs := &restorer{name: name, dirs: []*os.File{base}, buf: make([]byte, 128<<10)}
	err = nar.ReadAll(r, rs, maxSize)
	for _, d := range rs.dirs[1:] { // open only after an error
		d.Close()
	}
	return rs.files, err
}

type restorer struct {
	name  string
	dirs  []*os.File // base, and the directories that we are in
	buf   []byte
	files int
}

var _ nar.Sink = (*restorer)(nil)

// at returns the innermost directory and the last name of a path.
func (rs *restorer) at(path string) (*os.File, string) {
	dir := rs.dirs[len(rs.dirs)-1]
	if path == "" {
		return dir, rs.name
	}
	return dir, path[strings.LastIndexByte(path, '/')+1:]
}

// Directory implements [nar.Sink].
func (rs *restorer) Directory(path string) error {
	rs.files++
	dir, name := rs.at(path)
	if err := unix.Mkdirat(int(dir.Fd()), name, 0o700); err != nil {
		return pathErr("mkdir", dir, name, err)
	}
	st, err := lstatAt(dir, name)
	if err != nil {
		return err
	}
	d, err := openDirAt(dir, name, &st) // gives us the rights that a umask took
	if err != nil {
		return err
	}
	rs.dirs = append(rs.dirs, d)
	return nil
}

// Leave implements [nar.Sink].
func (rs *restorer) Leave(path string) error {
	last := len(rs.dirs) - 1
	d := rs.dirs[last]
	rs.dirs = rs.dirs[:last]
	err := stripXattrs(d, true)
	if err = errors.Join(err, unix.Fchmod(int(d.Fd()), 0o555), d.Close()); err != nil {
		return err
	}
	dir, name := rs.at(path)
	return setTimeAt(dir, name)
}

// Symlink implements [nar.Sink].
func (rs *restorer) Symlink(path, target string) error {
	rs.files++
	dir, name := rs.at(path)
	if err := unix.Symlinkat(target, int(dir.Fd()), name); err != nil {
		return pathErr("symlink", dir, name, err)
	}
	return setTimeAt(dir, name)
}

// File implements [nar.Sink].
func (rs *restorer) File(path string, executable bool, _ uint64, contents io.Reader) error {
	rs.files++
	dir, name := rs.at(path)
	mode := uint32(0o444)
	if executable {
		mode = 0o555
	}
	f, err := openAt(dir, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	// onlyWriter: os.File would rather read by itself, past the end of the file.
	_, err = io.CopyBuffer(onlyWriter{f}, contents, rs.buf)
	err = errors.Join(err, stripXattrs(f, true), unix.Fchmod(int(f.Fd()), mode), f.Close())
	if err != nil {
		return pathErr("write", dir, name, err)
	}
	return setTimeAt(dir, name)
}

type onlyWriter struct{ io.Writer }
