package eval

import (
	"cmp"
	"slices"
	"strings"
)

// ContextKind says what a string refers to.
type ContextKind uint8

// The three kinds of string context, in Nix's order.
const (
	// ContextPath: a store path that exists already: a copied source, a text
	// file, or a .drv file as a mere file.
	ContextPath ContextKind = iota
	// ContextDrvDeep: a derivation with all its outputs and the whole closure
	// of derivations that it needs; what drvPath carries.
	ContextDrvDeep
	// ContextOutput: one output of a derivation, to be built.
	ContextOutput
)

// ContextElem is one thing that a string refers to.
type ContextElem struct {
	Kind   ContextKind
	Path   string // base name of the store path: "<32 characters>-<name>"
	Output string // name of the output, only for ContextOutput
}

// String returns the element as Nix encodes it: "<path>", "=<drv>" or
// "!<output>!<drv>", with base names of store paths.
func (e ContextElem) String() string {
	switch e.Kind {
	case ContextDrvDeep:
		return "=" + e.Path
	case ContextOutput:
		return "!" + e.Output + "!" + e.Path
	}
	return e.Path
}

// Display returns the element as messages show it, with full store paths.
func (e ContextElem) Display(storeDir string) string {
	p := storeDir + "/" + e.Path
	switch e.Kind {
	case ContextDrvDeep:
		return p + " (deep)"
	case ContextOutput:
		return p + "^" + e.Output
	}
	return p
}

// ParseContextElem reads what [ContextElem.String] writes.
func ParseContextElem(s string) (ContextElem, bool) {
	switch {
	case s == "":
		return ContextElem{}, false
	case s[0] == '=':
		return ContextElem{Kind: ContextDrvDeep, Path: s[1:]}, true
	case s[0] == '!':
		out, p, ok := strings.Cut(s[1:], "!")
		return ContextElem{Kind: ContextOutput, Path: p, Output: out}, ok
	}
	return ContextElem{Kind: ContextPath, Path: s}, true
}

func compareElems(a, b ContextElem) int {
	if c := cmp.Compare(a.Kind, b.Kind); c != 0 {
		return c
	}
	if c := strings.Compare(a.Path, b.Path); c != 0 {
		return c
	}
	return strings.Compare(a.Output, b.Output)
}

// Context is what a string refers to: a sorted set of elements that never
// changes and is shared by all strings made from one another. The nil *Context
// is the empty one.
type Context struct{ elems []ContextElem }

// NewContext makes a context of elements in any order, nil if there are none.
func NewContext(elems ...ContextElem) *Context {
	if len(elems) == 0 {
		return nil
	}
	e := slices.Clone(elems)
	slices.SortFunc(e, compareElems)
	return &Context{slices.Compact(e)}
}

// Elems returns the elements, sorted. They must not be changed.
func (x *Context) Elems() []ContextElem {
	if x == nil {
		return nil
	}
	return x.elems
}

// Len returns the number of elements.
func (x *Context) Len() int { return len(x.Elems()) }

// Merge returns the union of two contexts; it makes a new one only if neither
// contains the other.
func (x *Context) Merge(y *Context) *Context {
	switch {
	case y == nil || x == y:
		return x
	case x == nil:
		return y
	}
	a, b := x.elems, y.elems
	if len(b) == 1 {
		if _, found := slices.BinarySearchFunc(a, b[0], compareElems); found {
			return x
		}
	}
	r := make([]ContextElem, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		c := compareElems(a[0], b[0])
		if c <= 0 {
			r = append(r, a[0])
			a = a[1:]
		} else {
			r = append(r, b[0])
		}
		if c >= 0 {
			b = b[1:]
		}
	}
	r = append(append(r, a...), b...)
	switch len(r) {
	case len(x.elems):
		return x
	case len(y.elems):
		return y
	}
	return &Context{r}
}

// ContextSet collects contexts, for instance those of all parts of a string
// while it is put together. The zero ContextSet is empty and ready for use.
type ContextSet struct {
	first *Context   // most sets only ever see one context
	rest  []*Context // all others
}

// Add adds a context.
func (s *ContextSet) Add(x *Context) {
	switch {
	case x == nil || x == s.first:
	case s.first == nil:
		s.first = x
	case len(s.rest) == 0 || s.rest[len(s.rest)-1] != x:
		s.rest = append(s.rest, x)
	}
}

// AddElem adds one element.
func (s *ContextSet) AddElem(e ContextElem) { s.Add(&Context{[]ContextElem{e}}) }

// Empty tells whether nothing has been added.
func (s *ContextSet) Empty() bool { return s.first == nil }

// Context returns the union of all that was added, nil if it is empty.
func (s *ContextSet) Context() *Context {
	if len(s.rest) <= 2 {
		r := s.first
		for _, x := range s.rest {
			r = r.Merge(x)
		}
		return r
	}
	// Pairwise merging of many parts would copy the elements again and again.
	all := slices.Clone(s.first.elems)
	for _, x := range s.rest {
		all = append(all, x.elems...)
	}
	slices.SortFunc(all, compareElems)
	r := &Context{slices.Compact(all)}
	s.first, s.rest = r, nil
	return r
}
