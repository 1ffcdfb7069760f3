package syntax

import "fmt"

// indexAbove is the size from which a set gets an index of its names.
const indexAbove = 12

// find returns the position of an attribute in s.Attrs, or -1.
func (s *Attrs) find(name Symbol) int {
	if len(s.Attrs) <= indexAbove {
		for i := range s.Attrs {
			if s.Attrs[i].Name == name {
				return i
			}
		}
		return -1
	}
	if s.index == nil {
		s.index = make(map[Symbol]int32, 2*len(s.Attrs))
		for i := range s.Attrs {
			s.index[s.Attrs[i].Name] = int32(i)
		}
	}
	if i, ok := s.index[name]; ok {
		return int(i)
	}
	return -1
}

// insert appends an attribute that is not there yet and, when its value is a
// function, names that.
func (p *parser) insert(s *Attrs, a Attr) {
	if s.index != nil {
		s.index[a.Name] = int32(len(s.Attrs))
	}
	if s.Attrs == nil {
		s.Attrs = p.members.reserve(4)
	}
	s.Attrs = append(s.Attrs, a)
	nameLambda(a.Value, a.Name)
}

func nameLambda(e Expr, name Symbol) {
	for l, ok := e.(*Lambda); ok; l, ok = l.Body.(*Lambda) {
		l.Name = name
	}
}

// define enters path = value into s. Sets on the way are made or, if they are
// set literals, extended.
func (p *parser) define(s *Attrs, path []AttrName, value Expr, at Pos) {
	last := len(path) - 1
	for i, step := range path[:last] {
		next := p.step(s, step, at)
		if next == nil {
			p.duplicate(path[:i+1], at, s.Attrs[s.find(step.Sym)].At)
		}
		s = next
	}
	if step := path[last]; step.Sym == 0 {
		s.Dynamic = append(s.Dynamic, DynamicAttr{Name: step.Expr, Value: value, At: at})
		return
	}
	p.add(s, path, Attr{Name: path[last].Sym, At: at, Value: value})
}

// step returns the set in s that a step of a path leads to, making it if it is
// new, or nil when the attribute exists and is no set literal.
func (p *parser) step(s *Attrs, step AttrName, at Pos) *Attrs {
	if step.Sym == 0 {
		next := p.attrs.alloc()
		s.Dynamic = append(s.Dynamic, DynamicAttr{Name: step.Expr, Value: next, At: at})
		return next
	}
	if i := s.find(step.Sym); i >= 0 {
		next, _ := s.Attrs[i].Value.(*Attrs)
		return next
	}
	next := p.attrs.alloc()
	p.insert(s, Attr{Name: step.Sym, At: at, Value: next})
	return next
}

// add enters an attribute, whose path from the outermost set is path, into s.
// If it exists and both values are set literals, they are merged: whether the
// second was recursive is then forgotten, as in C++ Nix.
func (p *parser) add(s *Attrs, path []AttrName, a Attr) {
	i := s.find(a.Name)
	if i < 0 {
		p.insert(s, a)
		return
	}
	old, ok1 := s.Attrs[i].Value.(*Attrs)
	more, ok2 := a.Value.(*Attrs)
	if !ok1 || !ok2 {
		p.duplicate(path, a.At, s.Attrs[i].At)
	}
	p.merge(old, more, path)
}

func (p *parser) merge(old, more *Attrs, path []AttrName) {
	sources := len(old.From)
	old.From = append(old.From, more.From...)
	for _, a := range more.Attrs {
		if a.Kind == AttrInheritFrom {
			a.Value.(*Select).Subject.(*InheritFrom).Index += sources
		}
		p.add(old, append(path[:len(path):len(path)], AttrName{Sym: a.Name}), a)
	}
	old.Dynamic = append(old.Dynamic, more.Dynamic...)
}

func (p *parser) duplicate(path []AttrName, at, before Pos) {
	name := p.printer().attrPath(path)
	err := p.files.NewError(at, fmt.Sprintf("attribute '%s' already defined at %s", name, p.files.Position(before)))
	err.Advice = "a set has each name once: leave one of the two definitions out, or give one another name"
	panic(bailout{err})
}

// bindings reads the inside of a set or let up to the token that ends it.
func (p *parser) bindings(s *Attrs, end kind) {
	for p.tok.kind != end {
		if p.tok.kind == tInherit {
			p.inherit(s)
			continue
		}
		at := p.posOf(p.tok)
		mark := len(p.nameStack)
		path := p.attrPath()
		p.expect(tAssign)
		value := p.expr()
		p.expect(tSemi)
		p.define(s, path, value, at)
		p.nameStack = p.nameStack[:mark]
	}
	s.index = nil
	p.next()
}

// inherit reads "inherit a b;" or "inherit (e) a b;".
func (p *parser) inherit(s *Attrs) {
	p.next()
	if p.tok.kind != tParenL {
		mark := len(p.inheritStack)
		for _, a := range p.inheritNames() {
			v := p.vars.alloc()
			*v = Var{Name: a.Name, At: a.At}
			a.Value, a.Kind = v, AttrInherited
			p.addInherited(s, a)
		}
		p.inheritStack = p.inheritStack[:mark]
		return
	}
	p.next()
	from := InheritFrom{Index: len(s.From), At: p.posOf(p.tok)}
	s.From = append(s.From, FromSource{Expr: p.expr()})
	p.expect(tParenR)
	mark := len(p.inheritStack)
	for _, a := range p.inheritNames() {
		a.Value, a.Kind = p.selectFrom(from, a), AttrInheritFrom
		p.addInherited(s, a)
	}
	p.inheritStack = p.inheritStack[:mark]
}

// selectFrom makes the value of an attribute of inherit (e). Each gets an
// InheritFrom of its own, because merging sets renumbers them one by one.
func (p *parser) selectFrom(from InheritFrom, a Attr) *Select {
	source := p.from.alloc()
	*source = from
	sel := p.selects.alloc()
	path := append(p.names.reserve(1), AttrName{Sym: a.Name})
	*sel = Select{Subject: source, Path: path, At: a.At}
	return sel
}

// inheritNames reads names, up to and with the semicolon, onto the inherit
// stack, which the caller unwinds. Upstream complains about duplicates only
// when it has seen the semicolon; so does the caller.
func (p *parser) inheritNames() []Attr {
	mark := len(p.inheritStack)
	for p.tok.kind != tSemi {
		at := p.posOf(p.tok)
		name := p.attrName()
		if name.Sym == 0 {
			p.refuse(at, "dynamic attributes not allowed in inherit")
		}
		p.inheritStack = append(p.inheritStack, Attr{Name: name.Sym, At: at})
	}
	p.next()
	return p.inheritStack[mark:]
}

func (p *parser) addInherited(s *Attrs, a Attr) {
	if i := s.find(a.Name); i >= 0 {
		p.duplicate([]AttrName{{Sym: a.Name}}, a.At, s.Attrs[i].At)
	}
	p.insert(s, a)
}
