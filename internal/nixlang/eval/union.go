package eval

import "slices"

// run is a stretch of neighbours in one of two sets that are being merged.
type run struct {
	from, to int32
	second   bool // of the second set, else of the first
}

// runs are the stretches that make up the union of two sets, in the order of
// the names.
type runs []run

func (r runs) add(from, to int, second bool) runs {
	if from == to {
		return r
	}
	if n := len(r); n > 0 && r[n-1].second == second && int(r[n-1].to) == from {
		r[n-1].to = int32(to)
		return r
	}
	return append(r, run{int32(from), int32(to), second})
}

// lopsided is how many times longer one list of names must be than the other
// for the names of the shorter one to be searched in it, one by one.
const lopsided = 8

// unite appends the stretches of a // b for two sorted lists of names, and
// returns the number of names, too.
func (r runs) unite(a, b []Sym) (runs, int) {
	i, j, same := 0, 0, 0
	for i < len(a) && j < len(b) {
		n, m := len(a)-i, len(b)-j
		switch {
		case n > lopsided*m:
			at, found := slices.BinarySearch(a[i:], b[j])
			r = r.add(i, i+at, false).add(j, j+1, true)
			i, j = i+at, j+1
			if found {
				i++
				same++
			}
		case m > lopsided*n:
			at, found := slices.BinarySearch(b[j:], a[i])
			r = r.add(j, j+at, true)
			j += at
			if found {
				r = r.add(j, j+1, true)
				j++
				same++
			} else {
				r = r.add(i, i+1, false)
			}
			i++
		case a[i] < b[j]:
			r = r.add(i, i+1, false)
			i++
		default:
			if a[i] == b[j] {
				i++
				same++
			}
			r = r.add(j, j+1, true)
			j++
		}
	}
	return r.add(i, len(a), false).add(j, len(b), true), len(a) + len(b) - same
}

// unionShape makes the shape of a // b, of n names; c is nil in a place that has no
// worker.
func (c *Ctx) unionShape(a, b *shape, r runs, n int) *shape {
	var l *names
	switch n {
	case len(a.keys()):
		l = a.names
	case len(b.keys()):
		l = b.names
	default:
		l = c.unionNames(a, b, r, n)
	}
	if a.firstPos == nil && b.firstPos == nil {
		return newShape(l, nil, false)
	}
	all := make([]Pos, 0, n)
	for _, x := range r {
		if pos := x.of(a, b).pos(); pos != nil {
			all = append(all, pos[x.from:x.to]...)
		} else {
			all = all[:len(all)+int(x.to-x.from)]
		}
	}
	return newShape(l, all, false)
}

func (c *Ctx) unionNames(a, b *shape, r runs, n int) *names {
	var keys []Sym
	if c == nil || n > nameListMax {
		keys = make([]Sym, 0, n)
	} else {
		keys = c.keys[:0]
	}
	for _, x := range r {
		keys = append(keys, x.of(a, b).keys()[x.from:x.to]...)
	}
	if c == nil || n > nameListMax {
		return &names{keys: keys}
	}
	c.keys = keys
	return c.namesOf(keys)
}

func (x run) of(a, b *shape) *shape {
	if x.second {
		return b
	}
	return a
}

// union remembers what a // b came to for two shapes.
type union struct {
	a, b *shape
	runs runs
	sh   *shape
}

// Unions of so many attributes are remembered: a package set is put together out
// of the same layers several times, and some of these have a shape of their own
// each time, always of the same names. Still larger ones would be too much to
// hold on to.
const (
	bigUnion  = 512
	hugeUnion = 1 << 15
)

// unions are the last big unions of a worker.
type unions struct {
	last [16]union
	next int
}

func (u *unions) find(a, b *shape) *union {
	for i := range u.last {
		if x := &u.last[i]; x.a == a && (x.b == b || x.b.same(b)) {
			return x
		}
	}
	return nil
}

func (u *unions) put(x union) {
	u.last[u.next] = x
	u.next = (u.next + 1) % len(u.last)
}

// updatePlain merges two sets of which at least one is unique or big, so that
// a plan would be used once or be large.
func (c *Ctx) updatePlain(a, b *Attrs) *Attrs {
	if a.sh == b.sh {
		return b
	}
	both := a.Len() + b.Len()
	big := both >= bigUnion && both < hugeUnion
	if big {
		if u := c.unions.find(a.sh, b.sh); u != nil {
			return c.fillUnion(u.sh, u.runs, a, b)
		}
	}
	r, n := c.runs[:0].unite(a.sh.keys(), b.sh.keys())
	c.runs = r
	if n == b.Len() && n == a.Len() {
		return b
	}
	sh := c.unionShape(a.sh, b.sh, r, n)
	if big {
		c.unions.put(union{a.sh, b.sh, slices.Clone(r), sh})
	}
	return c.fillUnion(sh, r, a, b)
}

func (c *Ctx) fillUnion(sh *shape, r runs, a, b *Attrs) *Attrs {
	u := newAttrs(sh, 0)
	c.countUpdate(len(sh.keys()))
	u.take(r, a, b)
	return u
}

// take fills a set with the values of the stretches of two others.
func (u *Attrs) take(r runs, a, b *Attrs) {
	values := u.values()[:0]
	for _, x := range r {
		if x.second {
			values = append(values, b.values()[x.from:x.to]...)
		} else {
			values = append(values, a.values()[x.from:x.to]...)
		}
	}
}
