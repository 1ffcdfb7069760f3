package syntax

// interpolated gathers literal text and interpolations on the part stack. At
// least one interpolation must be among them when anything is.
func (p *parser) interpolated(mark int) {
	for {
		at := p.posOf(p.tok)
		switch p.tok.kind {
		case tStr:
			s := p.str(p.lex.value(p.tok))
			p.next()
			if len(p.partStack) == mark && p.tok.kind != tDollarCurly {
				p.unexpected()
			}
			p.partStack = append(p.partStack, ConcatPart{at, s})
		case tDollarCurly:
			e := p.interpolation()
			p.partStack = append(p.partStack, ConcatPart{at, e})
		default:
			return
		}
	}
}

func (p *parser) popConcat(mark int, at Pos, forceString bool) Expr {
	e := p.concat(at, forceString, p.partStack[mark:]...)
	p.partStack = p.partStack[:mark]
	return e
}

// quoted reads "...".
func (p *parser) quoted() Expr {
	p.next()
	at := p.posOf(p.tok)
	switch p.tok.kind {
	case tQuote:
		p.next()
		return p.str("")
	case tStr:
		first := p.tok
		p.next()
		if p.tok.kind == tQuote {
			p.next()
			return p.str(p.lex.value(first))
		}
		mark := len(p.partStack)
		p.partStack = append(p.partStack, ConcatPart{at, p.str(p.lex.value(first))})
		return p.restOfQuoted(mark, at)
	case tDollarCurly:
		return p.restOfQuoted(len(p.partStack), at)
	}
	p.unexpected()
	return nil
}

func (p *parser) restOfQuoted(mark int, at Pos) Expr {
	if p.tok.kind != tDollarCurly {
		p.unexpected()
	}
	p.interpolated(mark)
	p.expect(tQuote)
	return p.popConcat(mark, at, true)
}
