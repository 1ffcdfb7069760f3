package eval

// CheckRecycled says that the tests run with the tag evalcheck.
const CheckRecycled = checkRecycled

// GCPercent is the percentage at which a heap grows to the size allowed.
var GCPercent = gcPercent

// UseHugePages asks for huge pages for so many bytes of the heap.
var UseHugePages = useHugePages

// SameShape tells whether two sets share all that is known about their names.
func SameShape(a, b *Attrs) bool { return a.sh == b.sh }

// SameIndex tells whether two sets share the index of their names.
func SameIndex(a, b *Attrs) bool {
	return a.sh.names.index.Load() != nil && a.sh.names == b.sh.names
}

// UpdateFlat returns a // b as a set with a shape of its own, never layered.
func (c *Ctx) UpdateFlat(a, b *Attrs) *Attrs { return c.updateFlat(a, b) }

// Layered tells whether a set refers to two others whose union it is.
func Layered(a *Attrs) bool { return a.sh == nil }

// Uncompiled tells whether a value is an expression that was never compiled.
func Uncompiled(v Value) bool {
	if v.kind() != kThunk || (*Thunk)(v.p).code == nil {
		return false
	}
	d, ok := (*Thunk)(v.p).code.node.(*deferredNode)
	return ok && d.ready.Load() == nil
}

// Faults is how many errors of this program helpers have met.
func (s *State) Faults() int { return int(s.faults.Load()) }
