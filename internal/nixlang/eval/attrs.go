package eval

import (
	"iter"
	"slices"
	"sync"
	"unsafe"
)

// Attrs is an attribute set: a shape and, behind this header in the same
// allocation, one value for each name. It never changes once published.
type Attrs struct {
	sh  *shape // nil: it consists of two others, see layer.go
	pos uint64 // where the set was written, a Pos
	// values follow; an Attrs is the head of a []Value whose first element is
	// taken up by these two words.
}

// Attr is one attribute of a set.
type Attr struct {
	Name  Sym
	Pos   Pos // where it was defined, zero if that is not known
	Value Value
}

func newAttrs(sh *shape, pos Pos) *Attrs {
	buf := make([]Value, int(sh.n)+1)
	a := (*Attrs)(unsafe.Pointer(unsafe.SliceData(buf)))
	a.sh, a.pos = sh, uint64(pos)
	return a
}

// values returns the values of a flat set, in the order of the shape's keys.
func (a *Attrs) values() []Value {
	return unsafe.Slice((*Value)(unsafe.Add(unsafe.Pointer(a), unsafe.Sizeof(Value{}))), a.sh.n)
}

func (a *Attrs) slot(i int) *Value {
	return (*Value)(unsafe.Add(unsafe.Pointer(a), uintptr(i+1)*unsafe.Sizeof(Value{})))
}

// Len returns the number of attributes.
func (a *Attrs) Len() int {
	if a.sh == nil {
		return a.layered().n
	}
	return int(a.sh.n)
}

// Pos returns where the set was written, zero if it was made by a builtin.
func (a *Attrs) Pos() Pos { return Pos(a.pos) }

// Get returns the value of an attribute, usually a thunk, and whether the set
// has it.
func (a *Attrs) Get(name Sym) (Value, bool) {
	a = a.at(name)
	i := a.sh.find(name)
	if i < 0 {
		return Value{}, false
	}
	return *a.slot(i), true
}

// GetAttr returns an attribute with its position, and whether the set has it.
func (a *Attrs) GetAttr(name Sym) (Attr, bool) {
	a = a.at(name)
	i := a.sh.find(name)
	if i < 0 {
		return Attr{}, false
	}
	return a.At(i), true
}

// Has tells whether the set has an attribute.
func (a *Attrs) Has(name Sym) bool { return a.at(name).sh.find(name) >= 0 }

// At returns attribute i of Len in the set's own order, which is cheap and the
// same for sets with the same names: that in which the names became known. Nix's
// builtins use it where they read arguments from a set; all else that can be seen
// uses [Ctx.Sorted].
func (a *Attrs) At(i int) Attr {
	a = a.flat()
	return Attr{a.sh.keys()[i], a.sh.posAt(i), *a.slot(i)}
}

// Sorted iterates over the attributes of a set in the byte order of their
// names, which is the order of attrNames, of printing and of every walk that
// can fail.
func (c *Ctx) Sorted(a *Attrs) iter.Seq[Attr] {
	a = a.flat()
	return func(yield func(Attr) bool) {
		for _, i := range a.sh.lexOrder(c.st.symbols) {
			if !yield(a.At(int(i))) {
				return
			}
		}
	}
}

// Order returns the numbers of a set's attributes, for [Attrs.At], in the order of
// [Ctx.Sorted], which costs a few objects more. They must not be changed.
func (c *Ctx) Order(a *Attrs) []int32 { return a.flat().sh.lexOrder(c.st.symbols) }

// FilterAttrs makes a set of those attributes of a that keep accepts; they
// keep their positions. It is another set than a even if all are kept, which
// shows where a set is printed that has both in it.
func (c *Ctx) FilterAttrs(a *Attrs, keep func(Sym) bool) Value {
	a = a.flat()
	kept := make([]int32, 0, a.Len())
	for i, k := range a.sh.keys() {
		if keep(k) {
			kept = append(kept, int32(i))
		}
	}
	if len(kept) == 0 {
		return c.st.emptyAttrs
	}
	if len(kept) == a.Len() {
		r := newAttrs(a.sh, 0)
		c.countSet(len(kept))
		copy(r.values(), a.values())
		return AttrsValue(r)
	}
	keys := c.keys[:0]
	var pos []Pos
	if a.sh.firstPos != nil {
		pos = make([]Pos, len(kept))
	}
	for j, i := range kept {
		keys = append(keys, a.sh.keys()[i])
		if pos != nil {
			pos[j] = a.sh.posAt(int(i))
		}
	}
	c.keys = keys
	r := newAttrs(newShape(c.namesOf(keys), pos, false), 0)
	c.countSet(len(kept))
	for j, i := range kept {
		*r.slot(j) = *a.slot(int(i))
	}
	return AttrsValue(r)
}

// AttrsBuilder collects attributes in any order.
type AttrsBuilder struct {
	c     *Ctx
	items []Attr
	pos   Pos
	last  *shape // of the set built before the last Reset
}

// NewAttrs starts a set; capacity is a guess of its size.
func (c *Ctx) NewAttrs(capacity int) *AttrsBuilder {
	return &AttrsBuilder{c: c, items: make([]Attr, 0, capacity)}
}

// Set adds an attribute.
func (b *AttrsBuilder) Set(name Sym, v Value) { b.items = append(b.items, Attr{Name: name, Value: v}) }

// SetName adds an attribute by its text.
func (b *AttrsBuilder) SetName(name string, v Value) { b.Set(b.c.Intern(name), v) }

// SetAttr adds an attribute with its position.
func (b *AttrsBuilder) SetAttr(a Attr) { b.items = append(b.items, a) }

// SetPos says where the set as a whole was written.
func (b *AttrsBuilder) SetPos(p Pos) { b.pos = p }

// Len returns how many attributes were added, repeated names included.
func (b *AttrsBuilder) Len() int { return len(b.items) }

// Build makes the set. Of several attributes of the same name the last one
// counts. The builder must not be used any more before a [AttrsBuilder.Reset].
func (b *AttrsBuilder) Build() Value { return b.build(false) }

// BuildFirst is Build, but of several attributes of the same name the first
// one counts, as listToAttrs has it.
func (b *AttrsBuilder) BuildFirst() Value { return b.build(true) }

// Reset makes the builder fit for another set after Build. If that turns out to
// have the same names, the two share what is known about them.
func (b *AttrsBuilder) Reset() { b.items, b.pos = b.items[:0], 0 }

func bySym(x, y Attr) int { return int(int64(x.Name) - int64(y.Name)) }

func (b *AttrsBuilder) build(first bool) Value {
	if len(b.items) == 0 && b.pos == 0 {
		return b.c.st.emptyAttrs
	}
	if !slices.IsSortedFunc(b.items, bySym) {
		slices.SortStableFunc(b.items, bySym)
	}
	out := b.items[:0]
	hasPos := false
	for _, it := range b.items {
		hasPos = hasPos || it.Pos != 0
		if n := len(out); n > 0 && out[n-1].Name == it.Name {
			if !first {
				out[n-1] = it
			}
			continue
		}
		out = append(out, it)
	}
	if b.last != nil && !hasPos && b.last.hasNames(out) {
		return AttrsValue(b.c.fillAttrs(b.last, out, b.pos))
	}
	a := b.c.attrsOf(out, hasPos, b.pos)
	b.last = nil
	if !hasPos {
		b.last = a.sh
	}
	return AttrsValue(a)
}

// attrsOf makes a set with a shape of its own out of sorted attributes.
func (c *Ctx) attrsOf(items []Attr, hasPos bool, pos Pos) *Attrs {
	keys := c.keys[:0]
	var places []Pos
	if hasPos {
		places = make([]Pos, len(items))
	}
	for i, it := range items {
		keys = append(keys, it.Name)
		if hasPos {
			places[i] = it.Pos
		}
	}
	c.keys = keys
	return c.fillAttrs(newShape(c.namesOf(keys), places, false), items, pos)
}

// fillAttrs makes a set of a shape out of the attributes that it stands for.
func (c *Ctx) fillAttrs(sh *shape, items []Attr, pos Pos) *Attrs {
	a := newAttrs(sh, pos)
	c.countSet(len(items))
	for i, it := range items {
		*a.slot(i) = it.Value
	}
	return a
}

// hasNames tells whether the names of sorted attributes are those of s.
func (s *shape) hasNames(items []Attr) bool {
	return slices.EqualFunc(s.keys(), items, func(k Sym, a Attr) bool { return k == a.Name })
}

// Record is the fixed list of names of sets that a builtin makes again and
// again, such as { success; value; }. Make it once with [State.NewRecord].
type Record struct {
	names []string
	once  sync.Once
	sh    *shape
	order []int // order[i] is the slot of the i-th name given
}

// NewRecord makes a Record of distinct names.
func (s *State) NewRecord(names ...string) *Record { return &Record{names: names} }

// prepare gives the names numbers. It does so when the first set is made, since
// it is then that C++ Nix gets to know them: see fixedSyms.
func (r *Record) prepare(c *Ctx) {
	syms := make([]Sym, len(r.names))
	for i, n := range r.names {
		syms[i] = c.Intern(n)
	}
	keys := slices.Clone(syms)
	slices.Sort(keys)
	r.order = make([]int, len(syms))
	for i, k := range syms {
		r.order[i], _ = slices.BinarySearch(keys, k)
	}
	r.sh = newShape(&names{keys: keys}, nil, true)
}

// Make makes a set of values in the order of the names given to NewRecord.
func (r *Record) Make(c *Ctx, values ...Value) Value {
	r.once.Do(func() { r.prepare(c) })
	a := newAttrs(r.sh, 0)
	c.countSet(len(values))
	for i, v := range values {
		*a.slot(r.order[i]) = v
	}
	return AttrsValue(a)
}
