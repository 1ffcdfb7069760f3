package eval

import (
	"sync/atomic"
	"unsafe"
)

// A big set that a small one is merged into is not copied: the result refers to
// both. Package sets are built in this way (pkgs // { ... } for each scope of
// callPackage), and hardly ever does anything but look names up in them.
//
// A layered set looks like any other from outside. Inside the package its shape
// is nil, which each look-up by name has to reckon with (at) and whatever needs
// all attributes (flat).

// layered is a // b for a big a and a small b, neither of them layered.
type layered struct {
	Attrs      // without a shape
	base, over *Attrs
	n          int // attributes
	flattened  atomic.Pointer[Attrs]
}

const (
	// layerMin is the size from which on a set is not copied.
	layerMin = 8
	// layerRatio is how many times bigger than the set on top of it the base
	// is at least. A chain of merges copies the small one only, and the big
	// one when the small one has grown.
	layerRatio = 1
)

func (a *Attrs) layered() *layered { return (*layered)(unsafe.Pointer(a)) }

// at returns the part of the set that has an attribute, if any part has it, for
// a look-up in its shape.
func (a *Attrs) at(name Sym) *Attrs {
	if a.sh != nil {
		return a
	}
	return a.layerOf(name)
}

func (a *Attrs) layerOf(name Sym) *Attrs {
	l := a.layered()
	if l.over.sh.find(name) >= 0 {
		return l.over
	}
	return l.base
}

// flat returns the set with a shape and all values.
func (a *Attrs) flat() *Attrs {
	if a.sh != nil {
		return a
	}
	return a.layered().flatten()
}

// flatten makes the copy that was spared so far, once.
func (l *layered) flatten() *Attrs {
	if f := l.flattened.Load(); f != nil {
		return f
	}
	r, n := runs(nil).unite(l.base.sh.keys(), l.over.sh.keys())
	f := newAttrs((*Ctx)(nil).unionShape(l.base.sh, l.over.sh, r, n), 0)
	f.take(r, l.base, l.over)
	if !l.flattened.CompareAndSwap(nil, f) {
		return l.flattened.Load()
	}
	return f
}

// updateLayered returns a // b without a copy of a, nil if a copy is better.
func (c *Ctx) updateLayered(a, b *Attrs) *Attrs {
	if b.Len()*layerRatio > a.Len() {
		return nil
	}
	b = b.flat()
	base, over := a, b
	if a.sh != nil {
		if a.Len() < layerMin || planned(a, b) {
			return nil
		}
	} else {
		l := a.layered()
		if (l.over.Len()+b.Len())*layerRatio > l.base.Len() {
			return nil
		}
		base, over = l.base, c.updateFlat(l.over, b)
	}
	n := a.Len()
	for _, k := range b.sh.keys() {
		if !a.Has(k) {
			n++
		}
	}
	c.countSet(0)
	return &(&layered{base: base, over: over, n: n}).Attrs
}
