package syntax

import (
	"sort"
	"strconv"
	"strings"
)

// Print writes an expression as "nix-instantiate --parse" does: fully
// parenthesised, operators as the calls that they are, attributes in the order
// of their names.
func Print(e Expr, symbols *Symbols) string {
	p := printer{symbols: symbols}
	p.expr(e)
	return p.b.String()
}

type printer struct {
	symbols *Symbols
	b       strings.Builder
}

func (p *parser) printer() *printer { return &printer{symbols: p.symbols} }

func (p *printer) text(words ...string) {
	for _, w := range words {
		p.b.WriteString(w)
	}
}

func (p *printer) name(s Symbol) { p.text(QuoteName(p.symbols.Name(s))) }

var opText = map[Op]string{
	OpEq: " == ", OpNotEq: " != ", OpAnd: " && ", OpOr: " || ",
	OpImpl: " -> ", OpUpdate: " // ", OpConcat: " ++ ",
}

func (p *printer) expr(e Expr) {
	switch e := e.(type) {
	case *Int:
		p.text(strconv.FormatInt(e.Value, 10))
	case *Float:
		p.text(FormatFloat(e.Value))
	case *Str:
		p.text(Quote(e.Value))
	case *Path:
		p.text(e.Value)
	case *Var:
		p.name(e.Name)
	case *CurPos:
		p.text("__curPos")
	case *Select:
		p.selection(e)
	case *HasAttr:
		p.around("((", e.Subject, ") ? ", p.attrPathLater(e.Path), ")")
	case *Attrs:
		if e.Rec {
			p.text("rec ")
		}
		p.text("{ ")
		p.bindings(e)
		p.text("}")
	case *List:
		p.text("[ ")
		for _, x := range e.Elems {
			p.around("(", x, ") ")
		}
		p.text("]")
	case *Lambda:
		p.lambda(e)
	case *Call:
		p.around("(", e.Fun)
		for _, x := range e.Args {
			p.around(" ", x)
		}
		p.text(")")
	case *Let:
		p.text("(let ")
		p.bindings(e.Bindings)
		p.around("in ", e.Body, ")")
	case *With:
		p.around("(with ", e.Scope, "; ", e.Body, ")")
	case *If:
		p.around("(if ", e.Cond, " then ", e.Then, " else ", e.Else, ")")
	case *Assert:
		p.around("assert ", e.Cond, "; ", e.Body)
	case *Not:
		p.around("(! ", e.X, ")")
	case *Binary:
		p.around("(", e.Left, opText[e.Op], e.Right, ")")
	case *Concat:
		p.text("(")
		for i := range e.Parts {
			if i > 0 {
				p.text(" + ")
			}
			p.expr(e.Parts[i].Expr)
		}
		p.text(")")
	}
}

// around writes strings, expressions and functions in turn.
func (p *printer) around(parts ...any) {
	for _, x := range parts {
		switch x := x.(type) {
		case string:
			p.text(x)
		case Expr:
			p.expr(x)
		case func():
			x()
		}
	}
}

func (p *printer) selection(e *Select) {
	p.around("(", e.Subject, ").", p.attrPathLater(e.Path))
	if e.Default != nil {
		p.around(" or (", e.Default, ")")
	}
}

func (p *printer) attrPathLater(path []AttrName) func() {
	return func() { p.writePath(path) }
}

func (p *printer) writePath(path []AttrName) {
	for i, step := range path {
		if i > 0 {
			p.text(".")
		}
		if step.Expr != nil {
			p.around(`"${`, step.Expr, `}"`)
		} else {
			p.name(step.Sym)
		}
	}
}

// attrPath returns a path as error messages show it.
func (p *printer) attrPath(path []AttrName) string {
	p.writePath(path)
	return p.b.String()
}

// PrintPath returns an attribute path as error messages show it: a.b."${e}".
func PrintPath(path []AttrName, symbols *Symbols) string {
	return (&printer{symbols: symbols}).attrPath(path)
}

// bindings writes what stands between the braces of a set or let.
func (p *printer) bindings(s *Attrs) {
	sorted := make([]*Attr, len(s.Attrs))
	for i := range s.Attrs {
		sorted[i] = &s.Attrs[i]
	}
	sort.Slice(sorted, func(i, j int) bool {
		return p.symbols.Name(sorted[i].Name) < p.symbols.Name(sorted[j].Name)
	})
	p.inherited(sorted)
	p.inheritedFrom(s, sorted)
	for _, a := range sorted {
		if a.Kind == AttrPlain {
			p.name(a.Name)
			p.around(" = ", a.Value, "; ")
		}
	}
	for _, d := range s.Dynamic {
		p.around(`"${`, d.Name, `}" = `, d.Value, "; ")
	}
}

func (p *printer) inherited(sorted []*Attr) {
	written := false
	for _, a := range sorted {
		if a.Kind != AttrInherited {
			continue
		}
		if !written {
			p.text("inherit")
			written = true
		}
		p.text(" ")
		p.name(a.Name)
	}
	if written {
		p.text("; ")
	}
}

func (p *printer) inheritedFrom(s *Attrs, sorted []*Attr) {
	if len(s.From) == 0 {
		return
	}
	bySource := make([][]Symbol, len(s.From))
	for _, a := range sorted {
		if a.Kind == AttrInheritFrom {
			i := a.Value.(*Select).Subject.(*InheritFrom).Index
			bySource[i] = append(bySource[i], a.Name)
		}
	}
	for i, names := range bySource {
		if len(names) == 0 {
			continue // "inherit (e);" leaves no trace
		}
		p.around("inherit (", s.From[i].Expr, ")")
		for _, n := range names {
			p.text(" ")
			p.name(n)
		}
		p.text("; ")
	}
}

func (p *printer) lambda(l *Lambda) {
	p.text("(")
	if l.HasFormals {
		p.formals(l)
		if l.Arg != 0 {
			p.text(" @ ")
		}
	}
	if l.Arg != 0 {
		p.name(l.Arg)
	}
	p.around(": ", l.Body, ")")
}

func (p *printer) formals(l *Lambda) {
	sorted := append([]Formal(nil), l.Formals...)
	sort.Slice(sorted, func(i, j int) bool {
		return p.symbols.Name(sorted[i].Name) < p.symbols.Name(sorted[j].Name)
	})
	p.text("{ ")
	for i, f := range sorted {
		if i > 0 {
			p.text(", ")
		}
		p.name(f.Name)
		if f.Default != nil {
			p.around(" ? ", f.Default)
		}
	}
	if l.Ellipsis {
		if len(sorted) > 0 {
			p.text(", ")
		}
		p.text("...")
	}
	p.text(" }")
}
