package evalcache

import (
	"crypto/sha256"
	"io"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"isomorph/internal/nixlang/builtins"
)

// Fingerprint is what the kernel tells of a file apart from its contents.
type Fingerprint struct {
	Dev, Ino, Size uint64
	Mode           uint32
	Mtime, Ctime   int64 // nanoseconds since 1970
}

func fingerprintOf(st *unix.Stat_t) Fingerprint {
	return Fingerprint{
		Dev: st.Dev, Ino: st.Ino, Size: uint64(st.Size), Mode: st.Mode,
		Mtime: st.Mtim.Nano(), Ctime: st.Ctim.Nano(),
	}
}

// tick is more than the coarsest clock by which a file system that is trusted
// gives times: ext3 counts whole seconds, and the kernel's own clock for files
// lags behind by up to a hundredth.
const tick = 2 * time.Second

// olderThan tells whether the file had last been changed for certain when the
// clock showed start.
func (f Fingerprint) olderThan(start time.Time) bool {
	limit := start.Add(-tick).UnixNano()
	return f.Mtime < limit && f.Ctime < limit
}

// sameStat tells whether two looks at a file show that nothing has touched it
// between them and since a tick before start.
func sameStat(before, after Fingerprint, start time.Time) bool {
	return before == after && after.olderThan(start)
}

// stat returns the fingerprint of a file, symlinks followed.
func stat(name string) (f Fingerprint, ok bool) {
	var st unix.Stat_t
	if err := ignoringEINTR(func() error { return unix.Stat(name, &st) }); err != nil {
		return Fingerprint{}, false
	}
	return fingerprintOf(&st), true
}

// lstat is stat for the file itself.
func lstat(name string) (f Fingerprint, ok bool) {
	var st unix.Stat_t
	if err := ignoringEINTR(func() error { return unix.Lstat(name, &st) }); err != nil {
		return Fingerprint{}, false
	}
	return fingerprintOf(&st), true
}

func ignoringEINTR(f func() error) error {
	for {
		if err := f(); err != unix.EINTR {
			return err
		}
	}
}

// trustedFS are the kinds of file systems whose inode numbers and times of
// change can be relied on (statfs(2), linux/magic.h). Network file systems are
// not among them (other machines have other clocks and caches), nor are
// overlays and FUSE, whose inode numbers need not last.
var trustedFS = map[int64]bool{
	0xef53:     true, // ext2, ext3, ext4
	0x58465342: true, // XFS
	0x9123683e: true, // btrfs
	0xf2f52010: true, // F2FS
	0x01021994: true, // tmpfs
	0x2fc12fc1: true, // ZFS
	0xca451a4e: true, // bcachefs
}

// fileSystems remembers which devices are to be trusted.
type fileSystems struct {
	mu    sync.Mutex
	known map[uint64]bool
}

// trusted tells whether fingerprints of files on the device dev, on which the
// file name lies, mean something.
func (s *fileSystems) trusted(dev uint64, name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.known[dev]
	if !ok {
		var st unix.Statfs_t
		err := ignoringEINTR(func() error { return unix.Statfs(name, &st) })
		t = err == nil && trustedFS[int64(st.Type)]
		if s.known == nil {
			s.known = map[uint64]bool{}
		}
		s.known[dev] = t
	}
	return t
}

// sumEntries is the hash of a directory's list of entries, sorted by name.
func sumEntries(list []builtins.DirEntry) (s Sum) {
	h := sha256.New()
	for _, e := range list {
		io.WriteString(h, e.Name)
		h.Write([]byte{0})
		io.WriteString(h, string(e.Kind))
		h.Write([]byte{0})
	}
	h.Sum(s[:0])
	return s
}

func (f Fingerprint) isFile() bool { return f.Mode&unix.S_IFMT == unix.S_IFREG }
