package eval

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
	"sync/atomic"
	"unsafe"

	"isomorph/internal/nixlang/syntax"
)

// shape is what sets with the same names in the same places have in common: the
// sorted names, and where each was defined. A set is a shape and its values. Sets
// made by literals share the shape of the literal ("static"); those made at run
// time own theirs. Only static shapes are keys of caches, so that these stay
// bounded.
//
// There are as many shapes as sets that were put together at run time, so a shape
// is 32 bytes and all that follows from the names alone is shared.
type shape struct {
	first      *Sym // of the names
	n          int32
	static     bool
	generation uint8  // how many merges made this shape out of literal ones
	firstPos   *Pos   // one for each name; nil: no positions
	names      *names // whose keys are the names
}

// names are the names of shapes, and indexes made when first asked for.
type names struct {
	keys  []Sym                    // sorted
	index atomic.Pointer[[]int32]  // open addressing hash of many names
	lex   atomic.Pointer[[]int32]  // lexicographic order
	bare  [2]atomic.Pointer[shape] // the shape without positions: run-time, static
}

// newShape makes a shape of names. pos is nil or as long as the names.
func newShape(l *names, pos []Pos, static bool) *shape {
	s := &shape{n: int32(len(l.keys)), static: static, names: l}
	s.first = unsafe.SliceData(l.keys)
	if pos != nil {
		s.firstPos = unsafe.SliceData(pos)
	}
	return s
}

// keys returns the names, sorted.
func (s *shape) keys() []Sym { return unsafe.Slice(s.first, s.n) }

// pos returns where the names were defined, nil if that is not known.
func (s *shape) pos() []Pos {
	if s.firstPos == nil {
		return nil
	}
	return unsafe.Slice(s.firstPos, s.n)
}

// nameLists remembers lists of names, so that sets which have the same ones share
// them: each package is put together by the same few functions. It is a cache in
// which a list may take the place of another one, since a program can make any
// number of them.
type nameLists struct {
	last [1 << nameListBits]*names
	hash [1 << nameListBits]uint32 // of their names
}

const (
	nameListBits = 11
	// nameListMax is how many names a list that is remembered may have.
	nameListMax = 128
)

// namesOf returns the list of names that are sorted. It does not keep keys.
func (c *Ctx) namesOf(keys []Sym) *names {
	if len(keys) > nameListMax {
		return &names{keys: slices.Clone(keys)}
	}
	h := uint32(len(keys))
	for _, k := range keys {
		h = (h ^ uint32(k)) * 0x9E3779B1
		h ^= h >> 15
	}
	t, at := &c.nameLists, h>>(32-nameListBits)
	if t.hash[at] == h {
		if l := t.last[at]; l != nil && slices.Equal(l.keys, keys) {
			return l
		}
	}
	l := &names{keys: slices.Clone(keys)}
	t.last[at], t.hash[at] = l, h
	return l
}

const (
	linearShape = 8  // up to so many keys are searched one by one
	hashShape   = 48 // from so many on by hashing
)

// find returns the index of a name, -1 if it is not in the shape.
func (s *shape) find(k Sym) int {
	keys := s.keys()
	if len(keys) <= linearShape {
		for i, x := range keys {
			if x == k {
				return i
			}
		}
		return -1
	}
	if len(keys) >= hashShape {
		return s.findHashed(k)
	}
	lo, hi := 0, len(keys)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if keys[mid] < k {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(keys) && keys[lo] == k {
		return lo
	}
	return -1
}

func hashSym(k Sym) uint32 { return uint32(k) * 2654435761 >> 7 }

func (s *shape) findHashed(k Sym) int {
	h := s.names.index.Load()
	if h == nil {
		h = s.names.makeIndex()
	}
	m := uint32(len(*h) - 1)
	for i := hashSym(k) & m; ; i = (i + 1) & m {
		x := (*h)[i]
		if x < 0 {
			return -1
		}
		if s.names.keys[x] == k {
			return int(x)
		}
	}
}

func (l *names) makeIndex() *[]int32 {
	n := 64
	for n*2 < len(l.keys)*3 {
		n *= 2
	}
	h := make([]int32, n)
	for i := range h {
		h[i] = -1
	}
	m := uint32(n - 1)
	for i, k := range l.keys {
		x := hashSym(k) & m
		for h[x] >= 0 {
			x = (x + 1) & m
		}
		h[x] = int32(i)
	}
	l.index.Store(&h)
	return &h
}

// lexOrder returns the indexes of the keys in the byte order of their names.
func (s *shape) lexOrder(t *syntax.Symbols) []int32 {
	l := s.names
	if o := l.lex.Load(); o != nil {
		return *o
	}
	type entry struct {
		start uint64 // of the name: its first eight bytes
		i     int32
	}
	all := make([]entry, len(l.keys))
	for i, k := range l.keys {
		all[i] = entry{start(t.Name(k)), int32(i)}
	}
	slices.SortFunc(all, func(a, b entry) int {
		if a.start != b.start {
			return cmp.Compare(a.start, b.start)
		}
		return strings.Compare(t.Name(l.keys[a.i]), t.Name(l.keys[b.i]))
	})
	o := make([]int32, len(all))
	for i, e := range all {
		o[i] = e.i
	}
	l.lex.Store(&o)
	return o
}

// start returns the first eight bytes of a name as a number that compares as they
// do; a shorter name ends in zeros.
func start(name string) uint64 {
	if len(name) >= 8 {
		return binary.BigEndian.Uint64([]byte(name[:8]))
	}
	var b [8]byte
	copy(b[:], name)
	return binary.BigEndian.Uint64(b[:])
}

// posAt returns where key i was defined.
func (s *shape) posAt(i int) Pos {
	if s.firstPos == nil {
		return 0
	}
	return s.pos()[i]
}

// withoutPos returns the shape of the same names without positions.
func (s *shape) withoutPos() *shape {
	if s.firstPos == nil {
		return s
	}
	bare := &s.names.bare[0]
	if s.static {
		bare = &s.names.bare[1]
	}
	if r := bare.Load(); r != nil {
		return r
	}
	r := newShape(s.names, nil, s.static)
	bare.Store(r)
	return r
}

// same tells whether two shapes have the same names in the same places.
func (s *shape) same(t *shape) bool {
	return (s.names == t.names || slices.Equal(s.keys(), t.keys())) && slices.Equal(s.pos(), t.pos())
}
