package localstore

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// newDir is a directory that restore makes, when the first file is made in it
// or it is left, whichever writer comes to that first.
type newDir struct {
	parent *newDir // nil for the one that everything is made in
	name   string
	users  atomic.Int32 // directories and operations in it, and the reader while it is in it

	mu   sync.Mutex
	made bool
	fd   int // -1 unless it is made
}

// write does the operations of a bundle. After an error, of whichever writer,
// they are only counted off.
func (rs *restorer) write(b *bundle) {
	data := b.data
	for i := range b.ops {
		o := &b.ops[i]
		if rs.failed() == nil {
			if err := rs.do(o, data[:o.size]); err != nil {
				rs.fail(err)
			}
		}
		data = data[o.size:]
		rs.release(o.dir)
	}
	clear(b.ops)
	b.ops, b.data = b.ops[:0], b.data[:0]
	bundlePool.Put(b)
}

func (rs *restorer) do(o *op, data []byte) error {
	switch o.what {
	case makeSymlink:
		dir, err := rs.open(o.dir)
		if err != nil {
			return err
		}
		if err := unix.Symlinkat(o.target, dir, o.name); err != nil {
			return rs.wrap("symlink", o.dir, o.name, err)
		}
		return rs.setTime(o.dir, o.name)
	case endDir:
		_, err := rs.open(o.dir)
		return err
	}
	return rs.file(o, data, nil)
}

// file makes a regular file of data or, if it is large, of contents.
func (rs *restorer) file(o *op, data []byte, contents io.Reader) error {
	dir, err := rs.open(o.dir)
	if err != nil {
		return err
	}
	mode := uint32(0o444)
	if o.what == makeProgram {
		mode = 0o555
	}
	fd, err := openNew(dir, o.name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, mode)
	if err != nil {
		return rs.wrap("open", o.dir, o.name, err)
	}
	if contents == nil {
		err = writeAll(fd, data)
	} else {
		err = rs.pour(fd, contents)
	}
	if err == nil && !rs.plain[o.what].Load() {
		err = rs.canonical(fd, o, mode)
	}
	// Some file systems say only now that there was no room.
	if err = errors.Join(err, unix.Close(fd)); err != nil {
		return rs.wrap("write", o.dir, o.name, err)
	}
	return rs.setTime(o.dir, o.name)
}

func openNew(dir int, name string, flags int, mode uint32) (fd int, err error) {
	err = ignoringEINTR(func() (err error) {
		fd, err = unix.Openat(dir, name, flags|unix.O_NOFOLLOW|unix.O_CLOEXEC, mode)
		return err
	})
	return fd, err
}

// pour writes the contents of a large file, on the goroutine of the reader.
func (rs *restorer) pour(fd int, contents io.Reader) error {
	for {
		n, err := contents.Read(rs.buf)
		if e := writeAll(fd, rs.buf[:n]); e != nil {
			return e
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func writeAll(fd int, b []byte) error {
	for len(b) > 0 {
		n, err := unix.Write(fd, b)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("nothing was written: %w", io.ErrShortWrite)
		}
		b = b[n:]
	}
	return nil
}

// canonical gives a new file the mode that it has to have, and takes away what
// attributes it was born with. If it was right from the start, so will be all
// others of its kind: a umask, an access control list that is handed down and a
// security module treat the files of one tree alike.
func (rs *restorer) canonical(fd int, o *op, mode uint32) error {
	removed, err := stripXattrsOf(fd, o.name)
	if err != nil {
		return err
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if st.Mode&0o7777 != mode {
		return unix.Fchmod(fd, mode)
	}
	rs.plain[o.what].Store(!removed)
	return nil
}

// open returns the descriptor of a directory, which it makes unless somebody
// has done so.
func (rs *restorer) open(d *newDir) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.made {
		return d.fd, nil
	}
	parent, err := rs.open(d.parent)
	if err != nil {
		return -1, err
	}
	if err := unix.Mkdirat(parent, d.name, 0o700); err != nil {
		return -1, rs.wrap("mkdir", d.parent, d.name, err)
	}
	fd, err := openNew(parent, d.name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if errors.Is(err, unix.EACCES) { // a umask has taken the owner's rights
		if err = chmodBelow(parent, d.name, 0o700); err == nil {
			fd, err = openNew(parent, d.name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
		}
	}
	if err != nil {
		return -1, rs.wrap("open", d.parent, d.name, err)
	}
	d.fd, d.made = fd, true
	if !rs.plain[endDir].Load() {
		err = rs.canonical(fd, &op{name: d.name, what: endDir}, 0o700)
	}
	return fd, rs.wrap("mkdir", d.parent, d.name, err)
}

// chmodBelow is chmodAt for descriptors.
func chmodBelow(dir int, name string, mode uint32) error {
	fd, err := openNew(dir, name, unix.O_PATH, 0)
	if err != nil {
		return err
	}
	return errors.Join(unix.Chmod("/proc/self/fd/"+strconv.Itoa(fd), mode), unix.Close(fd))
}

// release ends a use of a directory. After the last one it gets its mode and
// its time, unless something has gone wrong.
func (rs *restorer) release(d *newDir) {
	if d.users.Add(-1) > 0 || d.parent == nil {
		return
	}
	if d.made {
		err := error(nil)
		if rs.failed() == nil {
			err = unix.Fchmod(d.fd, 0o555)
		}
		err = errors.Join(err, unix.Close(d.fd))
		if err == nil && rs.failed() == nil {
			err = rs.setTime(d.parent, d.name)
		}
		if err != nil {
			rs.fail(rs.wrap("close", d.parent, d.name, err))
		}
	}
	rs.release(d.parent)
}

// setTime sets the modification time of a file in a directory that is made.
func (rs *restorer) setTime(dir *newDir, name string) error {
	ts := []unix.Timespec{{Nsec: unix.UTIME_OMIT}, {Sec: 1}}
	return rs.wrap("set time of", dir, name, unix.UtimesNanoAt(dir.fd, name, ts, unix.AT_SYMLINK_NOFOLLOW))
}

func (rs *restorer) wrap(op string, dir *newDir, name string, err error) error {
	if err == nil {
		return nil
	}
	for ; dir.parent != nil; dir = dir.parent {
		name = filepath.Join(dir.name, name)
	}
	return pathErr(op, rs.base, name, err)
}
