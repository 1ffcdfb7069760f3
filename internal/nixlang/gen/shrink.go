package gen

// simplest are the texts that an expression is replaced by when it is tried
// whether a program needs it at all.
var simplest = []string{"null", "1", `""`, "[ ]", "{ }"}

// Shrink returns programs that are smaller than n in one place, those that are
// smaller by the most first: an expression is replaced by one that is inside of
// it or by a literal, or a member of a sequence is left out.
func (n *Node) Shrink() []*Node {
	var found []*Node
	n.walk(func(at *Node, replace func(*Node) *Node) {
		for _, k := range at.smaller() {
			found = append(found, replace(k))
		}
	}, func(k *Node) *Node { return k })
	return found
}

// walk visits all nodes from the root on. replace makes the whole program with
// another node in the place of the one visited.
func (n *Node) walk(visit func(n *Node, replace func(*Node) *Node), replace func(*Node) *Node) {
	visit(n, replace)
	for i, k := range n.kids {
		k.walk(visit, func(other *Node) *Node { return replace(n.with(i, other)) })
	}
}

// with returns a copy of n with another child.
func (n *Node) with(i int, k *Node) *Node {
	c := *n
	c.kids = append([]*Node(nil), n.kids...)
	c.kids[i] = k
	return &c
}

// without returns a copy of n with one child less.
func (n *Node) without(i int) *Node {
	c := *n
	c.kids = append(append([]*Node(nil), n.kids[:i]...), n.kids[i+1:]...)
	return &c
}

// smaller returns what n itself may be replaced by.
func (n *Node) smaller() (r []*Node) {
	switch n.kind {
	case expression:
		r = n.literals()
		for _, k := range n.inner(nil) {
			r = append(r, k.operand())
		}
	case sequence:
		if len(n.kids) > 3 {
			half := *n
			half.kids = n.kids[:len(n.kids)/2]
			rest := *n
			rest.kids = n.kids[len(n.kids)/2:]
			r = append(r, &half, &rest)
		}
		for i := range n.kids {
			r = append(r, n.without(i))
		}
	}
	return r
}

// literals returns the simplest expressions if n is not one of them.
func (n *Node) literals() (r []*Node) {
	if len(n.kids) == 0 && len(n.text[0]) <= 3 {
		return nil
	}
	for _, s := range simplest {
		if n.String() != s {
			r = append(r, literal(s))
		}
	}
	return r
}

// inner appends the outermost expressions inside of n.
func (n *Node) inner(r []*Node) []*Node {
	for _, k := range n.kids {
		if k.kind == expression {
			r = append(r, k)
		} else {
			r = k.inner(r)
		}
	}
	return r
}
