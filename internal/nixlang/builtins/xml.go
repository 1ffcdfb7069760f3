package builtins

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"isomorph/internal/nixlang/eval"
	"isomorph/internal/nixlang/syntax"
)

func primToXML(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	var ctx eval.ContextSet
	s := ToXML(c, args[0], &ctx, true, false)
	return eval.StringWith(s, ctx.Context())
}

// ToXML writes a value as XML (libexpr/value-to-xml.cc). strict forces all of
// it; location adds where attributes and functions were written. The contexts
// of its strings go to ctx.
func ToXML(c *eval.Ctx, v eval.Value, ctx *eval.ContextSet, strict, location bool) string {
	w := xmlWriter{c: c, ctx: ctx, strict: strict, location: location, seen: map[string]bool{}}
	w.b.WriteString("<?xml version='1.0' encoding='utf-8'?>\n")
	w.open("expr")
	w.value(v.Evaluated(), 0)
	w.close("expr")
	return w.b.String()
}

type xmlWriter struct {
	c        *eval.Ctx
	ctx      *eval.ContextSet
	strict   bool
	location bool
	seen     map[string]bool // derivations written in full
	b        eval.Text
	depth    int
}

// xmlAttr is an attribute of an element.
type xmlAttr struct{ name, value string }

func (w *xmlWriter) open(name string, attrs ...xmlAttr) {
	w.tag(name, attrs)
	w.b.WriteString(">\n")
	w.depth++
}

func (w *xmlWriter) close(name string) {
	w.depth--
	w.indent()
	w.b.WriteString("</" + name + ">\n")
}

func (w *xmlWriter) empty(name string, attrs ...xmlAttr) {
	w.tag(name, attrs)
	w.b.WriteString(" />\n")
}

const blanks = "                                                                                "

func (w *xmlWriter) indent() {
	for n := 2 * w.depth; n > 0; n -= len(blanks) {
		w.b.WriteString(blanks[:min(n, len(blanks))])
	}
}

var xmlEscaper = strings.NewReplacer(`"`, "&quot;", "<", "&lt;", ">", "&gt;", "&", "&amp;", "\n", "&#xA;")

// tag writes the beginning of a tag; attributes come in the order of their
// names.
func (w *xmlWriter) tag(name string, attrs []xmlAttr) {
	w.indent()
	w.b.WriteString("<" + name)
	slices.SortFunc(attrs, func(a, b xmlAttr) int { return cmp.Compare(a.name, b.name) })
	for _, a := range attrs {
		w.b.WriteString(" " + a.name + `="`)
		xmlEscaper.WriteString(&w.b, a.value) //nolint:errcheck // a Builder does not fail
		w.b.WriteByte('"')
	}
}

func (w *xmlWriter) value(v eval.Value, pos eval.Pos) {
	w.c.Enter(pos)
	w.b.Check(w.c)
	w.c.Recurse(func() { w.anyValue(v, pos) })
	w.c.Leave()
}

func (w *xmlWriter) anyValue(v eval.Value, pos eval.Pos) {
	if w.strict {
		v = w.c.ForceAt(v, pos)
	}
	delayed := !w.strict && v.IsDelayed()
	v, ok := eval.Peek(v)
	if !ok || delayed {
		w.empty("unevaluated")
		return
	}
	value := func(s string) xmlAttr { return xmlAttr{"value", s} }
	switch v.Type() {
	case eval.TypeInt:
		w.empty("int", value(strconv.FormatInt(v.AsInt(), 10)))
	case eval.TypeBool:
		w.empty("bool", value(strconv.FormatBool(v.AsBool())))
	case eval.TypeString:
		w.ctx.Add(v.Context())
		w.empty("string", value(v.AsString()))
	case eval.TypePath:
		w.empty("path", value(v.AsString()))
	case eval.TypeNull:
		w.empty("null")
	case eval.TypeFloat:
		w.empty("float", value(eval.FormatFloat(v.AsFloat())))
	case eval.TypeSet:
		w.set(v)
	case eval.TypeList:
		w.open("list")
		for _, x := range v.AsList() {
			w.value(x, pos)
		}
		w.close("list")
	case eval.TypeFunction:
		w.function(v)
	}
}

func (w *xmlWriter) set(v eval.Value) {
	if w.c.IsDerivation(v) {
		w.derivation(v.AsAttrs())
		return
	}
	w.open("attrs")
	w.attrs(v.AsAttrs())
	w.close("attrs")
}

func (w *xmlWriter) attrs(a *eval.Attrs) {
	for at := range w.c.Sorted(a) {
		attrs := append(w.place(at.Pos), xmlAttr{"name", w.c.Name(at.Name)})
		w.open("attr", attrs...)
		w.value(at.Value, at.Pos)
		w.close("attr")
	}
}

// place returns attributes that say where something was written.
func (w *xmlWriter) place(p eval.Pos) []xmlAttr {
	if !w.location || p == 0 {
		return nil
	}
	at := w.c.State().Files().Position(p)
	attrs := []xmlAttr{{"line", strconv.Itoa(at.Line)}, {"column", strconv.Itoa(at.Column)}}
	if at.Kind == syntax.OriginFile {
		attrs = append(attrs, xmlAttr{"path", strings.TrimPrefix(at.Name, eval.InternalPrefix)})
	}
	return attrs
}

// derivation writes the contents of each derivation once.
func (w *xmlWriter) derivation(a *eval.Attrs) {
	var attrs []xmlAttr
	drvPath := ""
	if s, ok := w.stringAttr(a, eval.SymDrvPath); ok {
		drvPath = s
		attrs = append(attrs, xmlAttr{"drvPath", s})
	}
	if s, ok := w.stringAttr(a, eval.SymOutPath); ok {
		attrs = append(attrs, xmlAttr{"outPath", s})
	}
	w.open("derivation", attrs...)
	if drvPath != "" && !w.seen[drvPath] {
		w.seen[drvPath] = true
		w.attrs(a)
	} else {
		w.empty("repeated")
	}
	w.close("derivation")
}

func (w *xmlWriter) stringAttr(a *eval.Attrs, name eval.Sym) (string, bool) {
	at, ok := a.GetAttr(name)
	if !ok {
		return "", false
	}
	v := at.Value
	if w.strict {
		v = w.c.ForceAt(v, at.Pos)
	}
	if v, ok = eval.Peek(v); !ok || !v.IsString() {
		return "", false
	}
	return v.AsString(), true
}

func (w *xmlWriter) function(v eval.Value) {
	info, ok := w.c.Describe(v)
	if !ok {
		w.empty("unevaluated")
		return
	}
	w.open("function", w.place(info.Pos)...)
	if info.HasFormals {
		w.formals(info)
	} else {
		w.empty("varpat", xmlAttr{"name", w.c.Name(info.Arg)})
	}
	w.close("function")
}

func (w *xmlWriter) formals(info eval.FunctionInfo) {
	var attrs []xmlAttr
	if info.Arg != 0 {
		attrs = append(attrs, xmlAttr{"name", w.c.Name(info.Arg)})
	}
	if info.Ellipsis {
		attrs = append(attrs, xmlAttr{"ellipsis", "1"})
	}
	w.open("attrspat", attrs...)
	names := make([]string, len(info.Formals))
	for i, f := range info.Formals {
		names[i] = w.c.Name(f.Name)
	}
	slices.Sort(names)
	for _, n := range names {
		w.empty("attr", xmlAttr{"name", n})
	}
	w.close("attrspat")
}
