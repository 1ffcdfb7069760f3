package eval

// Where the order of names decides what an evaluation comes to. Names are
// numbered in the order in which they are met, which is one of chance for those
// that are new since a team has been at work: its members read files as they come to
// them. What is done here tells whether another order might have had another
// outcome; see [State.InDoubt].

// isNew tells whether a name is younger than the first team.
func (s *State) isNew(name Sym) bool {
	known := s.known.Load()
	return known != 0 && uint32(name) > known
}

// equalAided compares the attributes of two sets of one size if there is or has
// been a team.
func (c *Ctx) equalAided(x, y *Attrs, pos Pos) bool {
	for i, k := range x.sh.keys() {
		if k != y.sh.keys()[i] {
			c.doubtNames(x.sh, y.sh, i)
			return false
		}
		if !c.equalAttr(x, y, i, pos) {
			c.doubtRest(x, y, i, false)
			return false
		}
	}
	return true
}

// equalAttr compares attribute i. An error at a new name might not have come up
// if a difference at another one had been found first.
func (c *Ctx) equalAttr(x, y *Attrs, i int, pos Pos) (equal bool) {
	if !c.st.isNew(x.sh.keys()[i]) {
		return c.equalElem(*x.slot(i), *y.slot(i), pos)
	}
	if err := c.Try(func() { equal = c.equalElem(*x.slot(i), *y.slot(i), pos) }); err != nil {
		c.doubtRest(x, y, i, true)
		panic(err)
	}
	return equal
}

// doubtRest notes that the comparison of two sets with the same names has ended
// at attribute i, with an error or a difference, if any behind it might have come
// first and ended it otherwise.
func (c *Ctx) doubtRest(x, y *Attrs, i int, failed bool) {
	if !c.st.isNew(x.sh.keys()[i]) {
		return
	}
	for j := i + 1; j < x.Len(); j++ {
		if failed || !isPlain(*x.slot(j)) || !isPlain(*y.slot(j)) {
			c.st.doubt.Store(true)
		}
	}
}

// doubtNames notes that two sets differ in their names from i on, where a common
// name might have come first, and an error with it.
func (c *Ctx) doubtNames(x, y *shape, i int) {
	for _, k := range x.keys()[i:] {
		if c.st.isNew(k) && y.find(k) >= 0 {
			c.st.doubt.Store(true)
		}
	}
}

// doubtCaught notes that an error which can be caught has passed a walk over
// attributes (see [Ctx.ForceDeep]) at a new name: another one might have come
// first, and another error with it.
func (c *Ctx) doubtCaught(name Sym, e *Error) {
	if e.Catchable() && c.st.isNew(name) {
		c.st.doubt.Store(true)
	}
}
