package eval

import "strings"

// Equal tells whether two values are equal as == has it, forcing them as far
// as that needs. pos is the place of the comparison.
//
// The same slot is equal to itself whatever it holds, so that two lists that
// contain the same function are equal though no function equals another.
func (c *Ctx) Equal(a, b Value, pos Pos) bool {
	v, w := c.ForceAt(a, pos), c.ForceAt(b, pos)
	if v.kind() < kList || w.kind() < kList {
		return equalPlain(v, w)
	}
	if a == b {
		return true
	}
	return c.equalInside(v, w, pos)
}

// equalInside compares finished values by what is in them.
func (c *Ctx) equalInside(v, w Value, pos Pos) bool {
	if v.kind() != w.kind() {
		return false
	}
	switch v.kind() {
	case kList:
		return c.equalLists(v, w, pos)
	case kAttrs:
		return c.equalSets(v, w, pos)
	}
	return false // functions
}

// equalOperands is == on two values that are operands and so no slots: a
// function is not even equal to itself, and what is in a list or a set is forced
// though it is compared with itself.
func (c *Ctx) equalOperands(v, w Value, pos Pos) bool {
	if v.kind() < kList || w.kind() < kList {
		return equalPlain(v, w)
	}
	return c.equalInside(v, w, pos)
}

// equalPlain compares finished values of which one contains no others.
func equalPlain(v, w Value) bool {
	if v.n == w.n && v.p == w.p && v.kind() != kFloat {
		return true
	}
	switch {
	case v.isNumber() && w.isNumber():
		if v.IsInt() && w.IsInt() {
			return v.AsInt() == w.AsInt()
		}
		return v.AsFloat() == w.AsFloat()
	case v.IsString():
		return w.IsString() && v.AsString() == w.AsString()
	case v.kind() == kPath:
		return w.kind() == kPath && v.AsString() == w.AsString()
	}
	return v.n == w.n && v.kind() <= kBool
}

func (c *Ctx) equalLists(v, w Value, pos Pos) bool {
	if v.n != w.n {
		return false
	}
	x, y := v.AsList(), w.AsList()
	if v.p == w.p {
		for _, e := range x {
			c.ForceAt(e, pos)
		}
		return true
	}
	equal := true
	c.enter(pos)
	for i := 0; i < len(x) && equal; i++ {
		equal = c.equalElem(x[i], y[i], pos)
	}
	c.depth--
	return equal
}

// equalElem compares elements, watching the stack.
func (c *Ctx) equalElem(a, b Value, pos Pos) bool {
	if isPlain(a) && isPlain(b) {
		return equalPlain(a, b)
	}
	if c.deep() {
		return c.equalDeep(a, b, pos)
	}
	c.push(frame{kn: uint32(frNone)})
	r := c.Equal(a, b, pos)
	c.sp--
	return r
}

// equalDeep is Equal by Recurse.
func (c *Ctx) equalDeep(a, b Value, pos Pos) (r bool) {
	c.Recurse(func() { r = c.Equal(a, b, pos) })
	return r
}

func (c *Ctx) equalSets(v, w Value, pos Pos) bool {
	if v.p == w.p {
		c.forceCompared(v, pos)
		return true
	}
	c.enter(pos)
	equal := c.equalAttrs(v, w, pos)
	c.depth--
	return equal
}

// forceCompared forces what a comparison of a set with itself looks at: all that
// is in it, but of a derivation its outPath.
func (c *Ctx) forceCompared(v Value, pos Pos) {
	x := v.AsAttrs()
	if c.IsDerivation(v) {
		if p, ok := x.Get(SymOutPath); ok {
			c.ForceAt(p, pos)
			return
		}
	}
	x = x.flat()
	for i := range x.sh.keys() {
		c.ForceAt(*x.slot(i), pos)
	}
}

func (c *Ctx) equalAttrs(v, w Value, pos Pos) bool {
	x, y := v.AsAttrs(), w.AsAttrs()
	if c.IsDerivation(v) && c.IsDerivation(w) {
		p, ok := x.Get(SymOutPath)
		q, ok2 := y.Get(SymOutPath)
		if ok && ok2 {
			return c.equalElem(p, q, pos)
		}
	}
	if x.Len() != y.Len() {
		return false
	}
	x, y = x.flat(), y.flat()
	if c.st.Aided() {
		return c.equalAided(x, y, pos)
	}
	for i, k := range x.sh.keys() {
		if y.sh.keys()[i] != k || !c.equalElem(*x.slot(i), *y.slot(i), pos) {
			return false
		}
	}
	return true
}

// Compare orders two values as < does: numbers, strings, paths and lists of
// these; everything else throws, with what as trace frame. It returns a
// negative number, zero or a positive number. pos serves the forcing of list
// elements.
func (c *Ctx) Compare(pos Pos, a, b Value, what string) int {
	a, b = c.ForceAt(a, pos), c.ForceAt(b, pos)
	switch {
	case a.IsInt() && b.IsInt():
		return compareOrdered(a.AsInt(), b.AsInt())
	case a.isNumber() && b.isNumber():
		return compareOrdered(a.AsFloat(), b.AsFloat())
	case a.IsString() && b.IsString(), a.kind() == kPath && b.kind() == kPath:
		return strings.Compare(a.AsString(), b.AsString())
	case a.kind() == kList && b.kind() == kList:
		c.pushMsg(0, what)
		r := c.compareLists(pos, a.AsList(), b.AsList())
		c.sp--
		return r
	}
	c.throwIncomparable(a, b, what)
	return 0
}

// compareOrdered treats a NaN as not less than anything, as C++ does.
func compareOrdered[T int64 | float64](a, b T) int {
	switch {
	case a < b:
		return -1
	case b < a:
		return 1
	}
	return 0
}

func (c *Ctx) compareLists(pos Pos, a, b []Value) int {
	for i := 0; ; i++ {
		switch {
		case i == len(b):
			return compareOrdered(int64(len(a)), int64(i))
		case i == len(a):
			return -1
		case !c.equalElem(a[i], b[i], pos):
			return c.compareElem(pos, a[i], b[i])
		}
	}
}

func (c *Ctx) throwIncomparable(a, b Value, what string) {
	if a.Type() == b.Type() {
		panic(Errorf(KindEval, 0, "cannot compare %s with %s; values of that type are incomparable (values are %s and %s)",
			c.ShowType(a), c.ShowType(b), c.PrintForError(a), c.PrintForError(b)).With(0, what))
	}
	panic(Errorf(KindEval, 0, "cannot compare %s with %s; values are %s and %s",
		c.ShowType(a), c.ShowType(b), c.PrintForError(a), c.PrintForError(b)).With(0, what))
}

func (c *Ctx) compareElem(pos Pos, a, b Value) (r int) {
	c.Recurse(func() {
		c.enter(pos)
		r = c.Compare(pos, a, b, "while comparing two list elements")
		c.depth--
	})
	return r
}
