package gen

import "strings"

// str makes a string; one of kind kText may have a context.
func (g *generator) str(t *typ) *Node {
	switch g.src.IntN(9) {
	case 0, 1:
		return g.quotedString(t)
	case 2:
		return g.indented(t)
	case 3:
		return g.binary("+", g.expr(t), g.expr(t))
	case 4:
		return ex("toString %", g.expr(g.stringable()))
	case 5:
		if t.kind == kText {
			return g.contextual()
		}
	case 6:
		return literal(pick(g, []string{"http://x.y/z?a=b", "a:b", "mailto:x@y"}))
	}
	return g.leaf(t)
}

// stringable makes a type that toString takes.
func (g *generator) stringable() *typ {
	return pick(g, []*typ{intT, floatT, boolT, nullT, stringT, textT, pathT, listOf(intT), listOf(listOf(stringT)), listOf(anyT), drvT})
}

// contextual makes a string that depends on the store.
func (g *generator) contextual() *Node {
	switch g.src.IntN(8) {
	case 0:
		return atom(`"${~}"`, g.expr(drvT))
	case 1:
		return atom("%.drvPath", g.expr(drvT))
	case 2:
		return atom("%.outPath", g.expr(drvT))
	case 3:
		return atom(`"${~}"`, g.expr(pathT))
	case 4:
		return ex(`builtins.toFile "~" %`, raw(pick(g, Names)), g.expr(textT))
	case 5:
		return ex("builtins.unsafeDiscardOutputDependency %", g.expr(textT))
	case 6:
		return ex("builtins.appendContext % %", g.expr(textT), g.expr(contextT))
	}
	return ex("builtins.addDrvOutputDependencies %.drvPath", g.expr(drvT))
}

// interpolated makes what stands between ${ and }.
func (g *generator) interpolated(t *typ) *Node {
	switch {
	case t.kind == kText && g.chance(250):
		return g.expr(pick(g, []*typ{pathT, drvT, textT}))
	case g.chance(60):
		return ex("{ __toString = self: %; }", g.expr(t))
	case g.chance(60):
		return ex("{ outPath = %; }", g.expr(t))
	}
	return g.expr(t)
}

var quotedPieces = []string{"a", " ", "foo", `\n`, `\"`, "$", "$$", `\${x}`, `\t`, "é", `\\`, "''", "\n", "x=1", `\a`, "#", "/", "$${", "\r", "\t", `\r`, `\$`, `\0`, "𝄞", "\xff", "\xc3", "\xed\xa0\x80", "\u0301", "'", "\r\n", "\x01", "\x7f"}

func (g *generator) quotedString(t *typ) *Node {
	s := seq(`"`, "", `"`)
	for range 1 + g.src.IntN(4) {
		if g.chance(350) {
			s.kids = append(s.kids, piece("${~}", g.interpolated(t)))
			continue
		}
		p := pick(g, quotedPieces)
		if strings.HasSuffix(p, "{") {
			s.kids = append(s.kids, raw(p+"}"))
			continue
		}
		s.kids = append(s.kids, raw(p))
	}
	return asExpr(s)
}

var indentedPieces = []string{"a", " ", "  ", "\n", "\n  ", "\n    ", "\n\t", "foo", "''$", "''\\n", "'''", "$", "$$", "''\\", `"`, "\\n", "\n\n", "'", "''${x}", "\r\n", "''\\t", "é", "\r", "\n \t", "\n      ", "''\\ ", "''\\${x}", "$''", "$", "$$", "\xff", "\t"}

func (g *generator) indented(t *typ) *Node {
	s := seq("''", "", "''")
	if g.chance(500) {
		s.kids = append(s.kids, raw(pick(g, []string{"\n", "\n  ", "\n    ", "  \n  ", " "})))
	}
	for range 1 + g.src.IntN(6) {
		if g.chance(250) {
			s.kids = append(s.kids, piece("${~}", g.interpolated(t)))
			continue
		}
		s.kids = append(s.kids, raw(pick(g, indentedPieces)))
	}
	if g.chance(500) {
		s.kids = append(s.kids, raw(pick(g, []string{"\n", "\n  "})))
	}
	return asExpr(s)
}
