package treehash

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// readDirectory is the operation of errors about a directory, as opposed to
// those about a file in it.
const readDirectory = "read directory"

// openRoot opens the root directory of a tree.
func openRoot(t *Tree) (int, error) {
	fd, err := unix.Open(t.root, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, &fs.PathError{Op: readDirectory, Path: t.root, Err: err}
	}
	return fd, nil
}

// openBelow opens a file by its path relative to an open directory, and
// follows no symlink in any part of it: whoever writes to the tree meanwhile
// cannot lead us out of it.
func openBelow(root int, rel string, flags int) (int, error) {
	how := unix.OpenHow{Flags: uint64(flags | unix.O_NOFOLLOW | unix.O_CLOEXEC), Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS}
	for {
		fd, err := unix.Openat2(root, rel, &how)
		switch {
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.EAGAIN): // a rename elsewhere raced with the look-up
			continue
		case errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EPERM): // an old kernel, or a container that forbids it
			return openByParts(root, rel, flags)
		}
		return fd, err
	}
}

// openByParts is openBelow for kernels without openat2.
func openByParts(root int, rel string, flags int) (int, error) {
	dir := root
	for {
		part, rest, more := strings.Cut(rel, "/")
		want := flags
		if more {
			want = unix.O_PATH | unix.O_DIRECTORY
		}
		fd, err := unix.Openat(dir, part, want|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if dir != root {
			unix.Close(dir)
		}
		if err != nil || !more {
			return fd, err
		}
		dir, rel = fd, rest
	}
}

// openDir opens the directory rel of a tree for reading.
func openDir(root int, display, rel string) (int, error) {
	name := rel
	if rel == "" {
		name = "."
	}
	fd, err := openBelow(root, name, unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return -1, &fs.PathError{Op: readDirectory, Path: filepath.Join(display, rel), Err: err}
	}
	return fd, nil
}

// readDir returns the entries of a directory, without stamps, in archive order.
func readDir(root int, display, rel string) ([]entry, error) {
	fd, err := openDir(root, display, rel)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	buf := direntBuffers.Get().(*[direntBuffer]byte)
	defer direntBuffers.Put(buf)
	return entriesOf(fd, filepath.Join(display, rel), buf[:])
}

const direntBuffer = 32 << 10

var direntBuffers = sync.Pool{New: func() any { return new([direntBuffer]byte) }}

// entriesOf reads an open directory.
func entriesOf(fd int, display string, buf []byte) ([]entry, error) {
	var list []entry
	for {
		n, err := unix.Getdents(fd, buf)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return nil, &fs.PathError{Op: readDirectory, Path: display, Err: err}
		}
		if n == 0 {
			break
		}
		list = appendDirents(list, buf[:n])
	}
	for i := range list {
		if list[i].kind != unix.DT_UNKNOWN {
			continue
		}
		var st unix.Stat_t // a file system that does not tell the types
		if err := unix.Fstatat(fd, list[i].name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return nil, &fs.PathError{Op: "stat", Path: filepath.Join(display, list[i].name), Err: err}
		}
		list[i].kind = typeOf(st.Mode)
	}
	slices.SortFunc(list, byName)
	return list, nil
}

// appendDirents decodes what getdents64 gave: records of inode (8 bytes),
// offset (8), length of the record (2), type (1), name with a NUL (getdents(2)).
func appendDirents(list []entry, b []byte) []entry {
	for len(b) >= 19 {
		size := int(binary.NativeEndian.Uint16(b[16:]))
		name, _, _ := strings.Cut(string(b[19:size]), "\x00")
		if name != "." && name != ".." {
			list = append(list, entry{name: name, kind: b[18]})
		}
		b = b[size:]
	}
	return list
}

// walker lists a tree with several goroutines, each of which takes a directory
// at a time.
type walker struct {
	t      *Tree
	root   int
	listed bool // the names are there, only the stamps are missing
	bare   bool // nobody needs the stamps

	mu     sync.Mutex
	wake   sync.Cond
	todo   []directory
	active int // directories being read
	count  int
	errs   map[*entry]error // by directory
}

type directory struct {
	at    *entry
	rel   string
	depth int
}

// walk fills in the entries of a tree with their stamps; with listed, the stamps
// of entries that are there already.
func (h *Hasher) walk(t *Tree, listed bool) error {
	root, err := openRoot(t)
	if err != nil {
		return err
	}
	defer unix.Close(root)
	w := &walker{t: t, root: root, listed: listed, bare: h.opts.Dir == "", todo: []directory{{at: &t.top}}, errs: map[*entry]error{}}
	w.wake.L = &w.mu
	var wg sync.WaitGroup
	for range h.opts.Readers {
		wg.Go(w.work)
	}
	wg.Wait()
	if !listed {
		t.count += w.count
	}
	if len(w.errs) > 0 {
		if err := w.first(&t.top, ""); err != nil {
			return err
		}
		return &fs.PathError{Op: readDirectory, Path: t.root, Err: ErrChanged}
	}
	return nil
}

// first returns the error that reading the tree in the order of the archive
// would have met first, so that it does not depend on who was faster.
func (w *walker) first(e *entry, rel string) error {
	switch e.kind {
	case unix.DT_REG:
		fd, err := openBelow(w.root, rel, unix.O_RDONLY|unix.O_NONBLOCK)
		if err != nil {
			return &fs.PathError{Op: "open", Path: filepath.Join(w.t.root, rel), Err: err}
		}
		unix.Close(fd)
	case unix.DT_DIR:
		if err := w.errs[e]; err != nil {
			return err
		}
		for i := range e.sub {
			if err := w.first(&e.sub[i], join(rel, e.sub[i].name)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *walker) work() {
	buf := direntBuffers.Get().(*[direntBuffer]byte)
	defer direntBuffers.Put(buf)
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		for len(w.todo) == 0 && w.active > 0 {
			w.wake.Wait()
		}
		if len(w.todo) == 0 {
			w.wake.Broadcast()
			return
		}
		d := w.todo[len(w.todo)-1]
		w.todo = w.todo[:len(w.todo)-1]
		w.active++
		w.mu.Unlock()
		below, err := w.directory(d, buf[:])
		w.mu.Lock()
		w.active--
		w.count += len(d.at.sub)
		w.todo = append(w.todo, below...)
		if err != nil {
			w.errs[d.at] = err
		}
		if len(below) > 0 || w.active == 0 {
			w.wake.Broadcast()
		}
	}
}

// directory reads one directory, and returns those in it.
func (w *walker) directory(d directory, buf []byte) ([]directory, error) {
	if err := checkDepth(w.t.root, d.rel, d.depth); err != nil {
		return nil, err
	}
	fd, err := openDir(w.root, w.t.root, d.rel)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	if !w.listed {
		if d.at.sub, err = entriesOf(fd, filepath.Join(w.t.root, d.rel), buf); err != nil {
			return nil, err
		}
	}
	return w.stamp(d, fd)
}

// stamp looks at each entry of an open directory.
func (w *walker) stamp(d directory, fd int) (below []directory, err error) {
	var st unix.Stat_t
	for i := range d.at.sub {
		e := &d.at.sub[i]
		if w.bare {
			if e.kind == unix.DT_DIR {
				below = append(below, directory{at: e, rel: join(d.rel, e.name), depth: d.depth + 1})
			}
			continue
		}
		if err := unix.Fstatat(fd, e.name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return nil, &fs.PathError{Op: "stat", Path: filepath.Join(w.t.root, d.rel, e.name), Err: err}
		}
		if w.listed && e.kind != typeOf(st.Mode) {
			return nil, &fs.PathError{Op: "stat", Path: filepath.Join(w.t.root, d.rel, e.name), Err: ErrChanged}
		}
		e.kind, e.stamp = typeOf(st.Mode), stampOf(&st)
		if e.kind == unix.DT_DIR {
			below = append(below, directory{at: e, rel: join(d.rel, e.name), depth: d.depth + 1})
		}
	}
	return below, nil
}
