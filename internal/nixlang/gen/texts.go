package gen

import (
	"fmt"
	"strings"
)

// Texts in the formats that builtins read, made of pieces. Some are damaged.

// composed makes a text for a type of string, as it stands in a string; "" if
// there is no way but the pool.
func (g *generator) composed(t *typ) string {
	var s string
	switch t.kind {
	case kRegex:
		s = g.regex(3)
	case kVersion:
		s = g.pieces(versionPieces, 7)
	case kJSON:
		s = g.damagedText(g.json(3))
	case kTOML:
		s = g.damagedText(g.toml())
	default:
		return ""
	}
	return inString.Replace(s)
}

// inString writes a text between double quotes.
var inString = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "${", `\${`, "\n", `\n`, "\r", `\r`, "\t", `\t`)

// pieces joins up to most pieces.
func (g *generator) pieces(list []string, most int) string {
	var b strings.Builder
	for range g.src.IntN(most + 1) {
		b.WriteString(pick(g, list))
	}
	return b.String()
}

// damagedText leaves something out of one text in ten.
func (g *generator) damagedText(s string) string {
	if s == "" || !g.chance(100) {
		return s
	}
	i := g.src.IntN(len(s))
	return s[:i] + s[min(len(s), i+1+g.src.IntN(2)):]
}

var versionPieces = []string{"1", "2", "10", "007", ".", ".", "-", "pre", "a", "b", "rc", "é", "_", "+", "~", " ", "x86", "99999999999999999999", ""}

var (
	regexAtoms       = []string{"a", "b", "foo", ".", "[abc]", "[^a]", "[a-c]", "[b-a]", "[]x]", "[^]x]", "[a-]", "[-a]", "[[:alpha:]]", "[[:digit:][:space:]]", "[[:nope:]]", "[[.a.]]", "[[=a=]]", `\.`, `\\`, `\a`, `\*`, "^", "$", "é", " ", "-", "{", "}", "]", `[\n]`, `[\]]`}
	regexQuantifiers = []string{"", "", "", "", "*", "+", "?", "{2}", "{0,2}", "{1,}", "{,2}", "{2,1}", "{0}", "**", "+?"}
)

func (g *generator) regex(depth int) string {
	var b strings.Builder
	for range 1 + g.src.IntN(3) {
		switch {
		case depth > 0 && g.chance(250):
			b.WriteString("(" + g.regex(depth-1) + ")")
		case g.chance(60):
			b.WriteString("|")
			continue
		default:
			b.WriteString(pick(g, regexAtoms))
		}
		b.WriteString(pick(g, regexQuantifiers))
	}
	if depth > 0 && g.chance(200) {
		b.WriteString("|" + g.regex(depth-1))
	}
	return b.String()
}

var (
	jsonBlanks  = []string{"", "", "", " ", "\n", "\t ", "\r\n"}
	jsonScalars = []string{"null", "true", "false", "0", "-0", "1", "-1", "01", "+1", "1.", ".5", "1.5", "-0.0", "1e3", "1E+3", "1e-400", "1e400", "1e", "-", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551616", "0.1", "123456789012345680000", "1.0e0", "NaN", "Infinity", "nul", "True", "4.9e-324", "2.2250738585072011e-308"}
	jsonPieces  = []string{"a", "b", "é", " ", `\n`, `\"`, `\\`, `\/`, `\u00e9`, `\u0000`, `\ud834\udd1e`, `\ud834`, `\udd1e`, `\u12`, `\x`, `\b\f`, "\x7f", "\t", "/", "'", "\xff", "𝄞"}
)

func (g *generator) json(depth int) string {
	blank := func() string { return pick(g, jsonBlanks) }
	var s string
	switch k := g.src.IntN(6); {
	case depth > 0 && k < 2:
		s = "[" + g.jsonItems(depth, false) + "]"
	case depth > 0 && k < 4:
		s = "{" + g.jsonItems(depth, true) + "}"
	case k == 4:
		s = `"` + g.pieces(jsonPieces, 4) + `"`
	default:
		s = pick(g, jsonScalars)
	}
	return blank() + s + blank()
}

func (g *generator) jsonItems(depth int, keys bool) string {
	items := make([]string, g.src.IntN(4))
	for i := range items {
		if keys {
			items[i] = `"` + pick(g, []string{"a", "b", "", "a b", "é", `\u0061`, "x.y"}) + `":`
		}
		items[i] += g.json(depth - 1)
	}
	return strings.Join(items, ",")
}

var (
	tomlKeys    = []string{"a", "b", "c", "a.b", "b . c", `"a b"`, `""`, "''", "'x.y'", "1", "a-b", "-", "é", "a.b.c", `"\u0061"`}
	tomlScalars = []string{"1", "+1", "-0", "0", "00", "01", "0x1F", "0xg", "0o17", "0b101", "1_000", "1__0", "_1", "9223372036854775807", "9223372036854775808", "1.5", "1.", ".5", "1e5", "1.e1", "1e+06", "6.022_5e2", "inf", "-inf", "nan", "+nan", "true", "false", "True", "1979-05-27", "07:32:00", "1979-05-27T07:32:00Z", "1979-05-27 07:32:00.5", "1979-13-40", `"x"`, `"\u00E9\t"`, `"\e"`, `"\q"`, `"a`, "'q\\'", "'", `""`, `"""` + "\nx\n" + `"""`, `"""a\` + "\n  b" + `"""`, "'''\nx'''", `""""""`, `"""a""""`, "\"\x01\"", "\"\xff\"", "-0.0", "1e400"}
	tomlHeaders = []string{"[a]", "[b]", "[a.b]", "[[a]]", "[[b]]", "[ c ]", "[a", "[]", `["a b"]`, "[[a.b]]", "[a] # x", "[a] x"}
)

func (g *generator) toml() string {
	var b strings.Builder
	for range g.src.IntN(5) {
		switch {
		case g.chance(200):
			b.WriteString(pick(g, tomlHeaders))
		case g.chance(50):
			b.WriteString("# é\t")
		default:
			b.WriteString(pick(g, tomlKeys) + pick(g, []string{" = ", "=", " =\t", " "}) + g.tomlValue(2))
		}
		b.WriteString(pick(g, []string{"\n", "\n", "\n", "\r\n", " # c\n", "\n\n", " "}))
	}
	return b.String()
}

func (g *generator) tomlValue(depth int) string {
	if depth == 0 || g.chance(700) {
		return pick(g, tomlScalars)
	}
	items := make([]string, g.src.IntN(4))
	isTable := g.chance(500)
	for i := range items {
		if isTable {
			items[i] = pick(g, tomlKeys) + " = "
		}
		items[i] += g.tomlValue(depth - 1)
	}
	s := strings.Join(items, pick(g, []string{", ", ",", ",\n"}))
	if g.chance(100) {
		s += ","
	}
	if isTable {
		return "{ " + s + " }"
	}
	return "[" + s + "]"
}

// aFloat makes a literal of digits: most are floats, some something else.
func (g *generator) aFloat() *Node {
	s := pick(g, []string{"", "0", "1", "9", "12", "123456", "9007199254740993", "00", "4503599627370496"}) + "." + pick(g, []string{"", "0", "5", "1", "999999", "0000001", "123456789012345678"})
	if s == "." {
		s = "0.5"
	}
	if g.chance(400) {
		s += pick(g, []string{"e", "E"}) + pick(g, []string{"", "+", "-"}) + pick(g, []string{"0", "1", "5", "6", "15", "16", "22", "23"})
		if g.chance(60) {
			s += pick(g, []string{"0", "00", "9"})
		}
	}
	return literal(s)
}

// anInt makes a literal near a power of two.
func (g *generator) anInt() *Node {
	n := int64(1)<<g.src.IntN(63) + int64(g.src.IntN(3)) - 1
	if n < 0 || g.chance(20) {
		return literal(pick(g, []string{"9223372036854775808", "99999999999999999999", "0000", "(-9223372036854775807 - 1)"}))
	}
	return literal(fmt.Sprint(n))
}

// Layout changes the blanks of a text: some become comments or ends of lines of
// other systems. Blanks in strings change, too, so that the program may mean
// something else.
func Layout(src Source, text string) string {
	g := &generator{src: src}
	var b strings.Builder
	for _, c := range []byte(text) {
		if c == ' ' && g.chance(80) {
			b.WriteString(pick(g, []string{"\n", "\r\n", "\r", "\t", "/**/", "/* a **/ ", " # x\n", " # é\r\n", "\n\n", "/** doc */", "\v", "\u00a0"}))
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}
