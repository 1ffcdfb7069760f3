package gen

// derivation makes a call of the function derivation with all kinds of
// attributes.
func (g *generator) derivation() *Node {
	s := seq("{ ", " ", " }")
	add := func(format string, kids ...*Node) { s.kids = append(s.kids, piece(format, kids...)) }
	add("name = ~;", g.drvName())
	add("system = ~;", g.system())
	add("builder = ~;", g.builder())
	if g.chance(300) {
		add("args = ~;", g.expr(listOf(textT)))
	}
	if g.chance(250) {
		add("outputs = ~;", g.outputs())
	}
	if g.chance(150) {
		g.fixedOutput(add)
	}
	for i := g.src.IntN(len(envNames)); i < len(envNames) && g.chance(600); i += 1 + g.src.IntN(4) {
		add(envNames[i]+" = ~;", g.expr(g.envType()))
	}
	if g.chance(100) {
		add("__ignoreNulls = ~;", g.sometimes(boolT, "true"))
	}
	if g.chance(150) {
		g.structured(add)
	}
	for i := 0; i < 4 && g.chance(120); i++ {
		add(pick(g, specialAttrs)+" = ~;", g.specialValue())
	}
	arg := asExpr(s)
	if g.chance(50) {
		return ex("builtins.derivationStrict %", arg)
	}
	return ex("derivation %", arg)
}

// envNames are attributes of derivations, no two of them equal to the fixed
// ones.
var envNames = []string{"a", "b", "foo", "src", "buildInputs", "x", "\"a b\"", "PATH", "__json", "preferLocalBuild", "y"}

// specialAttrs are attributes that mean something to whoever builds.
var specialAttrs = []string{"allowedReferences", "allowedRequisites", "disallowedReferences", "disallowedRequisites", "exportReferencesGraph", "impureEnvVars", "passAsFile", "requiredSystemFeatures", "allowSubstitutes", "__darwinAllowLocalNetworking", "__noChroot", "__impure", "__contentAddressed", "unsafeDiscardReferences", "outputSpecified", "outputChecks", "meta", "type", "drvPath", "__json", "__structuredAttrs", "__ignoreNulls", "outputHashMode", "outputHashAlgo", "outputHash", "urgh", "args", "outputs"}

func (g *generator) specialValue() *Node {
	switch g.src.IntN(8) {
	case 0, 1:
		return g.expr(listOf(textT))
	case 2:
		return g.expr(boolT)
	case 3:
		return ex(`[ "x" % ]`, g.expr(drvT))
	case 4:
		return ex(`[ "x" % "y" % ]`, g.expr(pathT), g.expr(textT))
	case 5:
		return ex("{ out = %; }", g.expr(anyT))
	case 6:
		return literal(pick(g, []string{`"out"`, `[ "out" ]`, "null", `{ }`, `"x y"`, `[ "a" "b" ]`, `{ g = [ ./fixture ]; }`, `{ out = { allowedReferences = [ "out" ]; maxSize = 1; }; }`, `"{\"a\":1}"`, `"{"`}))
	}
	return g.expr(anyT)
}

// system makes the value of system. There is no backslash or quote in it: Nix
// writes it unescaped, and does not know its own file again.
func (g *generator) system() *Node {
	if g.chance(900) {
		return literal(`"x86_64-linux"`)
	}
	return literal(pick(g, []string{`"s"`, `""`, `"a b"`, `"\t"`, `"\n"`, `"é"`, "1", "null", "./fixture", `[ "a" ]`, "(throw 1)", `"${./fixture/a.txt}"`}))
}

func (g *generator) sometimes(t *typ, usual string) *Node {
	if g.chance(900) {
		return literal(usual)
	}
	return g.expr(t)
}

func (g *generator) drvName() *Node {
	if g.chance(30) {
		return g.expr(stringT)
	}
	if g.chance(60) {
		return literal(quoted(pick(g, drvNames)))
	}
	return literal(quoted(pick(g, drvNames[:4])))
}

func (g *generator) builder() *Node {
	switch g.src.IntN(8) {
	case 0:
		return literal("./fixture/a.txt")
	case 1:
		return g.expr(textT)
	case 2:
		return literal(`"builtin:fetchurl"`)
	}
	return literal(`"/bin/sh"`)
}

func (g *generator) outputs() *Node {
	return literal(pick(g, []string{`[ "out" ]`, `[ "out" "dev" ]`, `[ "dev" "out" ]`, `[ "bin" ]`, `[ ]`, `[ "out" "out" ]`, `[ "drv" ]`, `"out dev"`, `[ "drvPath" ]`, `[ "a b" ]`, `[ 1 ]`}))
}

func (g *generator) envType() *typ {
	return pick(g, []*typ{textT, textT, stringT, intT, floatT, boolT, nullT, pathT, listOf(textT), listOf(anyT), drvT, listOf(drvT), anyT})
}

func (g *generator) fixedOutput(add func(string, ...*Node)) {
	add("outputHash = ~;", g.expr(hashT))
	if g.chance(850) {
		add("outputHashAlgo = ~;", g.sometimes(algoT, `"sha256"`))
	}
	if g.chance(600) {
		add("outputHashMode = ~;", literal(pick(g, []string{`"flat"`, `"recursive"`, `"recursive"`, `"nar"`, `"text"`, `"git"`, `"x"`})))
	}
}

func (g *generator) structured(add func(string, ...*Node)) {
	add("__structuredAttrs = ~;", g.sometimes(boolT, "true"))
	if g.chance(300) {
		add("set = ~;", g.expr(g.setType(2)))
	}
	if g.chance(200) {
		add("outputChecks = ~;", literal(`{ out.maxSize = 1; }`))
	}
	if g.chance(100) {
		add("allowedReferences = ~;", g.expr(listOf(textT)))
	}
}
