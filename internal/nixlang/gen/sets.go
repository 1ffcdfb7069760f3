package gen

// set makes a set: a literal with all that a literal may have, mostly.
func (g *generator) set(t *typ) *Node {
	if len(t.fields) == 0 && t.elem.kind != kAny {
		return g.uniform(t)
	}
	switch g.src.IntN(14) {
	case 0, 1:
		return g.binary("//", g.expr(g.setType(2)), g.expr(t))
	case 2:
		return g.binary("//", g.expr(t), g.literalSet(&typ{kind: kSet, elem: anyT}))
	case 3:
		return ex("rec %", g.recSet(t)).tighten()
	case 4:
		return ex("let fix = f: let self = f self; in self; in fix (self: %)", g.literalSet(t))
	case 5:
		return ex("removeAttrs % %", g.expr(t), atom("[ ~ ]", raw(quoted("zz"))))
	}
	return g.literalSet(t)
}

// tighten says that n needs no parentheses.
func (n *Node) tighten() *Node {
	n.tight = true
	return n
}

// uniform makes a set of values of one type.
func (g *generator) uniform(t *typ) *Node {
	s := seq("{ ", " ", " }")
	seen := map[string]bool{}
	for range g.src.IntN(4) {
		name := pick(g, Names)
		if g.chance(80) {
			name = quoted(pick(g, odd))
		}
		if !seen[name] {
			seen[name] = true
			s.kids = append(s.kids, piece(name+" = ~;", g.expr(t.elem)))
		}
	}
	return asExpr(s)
}

func (g *generator) literalSet(t *typ) *Node {
	s := seq("{ ", " ", " }")
	for _, f := range t.fields {
		s.kids = append(s.kids, g.binding(f)...)
	}
	if g.chance(250) {
		s.kids = append(s.kids, g.extra(t))
	}
	if g.chance(200) { // order must not matter
		for i := len(s.kids) - 1; i > 0; i-- {
			j := g.src.IntN(i + 1)
			s.kids[i], s.kids[j] = s.kids[j], s.kids[i]
		}
	}
	return asExpr(s)
}

// binding makes the definition of a field in one of the ways there are.
func (g *generator) binding(f field) []*Node {
	switch k := g.src.IntN(14); {
	case k == 0:
		return []*Node{piece("${~} = ~;", ex(`"`+f.name+`" + %`, literal(`""`)), g.expr(f.t))}
	case k == 1:
		return []*Node{piece(`"`+f.name+`" = ~;`, g.expr(f.t))}
	case k == 2:
		return []*Node{piece(`"${~}" = ~;`, literal(quoted(f.name)), g.expr(f.t))}
	case k == 3:
		return []*Node{piece("inherit (~) "+f.name+";", g.expr(&typ{kind: kSet, elem: anyT, fields: []field{f}}))}
	case k <= 7 && f.t.kind == kSet && len(f.t.fields) > 0:
		return g.nested(f)
	}
	for _, v := range g.vars {
		if v.name == f.name && fits(v.t, f.t) && !v.forward && g.chance(700) {
			return []*Node{raw("inherit " + f.name + ";")}
		}
	}
	return []*Node{piece(f.name+" = ~;", g.expr(f.t))}
}

// nested writes a set as attribute paths; a part of it may be a literal that
// is merged with them.
func (g *generator) nested(f field) []*Node {
	var defs []*Node
	rest := seq("{ ", " ", " }")
	for _, sub := range f.t.fields {
		if g.chance(250) {
			rest.kids = append(rest.kids, piece(sub.name+" = ~;", g.expr(sub.t)))
			continue
		}
		defs = append(defs, piece(f.name+"."+g.binder(sub.name)+" = ~;", g.expr(sub.t)))
	}
	if len(rest.kids) > 0 || len(defs) == 0 {
		format := f.name + " = ~;"
		if g.chance(100) {
			format = f.name + " = rec ~;"
		}
		defs = append(defs, piece(format, asExpr(rest)))
	}
	return defs
}

// extra makes a definition that the type does not ask for.
func (g *generator) extra(t *typ) *Node {
	switch g.src.IntN(9) {
	case 0:
		return piece("${~} = ~;", g.expr(stringT), g.expr(anyT))
	case 1:
		return piece("${null} = ~;", g.expr(anyT))
	case 2:
		return piece(quoted(pick(g, odd))+" = ~;", g.expr(anyT))
	case 3:
		return piece("__functor = self: ~;", g.expr(function(anyT, anyT)))
	case 4:
		return piece("__toString = self: ~;", g.expr(stringT))
	case 5:
		return piece("outPath = ~;", g.expr(textT))
	case 6:
		if t.field("type") == nil {
			return piece(`type = "derivation";`)
		}
	case 7:
		return piece(g.free(t)+"."+g.name()+" = ~;", g.expr(anyT))
	}
	return piece(g.free(t)+" = ~;", g.expr(anyT))
}

// free returns a name that is no field of t, but now and then.
func (g *generator) free(t *typ) string {
	if name := g.name(); t.field(name) == nil || g.chance(50) {
		return name
	}
	return "zz"
}

// recSet makes the braces of a set whose fields see each other.
func (g *generator) recSet(t *typ) *Node {
	vars := make([]variable, len(t.fields))
	for i, f := range t.fields {
		vars[i] = variable{name: f.name, t: f.t}
	}
	defs := seq("{ ", " ", " }", g.bound(vars)...)
	if len(vars) > 0 && g.chance(80) {
		f := pick(g, t.fields)
		defs.kids = append(defs.kids, piece("__overrides = { "+f.name+" = ~; };", g.expr(f.t)))
	}
	if g.chance(100) {
		defs.kids = append(defs.kids, piece("zz = ~;", g.scoped(vars, func() *Node { return g.expr(anyT) })))
	}
	return asExpr(defs)
}
