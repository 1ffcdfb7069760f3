package treehash

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"isomorph/internal/nixhash"
)

// Bounds on the records.
const (
	maxRecords = 256      // in the directory; the oldest go first
	maxRecord  = 16 << 10 // bytes in a record
)

// granularity is how coarse the times of trusted file systems can be, with a
// margin: ext4 with small inodes counts whole seconds.
const granularity = 2 * time.Second

// format is the first line of a record. A record of another format is none.
const format = "isomorph tree record 1"

// record is what is known on disk about one tree. The zero record belongs to a
// tree that none is kept of.
type record struct {
	h           *Hasher
	t           *Tree
	file        string
	fingerprint string
	youngest    int64 // of the times in the fingerprint, nanoseconds since 1970
}

// recordOf returns the record that belongs to a tree, whether or not there is
// one on disk.
func (h *Hasher) recordOf(t *Tree) record {
	if h.opts.Dir == "" || t.count < worthKeeping || !t.stamped && t.known.IsZero() {
		return record{}
	}
	name := sha256.New()
	io.WriteString(name, t.root)
	for _, r := range t.rejected {
		io.WriteString(name, "\x00"+r)
	}
	rec := record{h: h, t: t, file: filepath.Join(h.opts.Dir, hex.EncodeToString(name.Sum(nil)))}
	if !t.known.IsZero() { // the tree cannot change
		rec.fingerprint = t.known.SRI()
		return rec
	}
	if !trusted(t) {
		return record{}
	}
	f := &fingerprint{h: sha256.New()}
	f.entry(&t.top)
	rec.fingerprint, rec.youngest = hex.EncodeToString(f.h.Sum(nil)), f.youngest
	return rec
}

// fingerprint hashes the stamps of a tree.
type fingerprint struct {
	h        hash.Hash
	youngest int64
	buf      []byte
}

func (f *fingerprint) entry(e *entry) {
	s := &e.stamp
	f.buf = f.buf[:0]
	for _, n := range []uint64{uint64(len(e.name)), uint64(len(e.sub)), s.dev, s.ino, uint64(s.mode), uint64(s.size), uint64(s.mtime), uint64(s.ctime)} {
		f.buf = binary.LittleEndian.AppendUint64(f.buf, n)
	}
	f.buf = append(f.buf, e.name...)
	f.h.Write(f.buf)
	f.youngest = max(f.youngest, s.mtime, s.ctime)
	for i := range e.sub {
		f.entry(&e.sub[i])
	}
}

// trusted tells whether all of a tree lies on one file system that keeps inode
// numbers and times as a disk does.
func trusted(t *Tree) bool {
	var st unix.Statfs_t
	if err := unix.Statfs(t.root, &st); err != nil {
		return false
	}
	switch st.Type {
	case unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.F2FS_SUPER_MAGIC, unix.TMPFS_MAGIC, zfsMagic, bcachefsMagic:
		return oneDevice(&t.top, t.top.stamp.dev)
	}
	return false
}

const (
	zfsMagic      = 0x2fc12fc1
	bcachefsMagic = 0xca451a4e
)

func oneDevice(e *entry, dev uint64) bool {
	return e.stamp.dev == dev && !slices.ContainsFunc(e.sub, func(s entry) bool { return !oneDevice(&s, dev) })
}

// text returns the record of a hash.
func (r record) text(sum nixhash.Hash) string {
	lines := strings.Join([]string{format, r.fingerprint, sum.SRI(), hex.EncodeToString([]byte(r.t.root))}, "\n") + "\n"
	check := sha256.Sum256([]byte(lines))
	return lines + hex.EncodeToString(check[:]) + "\n"
}

// load returns the recorded hash if the tree is as it was.
func (r record) load() (nixhash.Hash, bool) {
	if r.h == nil {
		return nixhash.Hash{}, false
	}
	text, err := readOwn(r.file, r.h.opts.UID)
	if err != nil {
		return nixhash.Hash{}, false
	}
	lines := strings.Split(text, "\n")
	if len(lines) < 3 {
		return nixhash.Hash{}, false
	}
	sum, err := nixhash.ParseSRI(lines[2])
	if err != nil || text != r.text(sum) {
		return nixhash.Hash{}, false
	}
	return sum, true
}

var errNotOurs = errors.New("it belongs to somebody else, or others can write to it")

// readOwn reads a small file that only the user himself can have written.
func readOwn(file string, uid int) (string, error) {
	fd, err := unix.Open(file, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return "", err
	}
	if st.Mode != unix.S_IFREG|0o600 || int64(st.Uid) != int64(uid) || st.Size > maxRecord {
		return "", errNotOurs
	}
	b := make([]byte, st.Size)
	return string(b), readFull(fd, b)
}

// save records a hash if the tree has been at rest for long enough. A record
// that cannot be written is no loss but of time, so errors have no effect.
func (r record) save(sum nixhash.Hash) {
	if r.h == nil || r.youngest >= r.t.began.Add(-granularity).UnixNano() {
		return
	}
	if r.h.prepareDir() != nil {
		return
	}
	var random [8]byte
	if _, err := io.ReadFull(r.h.opts.Rand, random[:]); err != nil {
		return
	}
	temp := r.file + "." + hex.EncodeToString(random[:])
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return
	}
	// No flush: what a power cut leaves of it does not pass the checksum.
	_, err = io.WriteString(f, r.text(sum))
	err = errors.Join(err, f.Chmod(0o600), f.Close())
	if err == nil {
		err = os.Rename(temp, r.file)
	}
	if err != nil {
		os.Remove(temp)
	}
}

// prepareDir makes the directory of the records, and room in it.
func (h *Hasher) prepareDir() error {
	if err := os.MkdirAll(h.opts.Dir, 0o700); err != nil {
		return err
	}
	var st unix.Stat_t
	if err := unix.Lstat(h.opts.Dir, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR || st.Mode&0o022 != 0 || int64(st.Uid) != int64(h.opts.UID) {
		return errNotOurs
	}
	list, err := os.ReadDir(h.opts.Dir)
	if err != nil || len(list) < maxRecords {
		return err
	}
	age := make(map[string]time.Time, len(list))
	for _, e := range list {
		if info, err := e.Info(); err == nil {
			age[e.Name()] = info.ModTime()
		}
	}
	slices.SortFunc(list, func(a, b os.DirEntry) int { return age[a.Name()].Compare(age[b.Name()]) })
	for _, e := range list[:len(list)-maxRecords+1] {
		os.Remove(filepath.Join(h.opts.Dir, e.Name())) // another process may have been faster
	}
	return nil
}
