package evalcache

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"isomorph/internal/atomicfile"
)

// Limits of the cache, which it can exceed by as many records as are written
// between two times that it is looked through. The records used last are kept.
const (
	maxRecords = 1000
	maxBytes   = 256 << 20
	maxRecord  = 64 << 20 // bytes of one
)

// Options say where a cache lies.
type Options struct {
	Dir    string // absolute; made if it is not there, with mode 0700
	UID    int    // of this process
	Random io.Reader
	Now    func() time.Time
}

// Cache is a directory of records, one file each, called by their keys. Any
// number of processes may use it: a file appears whole or not at all.
type Cache struct {
	opts Options
	dir  *os.File
}

// ErrForeign is wrapped by the error of [Open] for a directory that others can
// write to: a record there can be a lie.
var ErrForeign = errors.New("others can write to it")

// Open opens a cache.
func Open(o Options) (*Cache, error) {
	if err := errors.Join(atomicfile.MkdirAll(filepath.Dir(o.Dir), 0o755), atomicfile.MkdirAll(o.Dir, 0o700)); err != nil {
		return nil, err
	}
	dir, err := os.OpenFile(o.Dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(dir.Fd()), &st); err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	if int(st.Uid) != o.UID || st.Mode&0o022 != 0 {
		dir.Close()
		return nil, fmt.Errorf("the evaluation cache %s is not used: %w, as it belongs to user %d and has the mode %04o", o.Dir, ErrForeign, st.Uid, st.Mode&0o7777)
	}
	return &Cache{o, dir}, nil
}

// Close closes the directory.
func (c *Cache) Close() error { return c.dir.Close() }

// Get returns the record with a key, nil if there is none. A file that cannot
// be read as one is deleted.
func (c *Cache) Get(k Key) *Record {
	b, err := c.read(k)
	if err != nil {
		return nil
	}
	rec, err := decode(k, b)
	if err != nil {
		c.Remove(k)
		return nil
	}
	return rec
}

// read returns the contents of a record's file. A wrong owner cannot be in our
// own directory, but an entry need not be a file.
func (c *Cache) read(k Key) ([]byte, error) {
	fd, err := open(int(c.dir.Fd()), k.String(), unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), k.String())
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxRecord {
		return nil, errCorrupt
	}
	b := make([]byte, info.Size())
	_, err = io.ReadFull(f, b)
	return b, err
}

// Used notes that a record was of use just now, so that others go before it.
func (c *Cache) Used(k Key) {
	now := unix.NsecToTimespec(c.opts.Now().UnixNano())
	// If that fails the record seems older than it is, no more.
	_ = unix.UtimesNanoAt(int(c.dir.Fd()), k.String(), []unix.Timespec{now, now}, unix.AT_SYMLINK_NOFOLLOW)
}

// Remove deletes the record with a key, if it is there.
func (c *Cache) Remove(k Key) {
	// Whoever reads it finds out again that it is of no use.
	_ = unix.Unlinkat(int(c.dir.Fd()), k.String(), 0)
}

// Put writes a record, in place of an older one, and removes what is too much.
// It does not wait for the disk: a file that a power cut has spoilt does not
// have the hash at its end and counts as none.
func (c *Cache) Put(k Key, rec *Record) error {
	b := rec.encode(k)
	if len(b) > maxRecord {
		return nil
	}
	var random [8]byte
	_, err := io.ReadFull(c.opts.Random, random[:])
	if err == nil {
		err = c.write(k.String(), tmpPrefix+hex.EncodeToString(random[:]), b)
	}
	if err != nil {
		return fmt.Errorf("write a record of the evaluation cache in %s: %w", c.opts.Dir, err)
	}
	// To look at all records takes longer than many an evaluation.
	if random[0]%pruneEvery > 0 {
		return nil
	}
	return c.prune()
}

const (
	tmpPrefix  = ".tmp-"
	pruneEvery = 16 // records written, on the average
)

func (c *Cache) write(name, tmp string, b []byte) error {
	dir := int(c.dir.Fd())
	fd, err := unix.Openat(dir, tmp, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	f := os.NewFile(uintptr(fd), tmp)
	_, err = f.Write(b)
	if err = errors.Join(err, f.Close()); err == nil {
		err = unix.Renameat(dir, tmp, dir, name)
	}
	if err != nil {
		unix.Unlinkat(dir, tmp, 0)
	}
	return err
}

// entry is a file of the cache.
type entry struct {
	name string
	size int64
	used time.Time
}

// prune removes the records used longest ago until the limits are kept, and
// what processes have left behind that were killed while they wrote.
func (c *Cache) prune() error {
	all, err := c.entries()
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b entry) int { return b.used.Compare(a.used) })
	var count int
	var size int64
	for _, e := range all {
		if strings.HasPrefix(e.name, tmpPrefix) {
			if c.opts.Now().Sub(e.used) > 24*time.Hour {
				unix.Unlinkat(int(c.dir.Fd()), e.name, 0)
			}
			continue
		}
		count++
		if size += e.size; count > maxRecords || size > maxBytes {
			unix.Unlinkat(int(c.dir.Fd()), e.name, 0)
		}
	}
	return nil
}

func (c *Cache) entries() ([]entry, error) {
	if _, err := c.dir.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	list, err := c.dir.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	var all []entry
	for _, e := range list {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // another process was faster
		}
		if err != nil {
			return nil, err
		}
		all = append(all, entry{e.Name(), info.Size(), info.ModTime()})
	}
	return all, nil
}
