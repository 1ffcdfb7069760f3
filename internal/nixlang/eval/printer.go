package eval

import (
	"math"
	"slices"
	"strings"
)

// PrintOptions control [Ctx.PrintWith]. Limits of zero are no limits.
type PrintOptions struct {
	Force           bool // force thunks instead of writing «thunk»
	DerivationPaths bool // with Force: «derivation /nix/store/...» instead of the set
	TrackRepeated   bool // write «repeated» for what was met before
	MaxDepth        int
	MaxAttrs        int // in the whole output
	MaxListItems    int // in the whole output
	MaxString       int
	Indent          int // spaces per level of a layout on several lines; 0: one line
	// InlineErrors writes errors of nested values as «error: ...» and throws
	// only those of the value itself.
	InlineErrors bool
}

// PrintForError writes a value shortened as in error messages.
func (c *Ctx) PrintForError(v Value) string {
	return c.PrintWith(v, PrintOptions{
		TrackRepeated: true, MaxDepth: 10, MaxAttrs: 10, MaxListItems: 10, MaxString: 1024, InlineErrors: true,
	})
}

// PrintWith writes a value as the newer commands of Nix do.
func (c *Ctx) PrintWith(v Value, o PrintOptions) string {
	limit := func(n *int) {
		if *n == 0 {
			*n = math.MaxInt
		}
	}
	limit(&o.MaxDepth)
	limit(&o.MaxAttrs)
	limit(&o.MaxListItems)
	limit(&o.MaxString)
	p := printer{c: c, o: o, seen: map[Value]struct{}{}}
	p.print(v, 0)
	return p.b.String()
}

type printer struct {
	c            *Ctx
	o            PrintOptions
	b            Text
	seen         map[Value]struct{}
	attrs, items int // written so far
	indent       int
}

func (p *printer) print(v Value, depth int) {
	p.b.Check(p.c)
	if depth > p.c.st.opts.MaxCallDepth {
		panic(Errorf(KindStackOverflow, 0, "stack overflow; max-call-depth exceeded"))
	}
	if !p.o.InlineErrors || depth == 0 {
		p.printForced(v, depth)
		return
	}
	err := p.c.Try(func() { p.printForced(v, depth) })
	if err == nil {
		return
	}
	if err.Kind == KindStackOverflow || err.Kind == KindStopped {
		panic(err)
	}
	p.b.WriteString("«error: " + err.Msg + "»")
}

func (p *printer) printForced(v Value, depth int) {
	if p.o.Force {
		v = p.c.Force(v)
	}
	w, ok := Peek(v)
	if !ok || depth > 0 && !p.o.Force && v.early() {
		if !ok && (*Thunk)(v.p).loadCode() == blackholed {
			p.b.WriteString("«potential infinite recursion»")
		} else {
			p.b.WriteString("«thunk»")
		}
		return
	}
	switch w.kind() {
	case kString, kStringCtx:
		printString(&p.b, w.AsString(), p.o.MaxString)
	case kAttrs:
		p.printSet(w, depth)
	case kList:
		p.printList(v, w, depth)
	case kLambda, kPrimOp, kPartial:
		p.printFunction(w)
	default:
		printPlain(&p.b, w)
	}
}

func (p *printer) repeated(v Value) bool {
	if p.o.TrackRepeated && met(p.seen, v) {
		p.b.WriteString("«repeated»")
		return true
	}
	return false
}

func (p *printer) space(lines bool) {
	if lines {
		p.b.WriteString("\n" + strings.Repeat(" ", p.indent))
	} else {
		p.b.WriteByte(' ')
	}
}

func (p *printer) printSet(v Value, depth int) {
	if p.repeated(v) {
		return
	}
	if p.o.Force && p.o.DerivationPaths && p.c.IsDerivation(v) {
		p.printDerivation(v)
		return
	}
	if depth >= p.o.MaxDepth {
		p.b.WriteString("{ ... }")
		return
	}
	attrs := p.sorted(v.AsAttrs())
	p.indent += p.o.Indent
	p.b.WriteByte('{')
	lines := len(attrs) > 0 && p.needsLines(len(attrs), attrs[0].Value)
	for i, at := range attrs {
		p.space(lines)
		if p.attrs >= p.o.MaxAttrs {
			printElided(&p.b, len(attrs)-i, "attribute", "attributes")
			break
		}
		p.b.WriteString(p.c.ShowName(at.Name) + " = ")
		p.c.Recurse(func() { p.print(at.Value, depth+1) })
		p.b.WriteByte(';')
		p.attrs++
	}
	p.indent -= p.o.Indent
	p.space(lines)
	p.b.WriteByte('}')
}

// sorted returns the attributes by name; when not all may fit those come first
// that tell what a set is.
func (p *printer) sorted(a *Attrs) []Attr {
	attrs := slices.Collect(p.c.Sorted(a))
	if p.o.MaxAttrs == math.MaxInt {
		return attrs
	}
	important := func(at Attr) bool { n := p.c.Name(at.Name); return n == "type" || n == "_type" }
	var first, rest []Attr
	for _, at := range attrs {
		if important(at) {
			first = append(first, at)
		} else {
			rest = append(rest, at)
		}
	}
	return append(first, rest...)
}

// needsLines tells whether a set or list of n entries is spread over lines:
// if it has several, or one that is itself made of others.
func (p *printer) needsLines(n int, first Value) bool {
	if p.o.Indent == 0 || n == 0 {
		return false
	}
	if n > 1 {
		return true
	}
	w := p.c.Force(first)
	return w.kind() == kList || w.kind() == kAttrs
}

func (p *printer) printDerivation(v Value) {
	p.b.WriteString("«derivation")
	if at, ok := v.AsAttrs().GetAttr(SymDrvPath); ok {
		var ctx ContextSet
		p.b.WriteString(" " + p.c.CoerceToString(at.Pos, at.Value, &ctx, "while evaluating the drvPath of a derivation", CoerceNoCopy))
	}
	p.b.WriteString("»")
}

func (p *printer) printList(slot, v Value, depth int) {
	if v.size() > 0 && p.repeated(slot) {
		return
	}
	if depth >= p.o.MaxDepth {
		p.b.WriteString("[ ... ]")
		return
	}
	l := v.AsList()
	p.indent += p.o.Indent
	p.b.WriteByte('[')
	lines := len(l) > 0 && p.needsLines(len(l), l[0])
	for i, x := range l {
		p.space(lines)
		if p.items >= p.o.MaxListItems {
			printElided(&p.b, len(l)-i, "item", "items")
			break
		}
		p.c.Recurse(func() { p.print(x, depth+1) })
		p.items++
	}
	p.indent -= p.o.Indent
	p.space(lines)
	p.b.WriteByte(']')
}

func (p *printer) printFunction(v Value) {
	if info, ok := p.c.Describe(v); ok {
		p.b.WriteString("«lambda")
		if info.Name != 0 {
			p.b.WriteString(" " + p.c.Name(info.Name))
		}
		p.b.WriteString(" @ " + p.c.st.files.Position(info.Pos).String() + "»")
		return
	}
	p.b.WriteString("«")
	if v.kind() == kPartial {
		p.b.WriteString("partially applied ")
	}
	p.b.WriteString("primop " + v.AsPrimOp().ShortName() + "»")
}
