package gen

// lambda makes a function.
func (g *generator) lambda(t *typ) *Node {
	switch {
	case t.arg.kind == kSet && len(t.arg.fields) > 0 && g.chance(700):
		return g.formals(t)
	case g.chance(60):
		return atom("{ __functor = self: %; }", g.lambda(t))
	case g.chance(60):
		return ex("let f = %; in f", g.lambda(t))
	case t.res.kind == kFunc && g.chance(500):
		inner := variable{name: g.name(), t: t.arg}
		return g.scoped([]variable{inner}, func() *Node {
			return ex(inner.name+": ~", g.lambda(t.res))
		})
	}
	if fits(t.arg, t.res) && g.chance(100) {
		return ex("x: x")
	}
	v := variable{name: g.name(), t: t.arg}
	return g.scoped([]variable{v}, func() *Node { return ex(v.name+": ~", g.expr(t.res)) })
}

// formals makes a function that takes a set apart.
func (g *generator) formals(t *typ) *Node {
	var vars []variable
	list := seq("", ", ", "")
	skipped := false
	for _, f := range t.arg.fields {
		if g.chance(150) {
			skipped = true
			continue
		}
		vars = append(vars, variable{name: f.name, t: f.t})
		list.kids = append(list.kids, g.formal(f))
	}
	if g.chance(150) {
		extra := field{g.name(), g.anyType(1)}
		if t.arg.field(extra.name) == nil {
			list.kids = append(list.kids, piece(extra.name+" ? ~", g.expr(extra.t)))
			vars = append(vars, variable{name: extra.name, t: extra.t})
		}
	}
	if skipped || g.chance(400) {
		if !g.chance(50) {
			list.kids = append(list.kids, raw("..."))
		}
	}
	format := "{ ~ }: ~"
	if name := g.name(); g.chance(250) && !has(vars, name) {
		vars = append(vars, variable{name: name, t: t.arg})
		format = pick(g, []string{"{ ~ }@" + name + ": ~", name + "@{ ~ }: ~"})
	}
	return g.scoped(vars, func() *Node { return ex(format, list, g.expr(t.res)) })
}

func (g *generator) formal(f field) *Node {
	if g.chance(250) {
		return piece(f.name+" ? ~", g.expr(f.t))
	}
	return raw(f.name)
}
