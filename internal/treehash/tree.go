package treehash

import (
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"isomorph/internal/nar"
	"isomorph/internal/nixhash"
)

// worthKeeping is from how many files on a tree is remembered, in memory and on
// disk: a smaller one is hashed as fast as its record is found.
const worthKeeping = 128

// Tree is the listing of a tree: what is in it, apart from contents.
type Tree struct {
	root     string
	top      entry
	began    time.Time // when looking at it began; zero without a clock
	stamped  bool      // the entries have their stamps
	count    int       // entries, the root included
	rejected []string  // what the filter refused, relative to the root
	known    nixhash.Hash
	whole    *Tree // that this one was filtered from, if in memory
	unlisted bool  // the entries are not there, only the hash is known

	hash sync.Mutex
	sum  nixhash.Hash // of the NAR, once it is known
	seen bool         // the entries have the marks of their contents
}

// entry is a file, directory or symlink.
type entry struct {
	name  string
	kind  uint8 // DT_REG, DT_DIR, DT_LNK; anything else cannot be archived
	stamp stamp
	sub   []entry // of a directory, in archive order
	mark  uint64  // of what was read of a file or symlink, 0 before; atomic
}

// stamp is what tells a changed file from an unchanged one.
type stamp struct {
	dev, ino     uint64
	size         int64
	mtime, ctime int64 // nanoseconds since 1970
	mode         uint32
}

func stampOf(st *unix.Stat_t) stamp {
	return stamp{dev: st.Dev, ino: st.Ino, size: st.Size, mtime: st.Mtim.Nano(), ctime: st.Ctim.Nano(), mode: st.Mode}
}

// dirent types that the kernel gives for what is not in unix's constants.
func typeOf(mode uint32) uint8 { return uint8(mode & unix.S_IFMT >> 12) }

func kindName(kind uint8) string {
	switch kind {
	case unix.DT_REG:
		return "regular"
	case unix.DT_DIR:
		return "directory"
	case unix.DT_LNK:
		return "symlink"
	default:
		return "unknown"
	}
}

// Rejected returns what the filter refused, relative to the root, in the order
// of the archive.
func (t *Tree) Rejected() []string { return t.rejected }

// List looks at a tree.
func (h *Hasher) List(req Request) (*Tree, error) {
	if req.Of != nil {
		return req.Of.part(req)
	}
	whole := h.inMemory(req)
	switch {
	case req.Filter == nil && whole != nil:
		return whole, nil
	case req.Filter == nil:
		return h.listWhole(req)
	case whole != nil:
		return whole.filter(req.Root, req.Filter)
	default:
		return h.listFiltered(req)
	}
}

// inMemory returns the listing of a whole tree if this run has it: of the same
// tree, or of one with the same contents.
func (h *Hasher) inMemory(req Request) *Tree {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t := h.listed[req.Root]; t != nil || req.Known.IsZero() {
		return t
	}
	return h.hashed[req.Known]
}

// listWhole lists everything, with stamps unless the hash is known.
func (h *Hasher) listWhole(req Request) (*Tree, error) {
	h.walks.Lock()
	defer h.walks.Unlock()
	if t := h.inMemory(req); t != nil {
		return t, nil
	}
	t, err := h.newTree(req)
	if err != nil {
		return nil, err
	}
	t.sum, t.unlisted = req.Known, !req.Known.IsZero()
	if !t.unlisted && t.top.kind == unix.DT_DIR {
		if err := h.walk(t, false); err != nil {
			return nil, err
		}
		t.stamped = h.opts.Dir != ""
	}
	h.Stats.Files.Add(int64(t.count))
	if t.count >= worthKeeping {
		h.mu.Lock()
		h.listed[req.Root] = t
		h.mu.Unlock()
	}
	return t, nil
}

func (h *Hasher) newTree(req Request) (*Tree, error) {
	var st unix.Stat_t
	t := &Tree{root: req.Root, count: 1, known: req.Known}
	if h.opts.Now != nil {
		t.began = h.opts.Now()
	}
	if err := unix.Lstat(req.Root, &st); err != nil {
		return nil, &fs.PathError{Op: "stat", Path: req.Root, Err: err}
	}
	t.top = entry{kind: typeOf(st.Mode), stamp: stampOf(&st)}
	return t, nil
}

// listFiltered asks the filter on the way, and does not look into what it
// refuses: that may be large, or not for us to read.
func (h *Hasher) listFiltered(req Request) (*Tree, error) {
	t, err := h.newTree(req)
	if err != nil || t.top.kind != unix.DT_DIR {
		return t, err
	}
	root, err := openRoot(t)
	if err != nil {
		return nil, err
	}
	defer unix.Close(root)
	err = t.descend(&t.top, "", 0, req.Filter, func(e *entry, rel string) ([]entry, error) {
		return readDir(root, t.root, rel)
	})
	h.Stats.Files.Add(int64(t.count))
	if err == nil && t.count >= worthKeeping && t.known.IsZero() && h.opts.Dir != "" {
		err = h.walk(t, true)
		t.stamped = true
	}
	return t, err
}

// filter returns the part of a listed tree that a filter takes, found at root.
func (t *Tree) filter(root string, f Filter) (*Tree, error) {
	part := &Tree{root: root, top: t.top.clone(), began: t.began, count: 1}
	if root == t.root {
		part.stamped, part.known, part.whole = t.stamped, t.known, t
	} else {
		t.hash.Lock() // it has been hashed, or nobody would know that it is the same
		part.known = t.sum
		t.hash.Unlock()
	}
	err := part.descend(&part.top, "", 0, f, func(e *entry, _ string) ([]entry, error) {
		return clone(e.sub), nil
	})
	return part, err
}

// clone copies entries, whose marks may be made at the same time.
func clone(list []entry) []entry {
	c := make([]entry, len(list))
	for i := range list {
		c[i] = list[i].clone()
	}
	return c
}

func (e *entry) clone() entry {
	return entry{name: e.name, kind: e.kind, stamp: e.stamp, sub: e.sub, mark: atomic.LoadUint64(&e.mark)}
}

// descend gives a directory the entries that list finds and the filter takes,
// and goes into them.
func (t *Tree) descend(dir *entry, rel string, depth int, f Filter, list func(*entry, string) ([]entry, error)) error {
	if err := checkDepth(t.root, rel, depth); err != nil {
		return err
	}
	all, err := list(dir, rel)
	if err != nil {
		return err
	}
	dir.sub = all[:0]
	for i := range all {
		e := all[i]
		path := join(rel, e.name)
		take, err := f(path, kindName(e.kind))
		if err != nil {
			return err
		}
		if !take {
			t.rejected = append(t.rejected, path)
			continue
		}
		t.count++
		if e.kind == unix.DT_DIR {
			if err := t.descend(&e, path, depth+1, f, list); err != nil {
				return err
			}
		}
		dir.sub = append(dir.sub, e)
	}
	return nil
}

func checkDepth(root, rel string, depth int) error {
	if depth < nar.MaxDepth {
		return nil
	}
	return nar.TooDeep(filepath.Join(root, rel))
}

func join(dir, name string) string {
	if dir == "" {
		return name
	}
	return dir + "/" + name
}

func byName(a, b entry) int { return strings.Compare(a.name, b.name) }
