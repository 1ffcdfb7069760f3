package gen

// wrapped makes an expression of a type from parts of any type: what works for
// all types alike.
func (g *generator) wrapped(t *typ) *Node {
	switch g.src.IntN(16) {
	case 0, 1:
		return ex("if % then % else ~", g.expr(boolT), g.expr(t), g.expr(t))
	case 2, 3, 4:
		return g.let(t)
	case 5:
		return g.with(t)
	case 6:
		return g.assert(t)
	case 7, 8:
		return g.selection(t)
	case 9:
		return g.orDefault(t)
	case 10, 11:
		return g.application(t)
	case 12:
		return g.sequenced(t)
	case 13:
		return ex("(builtins.tryEval %).value", g.expr(t))
	case 14:
		return g.failing()
	case 15:
		if g.chance(150) {
			return g.ownOperator(t)
		}
	}
	return g.oldLet(t)
}

// ownOperator defines what an operator calls, or a name that means something.
func (g *generator) ownOperator(t *typ) *Node {
	name := pick(g, []string{"__sub", "__mul", "__div", "__lessThan", "true", "null", "map", "__nixPath", "__functor", "or"})
	return ex("let "+name+" = ~; in ~", g.expr(anyT), g.expr(t))
}

func (g *generator) assert(t *typ) *Node {
	if g.chance(700) {
		return ex("assert true; ~", g.expr(t))
	}
	return ex("assert ~; ~", g.expr(boolT), g.expr(t))
}

// failing makes something that ends in an error.
func (g *generator) failing() *Node {
	if !g.chance(250) {
		return ex("(builtins.tryEval %).success", g.expr(anyT))
	}
	if g.chance(500) {
		return ex("throw %", g.expr(stringT))
	}
	return ex("abort %", g.expr(stringT))
}

// sequenced makes one of the builtins that return their last argument.
func (g *generator) sequenced(t *typ) *Node {
	switch g.src.IntN(6) {
	case 0:
		return ex("builtins.seq % %", g.expr(anyT), g.expr(t))
	case 1:
		return ex("builtins.deepSeq % %", g.expr(anyT), g.expr(t))
	case 2:
		return ex("builtins.addErrorContext % %", g.expr(stringT), g.expr(t))
	case 3:
		return ex(`builtins.trace "~" %`, raw(pick(g, Names)), g.expr(t))
	case 4:
		return ex("builtins.trace % %", g.expr(anyT), g.expr(t))
	}
	return ex(`builtins.warn "~" %`, raw(pick(g, Names)), g.expr(t))
}

// bindings makes types for new variables.
func (g *generator) bindings(most int) []variable {
	var vars []variable
	seen := map[string]bool{}
	for range 1 + g.src.IntN(most) {
		name := g.name()
		if !seen[name] {
			seen[name] = true
			vars = append(vars, variable{name: name, t: g.anyType(2)})
		}
	}
	return vars
}

// bound makes the definitions of variables that can see each other. One that
// comes later is a forward one.
func (g *generator) bound(vars []variable) []*Node {
	base := len(g.vars)
	for _, v := range vars {
		v.forward = true
		g.vars = append(g.vars, v)
	}
	var defs []*Node
	for i, v := range vars {
		defs = append(defs, g.define(v))
		g.vars[base+i].forward = false
	}
	g.vars = g.vars[:base]
	return defs
}

func (g *generator) define(v variable) *Node {
	return piece(g.binder(v.name)+" = ~;", g.expr(v.t))
}

// binder writes a name as the left side of a definition.
func (g *generator) binder(name string) string {
	if g.chance(30) {
		return quoted(name)
	}
	return name
}

func (g *generator) let(t *typ) *Node {
	vars := g.bindings(3)
	defs := seq("", " ", "", g.bound(vars)...)
	if g.chance(80) {
		from := g.setType(2)
		inherited := g.inherited(from)
		defs.kids = append(defs.kids, piece("inherit (~)~;", g.expr(from), inherited))
		for _, f := range from.fields {
			if !has(vars, f.name) {
				vars = append(vars, variable{name: f.name, t: f.t})
			}
		}
	}
	body := g.scoped(vars, func() *Node { return g.expr(t) })
	return ex("let ~ in ~", defs, body)
}

func has(vars []variable, name string) bool {
	for _, v := range vars {
		if v.name == name {
			return true
		}
	}
	return false
}

// inherited lists the fields of a type after "inherit".
func (g *generator) inherited(t *typ) *Node {
	s := seq(" ", " ", "")
	for _, f := range t.fields {
		s.kids = append(s.kids, raw(f.name))
	}
	return s
}

// oldLet makes let { body = ...; }.
func (g *generator) oldLet(t *typ) *Node {
	vars := g.bindings(2)
	defs := seq("", " ", "", g.bound(vars)...)
	body := g.scoped(vars, func() *Node { return g.expr(t) })
	return atom("let { ~ body = ~; }", defs, body)
}

func (g *generator) with(t *typ) *Node {
	from := g.setType(2)
	set := g.expr(from)
	var vars []variable
	for _, f := range from.fields {
		if !has(g.vars, f.name) { // what is bound is stronger than with
			vars = append(vars, variable{name: f.name, t: f.t})
		}
	}
	body := g.scoped(vars, func() *Node { return g.expr(t) })
	return ex("with ~; ~", set, body)
}

// holding makes the type of a set that has t somewhere, and the path to it.
func (g *generator) holding(t *typ) (*typ, *Node) {
	name := g.name()
	set := g.setType(1)
	for i, f := range set.fields {
		if f.name == name {
			set.fields[i].t = t
			return set, g.attrNamed(name)
		}
	}
	set.fields = append(set.fields, field{name, t})
	if g.chance(200) {
		outer, path := g.holding(set)
		return outer, piece("~.~", path, g.attrNamed(name))
	}
	return set, g.attrNamed(name)
}

func (g *generator) selection(t *typ) *Node {
	set, path := g.holding(t)
	return atom("%.~", g.expr(set), path)
}

func (g *generator) orDefault(t *typ) *Node {
	set, path := g.holding(t)
	if g.chance(500) {
		path = g.attr(anyT)
	}
	if g.chance(100) {
		path = piece("~.~", path, g.attr(anyT))
	}
	return ex("%.~ or %", g.expr(set), path, g.expr(t))
}

func (g *generator) application(t *typ) *Node {
	arg := g.anyType(2)
	if g.chance(120) {
		return ex("% |> %", g.expr(arg), g.expr(function(arg, t)))
	}
	if g.chance(80) {
		return ex("% <| ~", g.expr(function(arg, t)), g.expr(arg))
	}
	return ex("% %", g.expr(function(arg, t)), g.expr(arg))
}
