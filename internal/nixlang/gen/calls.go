package gen

// global are the builtins that have a name outside of the set "builtins", too.
var global = map[string]bool{
	"abort": true, "baseNameOf": true, "derivation": true, "dirOf": true, "fromTOML": true, "import": true,
	"isNull": true, "map": true, "placeholder": true, "removeAttrs": true, "scopedImport": true, "throw": true, "toString": true,
}

// builtin makes a call of a builtin that returns a type, nil if none does.
func (g *generator) builtin(t *typ) *Node {
	if t.kind == kFunc {
		return g.partial(t)
	}
	var fit []signature
	for _, s := range g.table() {
		if produces(s.res, t) && (s.name != "throw" && s.name != "abort" || g.chance(100)) {
			fit = append(fit, s)
		}
	}
	if len(fit) == 0 {
		return nil
	}
	return g.call(pick(g, fit), t)
}

func (g *generator) table() []signature {
	if g.sigs == nil {
		g.sigs = signatures()
	}
	return g.sigs
}

// produces tells whether a result can be of type t for some X and Y.
func produces(res, t *typ) bool {
	switch {
	case res == varX || res == varY:
		return true
	case res.kind == kList && t.kind == kList:
		return produces(res.elem, t.elem)
	case res.kind == kSet && t.kind == kSet && res.elem != nil:
		return len(t.fields) == 0 && t.elem != nil && produces(res.elem, t.elem)
	case res.kind == kAny:
		return t.kind != kFunc && t.kind != kSet
	}
	return fits(res, t)
}

// call makes the call of a builtin.
func (g *generator) call(s signature, t *typ) *Node {
	bind := map[*typ]*typ{}
	match(s.res, t, bind)
	format, kids := g.callee(s.name), []*Node(nil)
	for _, a := range s.args {
		format += " %"
		kids = append(kids, g.expr(g.instance(a, bind)))
	}
	return ex(format, kids...)
}

func (g *generator) callee(name string) string {
	switch {
	case global[name] && g.chance(500):
		return name
	case g.chance(20):
		return "__" + name
	}
	return "builtins." + name
}

// match finds what X and Y in a result stand for.
func match(res, t *typ, bind map[*typ]*typ) {
	switch {
	case res == varX || res == varY:
		bind[res] = t
	case res.kind == kList && t.kind == kList, res.kind == kSet && t.kind == kSet && res.elem != nil && t.elem != nil:
		match(res.elem, t.elem, bind)
	}
}

// instance puts types in the place of X and Y.
func (g *generator) instance(t *typ, bind map[*typ]*typ) *typ {
	switch {
	case t == varX || t == varY:
		if bind[t] == nil {
			bind[t] = g.anyType(1)
		}
		return bind[t]
	case t.kind == kFunc:
		return function(g.instance(t.arg, bind), g.instance(t.res, bind))
	case t.elem != nil && t.kind != kAny:
		c := *t
		c.elem = g.instance(t.elem, bind)
		return &c
	}
	return t
}

// partial makes a function of a builtin that lacks its last argument.
func (g *generator) partial(t *typ) *Node {
	var fit []signature
	for _, s := range g.table() {
		if len(s.args) == 0 {
			continue
		}
		last := s.args[len(s.args)-1]
		if last.kind != kLiteral && produces(s.res, t.res) && fits(t.arg, last) {
			fit = append(fit, s)
		}
	}
	if len(fit) == 0 {
		return nil
	}
	s := pick(g, fit)
	s.args = s.args[:len(s.args)-1]
	e := g.call(s, t.res)
	if len(s.args) == 0 {
		e.tight = true
	}
	return e
}
