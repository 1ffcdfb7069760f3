package ere

// bracketParser holds a bracket expression while it is read. The last single
// character is kept back because a dash may make it the start of a range.
type bracketParser struct {
	set  byteSet
	last byte
	kind lastKind
}

type lastKind uint8

const (
	lastNone lastKind = iota
	lastChar
	lastClass
)

// flush adds the character that was kept back.
func (b *bracketParser) flush(next lastKind) {
	if b.kind == lastChar {
		b.set.add(b.last)
	}
	b.kind = next
}

func (b *bracketParser) push(c byte) {
	b.flush(lastChar)
	b.last = c
}

// bracket parses a bracket expression and consumes its closing bracket.
func (p *parser) bracket() (byteSet, *Error) {
	negate := p.tok == tokBracketNeg
	if err := p.advance(); err != nil {
		return byteSet{}, err
	}
	var b bracketParser
	if p.tok == tokChar || p.tok == tokDash {
		c := byte('-')
		if p.tok == tokChar {
			c = p.char
		}
		b.push(c)
		if err := p.advance(); err != nil {
			return byteSet{}, err
		}
	}
	for more := true; more; {
		var err *Error
		if more, err = p.bracketTerm(&b); err != nil {
			return byteSet{}, err
		}
	}
	b.flush(lastNone)
	if negate {
		b.set.invert()
	}
	return b.set, nil
}

// bracketTerm parses one element; it reports false after the closing bracket.
func (p *parser) bracketTerm(b *bracketParser) (bool, *Error) {
	switch p.tok {
	case tokBracketEnd:
		return false, p.advance()
	case tokChar:
		b.push(p.char)
	case tokCollate:
		c, ok := collating(p.text)
		if !ok {
			return false, invalid("unknown collating element")
		}
		b.push(c)
		b.set.add(c)
	case tokEquiv:
		c, ok := collating(p.text)
		if !ok {
			return false, invalid("unknown equivalence class")
		}
		b.flush(lastClass)
		b.addEquivalent(c)
	case tokClass:
		b.flush(lastClass)
		if !b.set.addClass(p.text) {
			return false, invalid("unknown character class")
		}
	case tokDash:
		return p.bracketDash(b)
	default:
		return false, invalid("unfinished bracket expression")
	}
	return true, p.advance()
}

// addEquivalent adds the class of c: letters without regard to case.
func (b *bracketParser) addEquivalent(c byte) {
	b.set.add(c)
	if l := c | 0x20; isLower(l) {
		b.set.add(l)
		b.set.add(l &^ 0x20)
	}
}

// bracketDash parses what a dash that is not the first character may be: the
// last character, or the middle of a range.
func (p *parser) bracketDash(b *bracketParser) (bool, *Error) {
	if err := p.advance(); err != nil {
		return false, err
	}
	if p.tok == tokBracketEnd {
		b.push('-')
		return false, p.advance()
	}
	if b.kind != lastChar {
		return false, invalid("misplaced dash in a bracket expression")
	}
	hi := byte('-')
	switch p.tok {
	case tokChar:
		hi = p.char
	case tokDash:
	default:
		return false, invalid("a range must end in a character")
	}
	if !b.set.addRange(b.last, hi) {
		return false, invalid("range out of order")
	}
	b.kind = lastNone
	return true, p.advance()
}
