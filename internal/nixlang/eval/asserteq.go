package eval

// assertEqual throws an error that tells the first difference between two
// values. It must find a difference exactly when Equal is false
// (EvalState::assertEqValues in libexpr/eval.cc). operand says that a and b
// are no slots.
func (c *Ctx) assertEqual(a, b Value, pos Pos, operand bool) {
	c.enter(pos)
	v, w := c.ForceAt(a, pos), c.ForceAt(b, pos)
	switch {
	case a == b && !(operand && v.IsFunction()):
	case v.isNumber() && w.isNumber():
		if !equalPlain(v, w) {
			c.unequal("%s with value '%s' is not equal to %s with value '%s'",
				c.ShowType(v), c.PrintForError(v), c.ShowType(w), c.PrintForError(w))
		}
	case v.Type() != w.Type():
		c.unequal("%s of value '%s' is not equal to %s of value '%s'",
			c.ShowType(v), c.PrintForError(v), c.ShowType(w), c.PrintForError(w))
	case v.kind() == kList:
		c.assertEqualLists(v, w, pos)
	case v.kind() == kAttrs:
		c.assertEqualSets(v, w, pos)
	case v.IsFunction():
		c.unequal("distinct functions and immediate comparisons of identical functions compare as unequal")
	case !equalPlain(v, w):
		name := map[Type]string{TypeBool: "boolean", TypeString: "string", TypePath: "path"}[v.Type()]
		c.unequal("%s '%s' is not equal to %s '%s'", name, c.PrintForError(v), name, c.PrintForError(w))
	}
	c.depth--
}

func (c *Ctx) unequal(format string, args ...any) {
	panic(Errorf(KindAssertion, 0, format, args...))
}

func (c *Ctx) assertEqualLists(v, w Value, pos Pos) {
	x, y := v.AsList(), w.AsList()
	if len(x) != len(y) {
		c.unequal("list of size '%d' is not equal to list of size '%d', left hand side is '%s', right hand side is '%s'",
			len(x), len(y), c.PrintForError(v), c.PrintForError(w))
	}
	for i := range x {
		c.PushTraceFunc(pos, func() string { return sprintf("while comparing list element %d", i) })
		c.Recurse(func() { c.assertEqual(x[i], y[i], pos, false) })
		c.PopTrace()
	}
}

func (c *Ctx) assertEqualSets(v, w Value, pos Pos) {
	x, y := v.AsAttrs(), w.AsAttrs()
	if c.IsDerivation(v) && c.IsDerivation(w) {
		p, ok := x.Get(SymOutPath)
		q, ok2 := y.Get(SymOutPath)
		if ok && ok2 {
			c.PushTrace(pos, "while comparing a derivation by its 'outPath' attribute")
			c.Recurse(func() { c.assertEqual(p, q, pos, false) })
			c.PopTrace()
			return
		}
	}
	if x.Len() != y.Len() {
		c.unequal("attribute names of attribute set '%s' differs from attribute set '%s'", c.PrintForError(v), c.PrintForError(w))
	}
	for i := range x.Len() {
		p, q := x.At(i), y.At(i)
		switch {
		case p.Name != q.Name && !y.Has(p.Name):
			c.unequal("attribute name '%s' is contained in '%s', but not in '%s'",
				c.ShowName(p.Name), c.PrintForError(v), c.PrintForError(w))
		case p.Name != q.Name:
			c.unequal("attribute name '%s' is missing in '%s', but is contained in '%s'",
				c.ShowName(q.Name), c.PrintForError(v), c.PrintForError(w))
		}
		c.assertEqualAttr(p, q, pos)
	}
}

func (c *Ctx) assertEqualAttr(p, q Attr, pos Pos) {
	c.PushTraceFunc(pos, func() string { return "while comparing attribute '" + c.ShowName(p.Name) + "'" })
	sp := c.sp
	if p.Pos != 0 {
		c.PushTrace(p.Pos, "where left hand side is")
	}
	if q.Pos != 0 {
		c.PushTrace(q.Pos, "where right hand side is")
	}
	c.Recurse(func() { c.assertEqual(p.Value, q.Value, pos, false) })
	c.sp = sp
	c.PopTrace()
}
