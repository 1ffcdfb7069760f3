package syntax

import "fmt"

// startsSimple tells which tokens can start an argument or list element.
var startsSimple = [numKinds]bool{
	tID: true, tInt: true, tFloat: true, tQuote: true, tIndOpen: true,
	tPath: true, tHPath: true, tSPath: true, tURI: true, tParenL: true,
	tLet: true, tRec: true, tCurlyL: true, tBracketL: true,
}

// selection reads "e", "e.a.b", "e.a.b or default", or "e or", in which or is
// a variable: an old quirk that Nixpkgs once relied on.
func (p *parser) selection() Expr {
	at := p.posOf(p.tok)
	e := p.simple()
	p.cursed = 0
	switch p.tok.kind {
	case tOrKw:
		or := p.vars.alloc()
		*or = Var{Name: p.well.or, At: at}
		p.cursed = p.tok.end
		p.next()
		c := p.calls.alloc()
		*c = Call{Fun: e, Args: p.exprs.copy([]Expr{or}), At: at}
		return c
	case tDot:
		p.next()
		return p.selectPath(at, e)
	}
	return e
}

// argument reads a selection where "e or" is deprecated: in another position
// it means what it would mean if or were a name like any other.
func (p *parser) argument() Expr {
	start := p.tok.start
	e := p.selection()
	if p.cursed != 0 && p.options.Warn != nil {
		p.options.Warn(fmt.Sprintf("at %s: This expression uses `or` as an identifier in a way that will change in a future Nix release.\n"+
			"Wrap this entire expression in parentheses to preserve its current meaning:\n    (%s)\n"+
			"Give feedback at https://github.com/NixOS/nix/pull/11121",
			p.files.Position(p.base+Pos(start)), p.lex.text[start:p.cursed]))
	}
	return e
}

func (p *parser) selectPath(at Pos, subject Expr) Expr {
	mark := len(p.nameStack)
	s := p.selects.alloc()
	*s = Select{Subject: subject, Path: p.names.copy(p.attrPath()), At: at}
	p.nameStack = p.nameStack[:mark]
	if p.tok.kind == tOrKw {
		p.next()
		p.enter()
		s.Default = p.argument()
		p.cursed = 0
		p.depth--
	}
	return s
}

// attrPath reads "a.b.c" onto the name stack, which the caller unwinds.
func (p *parser) attrPath() []AttrName {
	mark := len(p.nameStack)
	for {
		name := p.attrName()
		p.nameStack = append(p.nameStack, name)
		if p.tok.kind != tDot {
			return p.nameStack[mark:]
		}
		p.next()
	}
}

// attrName reads one step of a path: a name, "or", a string, or ${e}. Strings
// without interpolation, also in ${}, are plain names.
func (p *parser) attrName() AttrName {
	switch p.tok.kind {
	case tID, tOrKw:
		name := AttrName{Sym: p.symbol(p.tok)}
		p.next()
		return name
	case tQuote:
		return p.nameOf(p.quoted())
	case tDollarCurly:
		return p.nameOf(p.interpolation())
	}
	p.unexpected()
	return AttrName{}
}

func (p *parser) nameOf(e Expr) AttrName {
	if s, ok := e.(*Str); ok {
		return AttrName{Sym: p.symbols.Intern(s.Value)}
	}
	return AttrName{Expr: e}
}

// interpolation reads "${ e }".
func (p *parser) interpolation() Expr {
	p.next()
	e := p.expr()
	p.expect(tCurlyR)
	return e
}

// simple reads an expression that can be an argument as it stands.
func (p *parser) simple() Expr {
	switch t := p.tok; t.kind {
	case tID:
		return p.variable()
	case tInt:
		e := p.ints.alloc()
		e.Value, _ = parseInt(p.text(t))
		p.next()
		return e
	case tFloat:
		f, _ := parseFloat(p.text(t))
		p.next()
		return &Float{Value: f}
	case tQuote:
		return p.quoted()
	case tIndOpen:
		return p.indented()
	case tPath, tHPath:
		return p.path()
	case tSPath:
		return p.searchPath()
	case tURI:
		url := view(p.text(t))
		p.lintURL(url)
		p.next()
		return p.str(url)
	case tParenL:
		p.next()
		e := p.expr()
		p.expect(tParenR)
		return e
	case tLet:
		return p.oldLet()
	case tRec:
		p.next()
		return p.set(p.posOf(t), true)
	case tCurlyL:
		return p.set(p.posOf(t), false)
	case tBracketL:
		return p.list()
	}
	p.unexpected()
	return nil
}

func (p *parser) variable() Expr {
	sym, at := p.symbol(p.tok), p.posOf(p.tok)
	p.next()
	if sym == p.well.curPos {
		return &CurPos{At: at}
	}
	v := p.vars.alloc()
	*v = Var{Name: sym, At: at}
	return v
}

func (p *parser) str(s string) Expr {
	e := p.strs.alloc()
	e.Value = s
	return e
}

// oldLet reads "let { ...; body = e; }", which means "(rec { ... }).body".
func (p *parser) oldLet() Expr {
	at := p.posOf(p.tok)
	p.next()
	s := p.selects.alloc()
	*s = Select{Subject: p.set(at, true), Path: p.names.copy([]AttrName{{Sym: p.well.body}}), At: at}
	return s
}

// set reads "{ ... }".
func (p *parser) set(at Pos, rec bool) Expr {
	p.expect(tCurlyL)
	s := p.attrs.alloc()
	*s = Attrs{Rec: rec, At: at}
	p.bindings(s, tCurlyR)
	return s
}

func (p *parser) list() Expr {
	p.enter()
	p.next()
	mark := len(p.exprStack)
	for p.tok.kind != tBracketR {
		e := p.argument()
		p.exprStack = append(p.exprStack, e)
	}
	p.next()
	l := p.lists.alloc()
	l.Elems = p.exprs.copy(p.exprStack[mark:])
	p.exprStack = p.exprStack[:mark]
	p.depth--
	return l
}
