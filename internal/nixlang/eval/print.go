package eval

import (
	"math"
	"strconv"
	"strings"
)

// formatFloat writes a float as C++ streams do by default: %g.
func formatFloat(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case math.IsNaN(f) && math.Signbit(f): // as that of 0 times infinity is
		return "-nan"
	case math.IsNaN(f):
		return "nan"
	}
	s := strconv.FormatFloat(f, 'g', 6, 64)
	mant, exp, ok := strings.Cut(s, "e")
	if strings.Contains(mant, ".") {
		mant = strings.TrimRight(strings.TrimRight(mant, "0"), ".")
	}
	if !ok {
		return mant
	}
	return mant + "e" + exp
}

// formatFixed writes a float as C's %f.
func formatFixed(f float64) string {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return formatFloat(f)
	}
	return strconv.FormatFloat(f, 'f', 6, 64)
}

// FormatFloat writes a float as Nix prints it: six digits, as C's %g.
func FormatFloat(f float64) string { return formatFloat(f) }

// Print writes a value as "nix-instantiate --eval" does. It forces nothing:
// what has not been evaluated shows as <CODE>. Sets and lists met before show
// as «repeated».
func (c *Ctx) Print(v Value) string {
	p := plainPrinter{c: c, seen: map[Value]struct{}{}}
	p.print(c.Force(v), 0)
	return p.b.String()
}

// PrintStrict writes a value as "nix-instantiate --eval --strict" does, forcing
// all of it.
func (c *Ctx) PrintStrict(v Value) string {
	p := plainPrinter{c: c, seen: map[Value]struct{}{}, strict: true}
	p.print(c.ForceDeep(v), 0)
	return p.b.String()
}

// PrintWhole is PrintStrict, but what was met before is written again: the form
// of a file that is to be read back.
func (c *Ctx) PrintWhole(v Value) string {
	p := plainPrinter{c: c, strict: true}
	p.print(c.ForceDeep(v), 0)
	return p.b.String()
}

// plainPrinter writes the form of libexpr/print-ambiguous.cc.
type plainPrinter struct {
	c      *Ctx
	b      Text
	seen   map[Value]struct{} // nil: what was met before does not matter
	strict bool               // everything has been forced
}

// early tells whether C++ Nix would have a thunk where we have put a lambda
// right away: for it, these literals wait to be evaluated like any other
// expression.
func (v Value) early() bool { return v.kind() == kLambda && v.n&earlyBit != 0 }

// IsDelayed tells whether C++ Nix would have a thunk in the place of this value.
// A value that is known to have been forced is none: see [Value.Evaluated].
func (v Value) IsDelayed() bool { return v.early() }

// Evaluated returns a value that has been forced as one that is known to have
// been: a function shows as one and not as <CODE>.
func (v Value) Evaluated() Value {
	if v.early() {
		v.n &^= earlyBit
	}
	return v
}

func (p *plainPrinter) print(v Value, depth int) {
	c, b := p.c, &p.b
	b.Check(c)
	if depth > c.st.opts.MaxCallDepth {
		panic(Errorf(KindStackOverflow, 0, "stack overflow; max-call-depth exceeded"))
	}
	w, ok := Peek(v)
	if !ok && (*Thunk)(v.p).loadCode() == blackholed {
		b.WriteString("«potential infinite recursion»")
		return
	}
	if !ok || depth > 0 && !p.strict && v.early() {
		b.WriteString("<CODE>")
		return
	}
	switch w.kind() {
	case kAttrs:
		if w.AsAttrs().Len() > 0 && met(p.seen, w) {
			b.WriteString("«repeated»")
			return
		}
		p.printChildren(w, depth)
	case kList:
		if w.size() > 0 && met(p.seen, v) {
			b.WriteString("«repeated»")
			return
		}
		p.printChildren(w, depth)
	case kLambda:
		b.WriteString("<LAMBDA>")
	case kPrimOp:
		b.WriteString("<PRIMOP>")
	case kPartial:
		if w.IsLambda() {
			b.WriteString("<LAMBDA>")
		} else {
			b.WriteString("<PRIMOP-APP>")
		}
	case kString, kStringCtx:
		printString(b, w.AsString(), math.MaxInt)
	default:
		printPlain(b, w)
	}
}

// met tells whether a set or a slot with a list was met before, and remembers
// it. Nix knows a list by its slot: the same list in two slots is two lists.
func met(seen map[Value]struct{}, v Value) bool {
	if seen == nil {
		return false
	}
	_, ok := seen[v]
	seen[v] = struct{}{}
	return ok
}

func (p *plainPrinter) printChildren(v Value, depth int) {
	c, b := p.c, &p.b
	if v.kind() == kAttrs {
		b.WriteString("{ ")
		for at := range c.Sorted(v.AsAttrs()) {
			b.WriteString(c.ShowName(at.Name))
			b.WriteString(" = ")
			c.Recurse(func() { p.print(at.Value, depth+1) })
			b.WriteString("; ")
		}
		b.WriteString("}")
		return
	}
	b.WriteString("[ ")
	for _, x := range v.AsList() {
		c.Recurse(func() { p.print(x, depth+1) })
		b.WriteString(" ")
	}
	b.WriteString("]")
}

// printPlain writes a finished null, Boolean, number or path.
func printPlain(b *Text, v Value) {
	switch v.kind() {
	case kNull:
		b.WriteString("null")
	case kBool:
		b.WriteString(strconv.FormatBool(v.AsBool()))
	case kInt, kBigInt:
		b.WriteString(strconv.FormatInt(v.AsInt(), 10))
	case kFloat:
		b.WriteString(formatFloat(v.AsFloat()))
	case kPath:
		b.WriteString(v.AsString())
	}
}

// QuoteString writes a string as a literal of the language.
func QuoteString(s string) string {
	var b Text
	printString(&b, s, math.MaxInt)
	return b.String()
}

func printString(b *Text, s string, limit int) {
	b.WriteByte('"')
	for i := range len(s) {
		if i >= limit {
			b.WriteString("\" ")
			printElided(b, len(s)-i, "byte", "bytes")
			return
		}
		switch ch := s[i]; {
		case ch == '"' || ch == '\\' || ch == '$' && i+1 < len(s) && s[i+1] == '{':
			b.WriteByte('\\')
			b.WriteByte(ch)
		case ch == '\n':
			b.WriteString("\\n")
		case ch == '\r':
			b.WriteString("\\r")
		case ch == '\t':
			b.WriteString("\\t")
		default:
			b.WriteByte(ch)
		}
	}
	b.WriteByte('"')
}

func printElided(b *Text, n int, one, many string) {
	b.WriteString("«" + strconv.Itoa(n) + " ")
	if n == 1 {
		b.WriteString(one)
	} else {
		b.WriteString(many)
	}
	b.WriteString(" elided»")
}

// QuoteAttrName writes an attribute name, quoted unless it is an identifier.
func QuoteAttrName(s string) string {
	if isIdentifier(s) && !isKeyword(s) {
		return s
	}
	return QuoteString(s)
}

func isKeyword(s string) bool {
	switch s {
	case "if", "then", "else", "assert", "with", "let", "in", "rec", "inherit":
		return true
	}
	return false
}

func isIdentifier(s string) bool {
	for i := range len(s) {
		ch := s[i]
		letter := ch|0x20 >= 'a' && ch|0x20 <= 'z' || ch == '_'
		if !letter && (i == 0 || !(ch >= '0' && ch <= '9' || ch == '\'' || ch == '-')) {
			return false
		}
	}
	return s != ""
}
