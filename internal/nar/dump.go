package nar

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Filter tells whether a file below the root of a dumped tree is taken. path
// is relative to the root; kind is "regular", "directory", "symlink" or
// "unknown".
type Filter func(path, kind string) (bool, error)

// Dump writes the archive of the tree at path, which is not followed if it is
// a symlink. Symlinks inside the tree are never followed either: every file is
// opened relative to the directory that it was found in. filter may be nil.
//
// Only regular files, directories and symlinks can be archived; anything else
// that the filter lets pass is an error.
func Dump(w io.Writer, path string, filter Filter) error {
	parent, err := unix.Open(filepath.Dir(path), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return &fs.PathError{Op: "open", Path: filepath.Dir(path), Err: err}
	}
	defer unix.Close(parent)
	return DumpAt(w, parent, filepath.Base(path), path, filter)
}

// DumpAt is [Dump] for the entry name of the open directory parent. display is
// how errors call the root.
func DumpAt(w io.Writer, parent int, name, display string, filter Filter) error {
	return dumpAt(w, parent, name, dumper{display: display, filter: filter})
}

func dumpAt(w io.Writer, parent int, name string, d dumper) error {
	bufs := buffers.Get().(*dumpBuffers)
	defer buffers.Put(bufs)
	bufs.out.Reset(w)
	defer bufs.out.Reset(nil)
	d.w, d.copyBuf = NewWriter(&bufs.out), bufs.copy[:]
	if name == "." || name == "/" || name == "" {
		name = "."
	}
	if err := d.node(parent, name, "", 0); err != nil {
		return err
	}
	if err := d.w.Close(); err != nil {
		return err
	}
	return bufs.out.Flush()
}

// dumpBuffers are lent to one Dump at a time: an evaluation hashes thousands of
// small trees.
type dumpBuffers struct {
	out  bufio.Writer
	copy [128 << 10]byte
}

var buffers = sync.Pool{New: func() any {
	return &dumpBuffers{out: *bufio.NewWriterSize(nil, 256<<10)}
}}

type dumper struct {
	w       *Writer
	display string
	filter  Filter
	copyBuf []byte

	caseHack bool // suffixes that caseHack has made are taken off
}

func (d *dumper) wrap(op, rel string, err error) error {
	return &fs.PathError{Op: op, Path: filepath.Join(d.display, rel), Err: err}
}

// node writes the file called name in the open directory dir. rel is its path
// in the tree.
func (d *dumper) node(dir int, name, rel string, depth int) error {
	var st unix.Stat_t
	if err := unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return d.wrap("stat", rel, err)
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		return d.regular(dir, name, rel)
	case unix.S_IFLNK:
		target, err := readlinkat(dir, name, st.Size)
		if err != nil {
			return d.wrap("readlink", rel, err)
		}
		d.w.Symlink(target)
		return d.writerErr(rel)
	case unix.S_IFDIR:
		return d.directory(dir, name, rel, depth)
	default:
		return d.wrap("archive", rel, UnsupportedKind(st.Mode))
	}
}

// writerErr adds the place to a mistake that the writer found.
func (d *dumper) writerErr(rel string) error {
	if d.w.err == nil {
		return nil
	}
	return d.wrap("archive", rel, d.w.err)
}

// UnsupportedKind returns the error for a file that cannot be archived; mode is
// that of stat(2).
func UnsupportedKind(mode uint32) error {
	return fmt.Errorf("it is %s; only regular files, directories and symlinks can be in a store", kindName(mode))
}

func kindName(mode uint32) string {
	switch mode & unix.S_IFMT {
	case unix.S_IFIFO:
		return "a FIFO"
	case unix.S_IFSOCK:
		return "a socket"
	case unix.S_IFCHR, unix.S_IFBLK:
		return "a device"
	default:
		return "of an unknown type"
	}
}

func readlinkat(dir int, name string, size int64) (string, error) {
	buf := make([]byte, max(size+1, 256))
	for {
		n, err := unix.Readlinkat(dir, name, buf)
		if err != nil {
			return "", err
		}
		if n < len(buf) {
			return string(buf[:n]), nil
		}
		buf = make([]byte, 2*len(buf))
	}
}

func (d *dumper) regular(dir int, name, rel string) error {
	fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return d.wrap("open", rel, err)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return d.wrap("stat", rel, err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return d.wrap("open", rel, fmt.Errorf("it changed while it was read"))
	}
	out := d.w.File(st.Mode&0o100 != 0, uint64(st.Size))
	left := st.Size
	for left > 0 {
		n, err := unix.Read(fd, d.copyBuf[:min(int64(len(d.copyBuf)), left)])
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return d.wrap("read", rel, err)
		}
		if n == 0 {
			return d.wrap("read", rel, fmt.Errorf("it became shorter while it was read"))
		}
		if _, err := out.Write(d.copyBuf[:n]); err != nil {
			return err
		}
		left -= int64(n)
	}
	return d.writerErr(rel)
}

// TooDeep is the error of a directory at path that lies in [MaxDepth] others of
// its tree, in the words of Nix.
func TooDeep(path string) error {
	return fmt.Errorf("path '%s' exceeds maximum NAR directory depth of %d", path, MaxDepth)
}

func (d *dumper) directory(dir int, name, rel string, depth int) error {
	if depth >= MaxDepth {
		return TooDeep(filepath.Join(d.display, rel))
	}
	fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return d.wrap("open", rel, err)
	}
	f := os.NewFile(uintptr(fd), name)
	defer f.Close()
	names, err := d.entries(f, rel)
	if err != nil {
		return err
	}
	var onDisk map[string]string // names in the archive to those on disk
	if d.caseHack {
		if onDisk, err = d.unhack(names, rel); err != nil {
			return err
		}
		names = slices.Sorted(maps.Keys(onDisk))
	}
	d.w.Directory()
	for _, n := range names {
		d.w.Entry(n)
		if err := d.writerErr(join(rel, n)); err != nil {
			return err
		}
		if onDisk != nil {
			n = onDisk[n]
		}
		if err := d.node(fd, n, join(rel, n), depth+1); err != nil {
			return err
		}
	}
	d.w.Leave()
	return d.writerErr(rel)
}

// entries returns the names in an open directory that the filter takes, in
// archive order.
func (d *dumper) entries(f *os.File, rel string) ([]string, error) {
	if d.filter == nil {
		names, err := f.Readdirnames(-1)
		if err != nil {
			return nil, d.wrap("read directory", rel, err)
		}
		slices.Sort(names)
		return names, nil
	}
	list, err := f.ReadDir(-1)
	if err != nil {
		return nil, d.wrap("read directory", rel, err)
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	var names []string
	for _, e := range list {
		take, err := d.filter(join(rel, e.Name()), fileKind(e.Type()))
		if err != nil {
			return nil, err
		}
		if take {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

func fileKind(m fs.FileMode) string {
	switch {
	case m.IsRegular():
		return "regular"
	case m.IsDir():
		return "directory"
	case m&fs.ModeSymlink != 0:
		return "symlink"
	default:
		return "unknown"
	}
}
