package syntax

import (
	"fmt"
	"path"
)

// parser is a recursive-descent parser with precedence climbing for operators.
// Errors travel as panics of type bailout up to run.
type parser struct {
	*slabs
	lex     lexer
	tok     token    // the current token
	ahead   [3]token // tokens read beyond it
	nahead  int
	base    Pos
	depth   int
	files   *Files
	symbols *Symbols
	options Options
	well    wellKnown
	cursed  uint32 // end of the selection just read if it is "e or"; else 0

	// Scratch stacks: a construct pushes, copies what it gathered to a slab,
	// and pops.
	exprStack    []Expr
	nameStack    []AttrName
	partStack    []ConcatPart
	formalStack  []Formal
	inheritStack []Attr
	pieces       []indPiece
}

// wellKnown are the names that the parser itself puts into the tree.
type wellKnown struct {
	sub, mul, div, lessThan, findFile, nixPath, or, body, curPos Symbol
}

// bailout is the panic that ends parsing. Without an error it says only that
// the text does not follow the grammar: explain finds the words.
type bailout struct{ err *Error }

func newParser(text []byte, base Pos, o Options) *parser {
	s := o.Symbols
	o.BasePath = path.Clean("/" + o.BasePath)
	if o.Nodes == nil {
		o.Nodes = new(Nodes)
	}
	return &parser{
		slabs: &o.Nodes.slabs,
		lex:   newLexer(text, o.PipeOperators), base: base,
		files: o.Files, symbols: s, options: o,
		well: wellKnown{
			sub: s.Intern("__sub"), mul: s.Intern("__mul"), div: s.Intern("__div"),
			lessThan: s.Intern("__lessThan"), findFile: s.Intern("__findFile"),
			nixPath: s.Intern("__nixPath"), or: s.Intern("or"), body: s.Intern("body"),
			curPos: s.Intern("__curPos"),
		},
	}
}

func (p *parser) run() (e Expr, err error) {
	defer func() {
		switch x := recover().(type) {
		case nil:
		case bailout:
			e = nil
			if x.err == nil {
				x.err = p.explain()
			}
			err = x.err
		default:
			panic(x)
		}
	}()
	p.next()
	e = p.expr()
	if p.tok.kind != tEOF {
		p.unexpected()
	}
	return e, nil
}

func (p *parser) posOf(t token) Pos { return p.base + Pos(t.start) }

func (p *parser) next() {
	if p.nahead > 0 {
		p.tok = p.ahead[0]
		p.nahead--
		copy(p.ahead[:], p.ahead[1:])
		return
	}
	p.tok = p.lex.next()
}

// peek returns the kind of the nth token after the current one, from 1.
func (p *parser) peek(n int) kind {
	for p.nahead < n {
		p.ahead[p.nahead] = p.lex.next()
		p.nahead++
	}
	return p.ahead[n-1].kind
}

// expect steps over a token of the given kind.
func (p *parser) expect(k kind) {
	if p.tok.kind != k {
		p.unexpected()
	}
	p.next()
}

// unexpected ends parsing because the current token cannot follow.
func (p *parser) unexpected() { panic(bailout{}) }

func (p *parser) refuse(at Pos, msg string) {
	panic(bailout{p.files.NewError(at, msg)})
}

// enter counts a level of recursion, of which a level of nesting usually takes
// two; leave it by p.depth--.
func (p *parser) enter() {
	if p.depth++; p.depth > 2*MaxDepth {
		p.refuse(p.posOf(p.tok), fmt.Sprintf("expression is nested too deeply (more than %d levels): split it up with let", MaxDepth))
	}
}

// text returns the source of a token.
func (p *parser) text(t token) []byte { return p.lex.text[t.start:t.end] }

func (p *parser) symbol(t token) Symbol { return p.symbols.InternBytes(p.text(t)) }

// expr reads an expression of any kind, up to a function.
func (p *parser) expr() Expr {
	p.enter()
	var e Expr
	switch p.tok.kind {
	case tID:
		e = p.startsWithName()
	case tCurlyL:
		e = p.startsWithCurly()
	case tAssert:
		e = p.assert()
	case tWith:
		e = p.with()
	case tLet:
		e = p.letOrOp()
	case tIf:
		e = p.conditional()
	default:
		e = p.pipes()
	}
	p.depth--
	return e
}

func (p *parser) startsWithName() Expr {
	switch p.peek(1) {
	case tColon:
		l := p.lambdas.alloc()
		*l = Lambda{Arg: p.symbol(p.tok), At: p.posOf(p.tok)}
		p.next()
		p.next()
		l.Body = p.expr()
		return l
	case tAt:
		l := p.lambdas.alloc()
		*l = Lambda{Arg: p.symbol(p.tok), At: p.posOf(p.tok), HasFormals: true}
		p.next()
		p.next()
		p.formalSet(l)
		return p.functionBody(l)
	}
	return p.pipes()
}

// startsWithCurly reads a function with formals or an expression that starts
// with a set. Up to three tokens tell them apart.
func (p *parser) startsWithCurly() Expr {
	formals := false
	switch p.peek(1) {
	case tEllipsis:
		formals = true
	case tCurlyR:
		k := p.peek(2)
		formals = k == tColon || k == tAt
	case tID:
		k := p.peek(2)
		formals = k == tComma || k == tQuestion || k == tCurlyR
	}
	if !formals {
		return p.pipes()
	}
	l := p.lambdas.alloc()
	*l = Lambda{At: p.posOf(p.tok), HasFormals: true}
	p.formalSet(l)
	if p.tok.kind == tAt {
		p.next()
		if p.tok.kind != tID {
			p.unexpected()
		}
		l.Arg = p.symbol(p.tok)
		p.next()
	}
	return p.functionBody(l)
}

func (p *parser) functionBody(l *Lambda) Expr {
	p.expect(tColon)
	l.Body = p.expr()
	p.checkFormals(l) // upstream, too, does so when it has read the body
	return l
}

// formalSet reads "{ a, b ? 1, ... }".
func (p *parser) formalSet(l *Lambda) {
	p.expect(tCurlyL)
	mark := len(p.formalStack)
	for p.tok.kind != tCurlyR {
		if p.tok.kind == tEllipsis {
			l.Ellipsis = true
			p.next()
			break
		}
		p.formal()
		if p.tok.kind != tComma {
			break
		}
		p.next()
	}
	p.expect(tCurlyR)
	l.Formals = p.formals.copy(p.formalStack[mark:])
	p.formalStack = p.formalStack[:mark]
}

func (p *parser) formal() {
	if p.tok.kind != tID {
		p.unexpected()
	}
	f := Formal{Name: p.symbol(p.tok), At: p.posOf(p.tok)}
	p.next()
	if p.tok.kind == tQuestion {
		p.next()
		f.Default = p.expr()
	}
	p.formalStack = append(p.formalStack, f)
}

// checkFormals refuses two parameters of the same name. Of several such names
// upstream reports the one with the smallest symbol, at its second occurrence;
// that is most often the name that comes first in the text.
func (p *parser) checkFormals(l *Lambda) {
	if i := firstDuplicate(l.Formals); i >= 0 {
		p.duplicateFormal(l.Formals[i].Name, l.Formals[i].At)
	}
	for i := range l.Formals {
		if l.Formals[i].Name == l.Arg {
			p.duplicateFormal(l.Arg, l.At)
		}
	}
}

func (p *parser) duplicateFormal(name Symbol, at Pos) {
	p.refuse(at, fmt.Sprintf("duplicate formal function argument '%s'", p.symbols.Name(name)))
}

// firstDuplicate returns the index of the second occurrence of the first name
// that occurs twice, or -1.
func firstDuplicate(fs []Formal) int {
	if len(fs) > indexAbove {
		return firstDuplicateMany(fs)
	}
	for i := range fs {
		for j := i + 1; j < len(fs); j++ {
			if fs[j].Name == fs[i].Name {
				return j
			}
		}
	}
	return -1
}

func firstDuplicateMany(fs []Formal) int {
	seen := make(map[Symbol]int, len(fs))
	found, first := -1, len(fs)
	for j := range fs {
		i, ok := seen[fs[j].Name]
		if !ok {
			seen[fs[j].Name] = j
		} else if i < first {
			found, first = j, i
		}
	}
	return found
}

func (p *parser) assert() Expr {
	a := p.asserts.alloc()
	a.At = p.posOf(p.tok)
	p.next()
	a.Cond = p.expr()
	p.expect(tSemi)
	a.Body = p.expr()
	return a
}

func (p *parser) with() Expr {
	w := p.withs.alloc()
	w.At = p.posOf(p.tok)
	p.next()
	w.Scope = p.expr()
	p.expect(tSemi)
	w.Body = p.expr()
	return w
}

// letOrOp reads "let ... in e", or an expression that starts with the old form
// "let { ..., body = e; }".
func (p *parser) letOrOp() Expr {
	if p.peek(1) == tCurlyL {
		return p.pipes()
	}
	at := p.posOf(p.tok)
	p.next()
	l := p.lets.alloc()
	l.Bindings = p.attrs.alloc()
	p.bindings(l.Bindings, tIn)
	l.Body = p.expr()
	if len(l.Bindings.Dynamic) > 0 {
		p.refuse(at, "dynamic attributes not allowed in let")
	}
	return l
}

func (p *parser) conditional() Expr {
	e := p.ifs.alloc()
	e.At = p.posOf(p.tok)
	p.next()
	e.Cond = p.expr()
	p.expect(tThen)
	e.Then = p.expr()
	p.expect(tElse)
	e.Else = p.expr()
	return e
}
