// Package treehash computes the NAR hash of a tree of files, in a fraction of
// the time that reading it takes: files are read ahead by several goroutines
// and hashed in order by the caller, a tree that was hashed before in the same
// run is not read again, and one that has not changed since an earlier run need
// not be read at all.
//
// # Trees that have not changed
//
// A record on disk says: the tree at this path, with these files taken, had
// this fingerprint and this hash. The fingerprint is a hash over the names of
// all files and, for each, device, inode, mode, size, and the times of the last
// change of contents (mtime) and of the inode (ctime), to the nanosecond. Any
// change that the kernel makes to a file moves its ctime, which no program can
// set; so equal fingerprints mean equal trees, unless
//
//   - a file was changed within one tick of the clock after it was looked at:
//     then its times are those that it had. So a tree is recorded only if the
//     youngest of its times is well before the moment that looking began, the
//     rule of git's index;
//   - the clock was set back in between, to the nanosecond of the former change;
//   - the file system does not keep its promises. Network, overlay and FUSE file
//     systems are not trusted; [Hasher] knows those that are.
//
// A file that is changed by a process that has it mapped moves its ctime when
// the first page becomes dirty; what is written to that page until the kernel
// cleans it is not seen. Nobody edits sources in this way.
//
// Records are the user's own: files of somebody else, or that others can
// write, are not believed.
package treehash

import (
	"crypto/sha256"
	"hash/maphash"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"isomorph/internal/nixhash"
)

// Options says where records are kept and what a Hasher may ask of the world.
type Options struct {
	// Dir is the directory of the records, absolute; it is made if it is
	// missing. "" keeps none.
	Dir string

	UID     int              // whose records are believed: the user of this process
	Now     func() time.Time // the clock that file systems use; needed with Dir
	Rand    io.Reader        // for names of temporary files; needed with Dir
	Readers int              // files read at once; 0 for 2
}

// Hasher hashes trees. It may be used from several goroutines.
type Hasher struct {
	opts  Options
	Stats Stats

	walks sync.Mutex // one walk at a time: whoever wants the same tree waits for it

	mu     sync.Mutex
	listed map[string]*Tree       // whole trees of this run, by root
	hashed map[nixhash.Hash]*Tree // and by hash

	marks maphash.Seed
}

// Stats counts what a Hasher has done.
type Stats struct {
	Hashed   atomic.Int64 // trees that were read
	Bytes    atomic.Int64 // of the NARs of these
	Reused   atomic.Int64 // trees whose hash another tree of this run had given
	Recorded atomic.Int64 // trees whose hash an earlier run had recorded
	Files    atomic.Int64 // files, directories and symlinks that were looked at
}

// New returns a Hasher.
func New(o Options) *Hasher {
	if o.Readers <= 0 {
		o.Readers = 2
	}
	return &Hasher{opts: o, listed: map[string]*Tree{}, hashed: map[nixhash.Hash]*Tree{}, marks: maphash.MakeSeed()}
}

// Filter tells whether a file is taken. path is relative to the root; kind is
// "regular", "directory", "symlink" or "unknown". It is called in the order of
// the archive, a directory before what is in it, on the goroutine that called
// [Hasher.List].
type Filter func(path, kind string) (bool, error)

// Request names a tree.
type Request struct {
	Root   string // absolute; not followed if it is a symlink
	Filter Filter // nil takes everything

	// Known is the NAR hash of the whole tree if that is known and the tree
	// cannot change, as with an object of a store; otherwise zero.
	Known nixhash.Hash

	// Of is a tree that [Tree.Seen] has returned, if Root lies at Rel in it;
	// Known is not used then. Nothing is looked at anew, and what is read must
	// be what was read before, or [Hasher.Hash] returns [ErrChanged].
	Of  *Tree
	Rel string
}

// Hash returns the NAR hash of a tree.
func (h *Hasher) Hash(t *Tree) (nixhash.Hash, error) {
	if len(t.rejected) == 0 && t.known.IsZero() && t.whole != nil {
		t = t.whole
	}
	t.hash.Lock() // whoever wants the same hash waits for it
	defer t.hash.Unlock()
	if t.sum.IsZero() && len(t.rejected) == 0 {
		t.sum = t.known
	}
	if !t.sum.IsZero() {
		h.Stats.Reused.Add(1)
		return t.sum, nil
	}
	key := h.recordOf(t)
	if sum, ok := key.load(); ok {
		h.Stats.Recorded.Add(1)
		h.remember(t, sum)
		return sum, nil
	}
	digest := sha256.New()
	size := &counter{w: digest}
	err := h.dump(t, size)
	if err != nil {
		return nixhash.Hash{}, err
	}
	sum := nixhash.FromState(nixhash.SHA256, digest)
	t.seen = true
	h.Stats.Hashed.Add(1)
	h.Stats.Bytes.Add(size.n)
	key.save(sum)
	h.remember(t, sum)
	return sum, nil
}

// remember keeps a hash for the rest of the run.
func (h *Hasher) remember(t *Tree, sum nixhash.Hash) {
	t.sum = sum
	if len(t.rejected) > 0 || t.count < worthKeeping {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hashed[sum] = t
}
