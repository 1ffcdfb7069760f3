package treehash

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"sort"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// ErrChanged is wrapped by errors that tell of a file that is not what it was
// when its tree was listed or hashed.
var ErrChanged = errors.New("it changed while it was read")

// markOf makes a mark of the hash of what a file holds: 62 bits under a key that
// this process alone knows, a bit for executable files, and one that is always
// set, as 0 stands for what was not read.
func markOf(hash uint64, exec bool) uint64 {
	mark := hash<<2 | 1
	if exec {
		mark |= 2
	}
	return mark
}

// remember gives an entry its mark, or compares it with the one that it has.
func (e *entry) remember(mark uint64) error {
	old := atomic.LoadUint64(&e.mark)
	if old == 0 && !atomic.CompareAndSwapUint64(&e.mark, 0, mark) {
		old = atomic.LoadUint64(&e.mark)
	}
	if old != 0 && old != mark {
		return ErrChanged
	}
	return nil
}

// Seen returns a tree by which everything in t can be recognised, because all of
// it was read for the hash of t; nil if that hash is not known, or from
// elsewhere.
func (t *Tree) Seen() *Tree {
	for _, s := range []*Tree{t, t.whole} {
		if s == nil || s != t && len(t.rejected) > 0 {
			continue
		}
		s.hash.Lock()
		seen := s.seen
		s.hash.Unlock()
		if seen {
			return s
		}
	}
	return nil
}

// find returns the entry at rel, relative to the root without a slash in front;
// "" is the root. The error is ErrNotExist or ENOTDIR.
func (t *Tree) find(rel string) (*entry, error) {
	at := &t.top
	for rest := rel; rest != ""; {
		var name string
		name, rest, _ = strings.Cut(rest, "/")
		if at.kind != unix.DT_DIR {
			return nil, unix.ENOTDIR
		}
		i := sort.Search(len(at.sub), func(i int) bool { return at.sub[i].name >= name })
		if i == len(at.sub) || at.sub[i].name != name {
			return nil, fs.ErrNotExist
		}
		at = &at.sub[i]
	}
	return at, nil
}

// Kind returns what is at rel: "regular", "directory", "symlink" or "unknown".
// The error is ErrNotExist or ENOTDIR.
func (t *Tree) Kind(rel string) (string, error) {
	e, err := t.find(rel)
	if err != nil {
		return "", err
	}
	return kindName(e.kind), nil
}

// Names calls f for everything in the directory at rel, sorted by name. The
// error is ErrNotExist or ENOTDIR.
func (t *Tree) Names(rel string, f func(name, kind string)) error {
	e, err := t.find(rel)
	if err != nil {
		return err
	}
	if e.kind != unix.DT_DIR {
		return unix.ENOTDIR
	}
	for i := range e.sub {
		f(e.sub[i].name, kindName(e.sub[i].kind))
	}
	return nil
}

// Recognise tells whether the file at rel held these contents, or the symlink
// had this target, when the tree was read, which [Tree.Seen] has said it was.
func (h *Hasher) Recognise(t *Tree, rel string, contents []byte) bool {
	e, err := t.find(rel)
	const exec = 2
	return err == nil && atomic.LoadUint64(&e.mark)|exec == markOf(maphash.Bytes(h.marks, contents), true)
}

// part returns the part of a tree that a request asks for.
func (t *Tree) part(req Request) (*Tree, error) {
	e, err := t.find(req.Rel)
	if err != nil {
		return nil, &fs.PathError{Op: "stat", Path: req.Root, Err: err}
	}
	if req.Rel == "" && req.Root == t.root {
		if req.Filter == nil {
			return t, nil
		}
		return t.filter(req.Root, req.Filter)
	}
	p := &Tree{root: req.Root, top: e.clone(), began: t.began, stamped: t.stamped, count: e.count()}
	if req.Filter == nil {
		return p, nil
	}
	f, err := p.filter(req.Root, req.Filter)
	if err == nil {
		f.whole = nil // it has not been hashed, and nobody else will
	}
	return f, err
}

// count returns how many entries there are, e itself included. The depth is
// that of a tree that was listed.
func (e *entry) count() int {
	n := 1
	for i := range e.sub {
		n += e.sub[i].count()
	}
	return n
}

// Dump writes the archive of a tree whose hash is known, without looking at its
// directories again.
func (h *Hasher) Dump(t *Tree, w io.Writer) error {
	if !t.Listed() {
		return fmt.Errorf("%s was not listed (this is a bug)", t.root)
	}
	return h.dump(t, w)
}

// Listed tells whether a tree can be written by [Hasher.Dump].
func (t *Tree) Listed() bool { return !t.unlisted }
