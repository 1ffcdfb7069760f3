package eval

import (
	"slices"
	"strings"
	"sync/atomic"

	"isomorph/internal/nixlang/syntax"
)

// shape is what sets with the same names in the same places have in common:
// the sorted names, where each was defined, and indexes made when first asked
// for. A set is a shape and its values. Sets made by literals share the shape
// of the literal ("static"); those made at run time own theirs. Only static
// shapes are keys of caches, so that these stay bounded.
type shape struct {
	keys       []Sym // sorted
	pos        []Pos // parallel to keys; nil: no positions
	static     bool
	index      atomic.Pointer[[]int32] // open addressing hash of big shapes
	lex        atomic.Pointer[[]int32] // lexicographic order
	noPos      atomic.Pointer[shape]   // the same names without positions
	generation int                     // how many merges made this shape out of literal ones
}

const (
	linearShape = 8  // up to so many keys are searched one by one
	hashShape   = 48 // from so many on by hashing
)

// find returns the index of a name, -1 if it is not in the shape.
func (s *shape) find(k Sym) int {
	keys := s.keys
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
	h := s.index.Load()
	if h == nil {
		h = s.makeIndex()
	}
	m := uint32(len(*h) - 1)
	for i := hashSym(k) & m; ; i = (i + 1) & m {
		x := (*h)[i]
		if x < 0 {
			return -1
		}
		if s.keys[x] == k {
			return int(x)
		}
	}
}

func (s *shape) makeIndex() *[]int32 {
	n := 64
	for n*2 < len(s.keys)*3 {
		n *= 2
	}
	h := make([]int32, n)
	for i := range h {
		h[i] = -1
	}
	m := uint32(n - 1)
	for i, k := range s.keys {
		x := hashSym(k) & m
		for h[x] >= 0 {
			x = (x + 1) & m
		}
		h[x] = int32(i)
	}
	s.index.Store(&h)
	return &h
}

// lexOrder returns the indexes of the keys in the byte order of their names.
func (s *shape) lexOrder(t *syntax.Symbols) []int32 {
	if l := s.lex.Load(); l != nil {
		return *l
	}
	l := make([]int32, len(s.keys))
	for i := range l {
		l[i] = int32(i)
	}
	slices.SortFunc(l, func(a, b int32) int { return strings.Compare(t.Name(s.keys[a]), t.Name(s.keys[b])) })
	s.lex.Store(&l)
	return l
}

// posAt returns where key i was defined.
func (s *shape) posAt(i int) Pos {
	if s.pos == nil {
		return 0
	}
	return s.pos[i]
}

// withoutPos returns the shape of the same names without positions.
func (s *shape) withoutPos() *shape {
	if s.pos == nil {
		return s
	}
	if r := s.noPos.Load(); r != nil {
		return r
	}
	r := &shape{static: s.static}
	r.shareNames(s)
	s.noPos.Store(r)
	return r
}
