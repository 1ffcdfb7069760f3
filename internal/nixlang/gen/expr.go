package gen

import "strings"

// expr makes an expression of a type.
func (g *generator) expr(t *typ) *Node {
	g.fuel--
	if t.kind == kLiteral {
		return g.certain(t.text)
	}
	if g.wrong > 0 && g.chance(g.wrong) {
		t = g.anyType(2)
	}
	switch {
	case t.kind == kAny:
		t = g.anyType(2)
	case t.kind == kString && g.chance(25):
		t = textT // a context where there may be none
	}
	if v := g.variable(t); v != nil {
		return v
	}
	if g.fuel <= 0 {
		return g.leaf(t)
	}
	switch g.src.IntN(10) {
	case 0, 1:
		return g.wrapped(t)
	case 2, 3, 4:
		if e := g.builtin(t); e != nil {
			return e
		}
	}
	return g.direct(t)
}

// variable returns one of the variables that fit, or nil.
func (g *generator) variable(t *typ) *Node {
	if !g.chance(350) {
		if g.chance(3) {
			return literal(pick(g, Names)) // bound or not
		}
		return nil
	}
	var fit []string
	for i := len(g.vars) - 1; i >= 0; i-- {
		v := g.vars[i]
		if fits(v.t, t) && (!v.forward || g.chance(60)) && !g.hidden(i) {
			fit = append(fit, v.name)
		}
	}
	if len(fit) == 0 {
		return nil
	}
	return literal(pick(g, fit))
}

// hidden tells whether another variable of the same name is nearer.
func (g *generator) hidden(i int) bool {
	for _, v := range g.vars[i+1:] {
		if v.name == g.vars[i].name {
			return true
		}
	}
	return false
}

// scoped calls f with variables added.
func (g *generator) scoped(vars []variable, f func() *Node) *Node {
	n := len(g.vars)
	g.vars = append(g.vars, vars...)
	e := f()
	g.vars = g.vars[:n]
	return e
}

// leaf makes the smallest expression of a type.
func (g *generator) leaf(t *typ) *Node {
	switch t.kind {
	case kInt:
		if g.chance(150) {
			return g.anInt()
		}
		return literal(pick(g, ints))
	case kSmall:
		return literal(pick(g, smalls))
	case kFloat:
		if g.chance(400) {
			return g.aFloat()
		}
		return literal(pick(g, floats))
	case kBool:
		return literal(pick(g, []string{"true", "false"}))
	case kNull:
		return literal("null")
	case kPath:
		return literal(pick(g, paths))
	case kList:
		return literal("[ ]")
	case kSet:
		return g.smallSet(t)
	case kPair:
		return atom("{ name = ~; value = ~; }", literal(quoted(pick(g, Names))), g.leaf(t.elem))
	case kKeyed:
		return atom("{ key = ~; }", literal(pick(g, smalls)))
	case kFunc:
		return ex("_: %", g.leaf(t.res))
	case kDrv:
		return ex(`derivation { name = "~"; system = "s"; builder = "b"; }`, raw(pick(g, Names)))
	case kContext:
		return literal("{ }")
	case kAny:
		return literal("null")
	case kLiteral:
		return g.certain(t.text)
	}
	if s := g.composed(t); s != "" && g.chance(600) {
		return literal(quoted(s))
	}
	return literal(quoted(pick(g, g.pool(t))))
}

// pool returns the texts for a type of string, as they stand in a string.
func (g *generator) pool(t *typ) []string {
	switch t.kind {
	case kRegex:
		return regexes
	case kVersion:
		return versions
	case kJSON:
		return jsons
	case kTOML:
		return tomls
	case kName:
		if g.chance(100) {
			return odd
		}
		return Names
	case kAlgo:
		return algos
	case kHash:
		return hashes
	}
	return plain
}

func quoted(s string) string { return `"` + s + `"` }

func (g *generator) smallSet(t *typ) *Node {
	if len(t.fields) == 0 {
		return literal("{ }")
	}
	s := seq("{ ", " ", " }")
	for _, f := range t.fields {
		s.kids = append(s.kids, piece(f.name+" = ~;", g.leaf(f.t)))
	}
	return asExpr(s)
}

// asExpr makes an expression of a sequence.
func asExpr(s *Node) *Node { return atom("~", s) }

// certain makes one certain expression.
func (g *generator) certain(text string) *Node {
	n := &Node{text: []string{text}}
	n.tight = strings.HasPrefix(text, "{") || !strings.Contains(text, " ")
	return n
}

// direct makes an expression in a way that is special to the type.
func (g *generator) direct(t *typ) *Node {
	switch t.kind {
	case kInt:
		return g.number(t, ints)
	case kSmall:
		return g.leaf(t)
	case kFloat:
		return g.number(t, floats)
	case kBool:
		return g.boolean()
	case kString, kText:
		return g.str(t)
	case kPath:
		return g.path()
	case kList:
		return g.list(t)
	case kSet:
		return g.set(t)
	case kPair:
		return atom("{ name = ~; value = ~; }", g.expr(nameT), g.expr(t.elem))
	case kKeyed:
		return atom("{ key = ~; "+pick(g, Names[:5])+" = ~; }", g.leaf(pick(g, []*typ{smallT, smallT, smallT, stringT, floatT})), g.expr(anyT))
	case kFunc:
		return g.lambda(t)
	case kDrv:
		return g.derivation()
	case kContext:
		return ex("builtins.getContext %", g.expr(textT))
	case kName, kVersion, kRegex:
		if g.chance(100) {
			return g.expr(stringT)
		}
	}
	return g.leaf(t)
}

func (g *generator) number(t *typ, pool []string) *Node {
	if g.chance(350) {
		return literal(pick(g, pool))
	}
	if t.kind == kFloat && g.chance(300) {
		return ex("% "+pick(g, []string{"+", "-", "*", "/"})+" %", g.expr(intT), g.expr(floatT))
	}
	if g.chance(100) {
		return ex("-%", g.expr(t))
	}
	return g.binary(pick(g, []string{"+", "-", "*", "/"}), g.expr(t), g.expr(t))
}

// binary joins two operands; now and then without the parentheses, so that
// precedence and associativity decide.
func (g *generator) binary(op string, a, b *Node) *Node {
	if g.chance(150) {
		return ex("~ "+op+" ~", a, b)
	}
	if g.chance(100) {
		return ex("%"+op+"%", a, b)
	}
	return ex("% "+op+" %", a, b)
}

func (g *generator) boolean() *Node {
	switch g.src.IntN(12) {
	case 0, 1, 2:
		t := g.anyType(2)
		return g.binary(pick(g, []string{"==", "!="}), g.expr(t), g.expr(t))
	case 3, 4:
		t := pick(g, []*typ{intT, floatT, stringT, pathT, listOf(intT), listOf(stringT)})
		return g.binary(pick(g, []string{"<", "<=", ">", ">="}), g.expr(t), g.expr(t))
	case 5, 6:
		return g.binary(pick(g, []string{"&&", "||", "->"}), g.expr(boolT), g.expr(boolT))
	case 7:
		return ex("!%", g.expr(boolT))
	case 8, 9:
		return g.has()
	case 10:
		return g.binary(pick(g, []string{"<", "=="}), g.expr(intT), g.expr(floatT))
	}
	return g.leaf(boolT)
}

// has makes a test for an attribute, of one level or more.
func (g *generator) has() *Node {
	t := g.setType(2)
	attr := g.attr(t)
	if g.chance(300) {
		attr = piece("~.~", attr, g.attr(anyT))
	}
	return ex("% ? ~", g.expr(t), attr)
}

// attr makes the name of an attribute as a path has it, mostly one that t has.
func (g *generator) attr(t *typ) *Node {
	name := g.name()
	if len(t.fields) > 0 && g.chance(850) {
		name = pick(g, t.fields).name
	}
	return g.attrNamed(name)
}

func (g *generator) attrNamed(name string) *Node {
	switch g.src.IntN(12) {
	case 0:
		return raw(quoted(name))
	case 1:
		return raw("${" + quoted(name) + "}")
	case 2:
		return piece(`"~"`, piece("${~}", ex(`"" + %`, literal(quoted(name)))))
	}
	return raw(name)
}

func (g *generator) list(t *typ) *Node {
	if g.chance(120) {
		return g.binary("++", g.expr(t), g.expr(t))
	}
	s := seq("[ ", " ", " ]")
	for range g.src.IntN(4) {
		s.kids = append(s.kids, g.expr(t.elem).operand())
	}
	return asExpr(s)
}

func (g *generator) path() *Node {
	switch g.src.IntN(9) {
	case 8:
		return g.searched()
	case 0:
		return ex("% + %", g.expr(pathT), literal(pick(g, []string{`"/a.txt"`, `"/../x"`, `"x"`, `""`, `"/"`, `"/dir/b"`})))
	case 1:
		return atom("./fixture/${~}", g.expr(stringT))
	case 2:
		return literal(`./fixture/${"dir"}/b`)
	}
	return g.leaf(pathT)
}

// searched makes a path of the search path, mostly one that the program sets
// itself, or an odd literal.
func (g *generator) searched() *Node {
	name := literal(pick(g, []string{"<x/a.txt>", "<x>", "<a.txt>", "<dir/b>", "<nixpkgs>", "<x/../x>", "<y>", "./.", "./fixture/dir/.", "../x", "~/x"}))
	if g.chance(30) {
		name = literal("./fixture/")
	}
	switch g.src.IntN(4) {
	case 0:
		return name
	case 1:
		return ex("let __findFile = a: b: ~; in %", g.expr(pathT), name)
	}
	return ex(`let __nixPath = [ { prefix = "x"; path = ~; } { prefix = ""; path = ./fixture; } ]; in %`, g.expr(pathT), name) // no URL: nothing is fetched
}
