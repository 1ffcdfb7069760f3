package syntax

import (
	"bytes"
	"fmt"
)

// advise finds out what may be missing, or too much, in a text that stops
// being grammatical at a token. It returns "" if it has no idea. The message
// itself is upstream's and says only which token did not fit.
func (p *parser) advise(bad token, expected termSet) string {
	open := p.openAt(int(bad.start))
	expects := func(want kind) (yes bool) {
		expected.all(func(k kind) { yes = yes || k == want })
		return yes
	}
	switch {
	case bad.kind == tComma && open.kind == tBracketL:
		return "the elements of a list stand beside each other, without commas"
	case bad.kind == tAssign && !expects(tSemi):
		return "'=' gives a name to a value; '==' compares"
	case expects(tIn) && (bad.kind == tEOF || bad.kind == tCurlyL || bad.kind == tCurlyR):
		return "the 'let' at " + p.showPlace(open.start) + " has no 'in' yet"
	case bad.kind == tEOF && open.kind != tEOF:
		return fmt.Sprintf("the %s at %s is still open", kindNames[open.kind], p.showPlace(open.start))
	case bad.kind == tID && open.kind == tCurlyL && expects(tAssign):
		return "the names of arguments are separated by commas, { a, b }: ...; in a set, each has a value, { a = ...; b = ...; }"
	case expects(tSemi):
		return "is a ';' missing at the end of line " + p.lineBefore(bad) + "?"
	case bad.kind == tID && open.kind == tCurlyL && expects(tComma):
		return "the names of arguments are separated by commas"
	}
	return ""
}

// openAt returns the innermost bracket or let that is open before an offset.
func (p *parser) openAt(end int) token {
	lex := newLexer(p.lex.text, p.lex.pipes)
	var open []token
	for t := lex.next(); t.kind != tEOF && t.kind != tError && int(t.start) < end; t = lex.next() {
		switch t.kind {
		case tCurlyL, tBracketL, tParenL, tDollarCurly, tLet:
			open = append(open, t)
		case tCurlyR, tBracketR, tParenR, tIn:
			if len(open) > 0 {
				open = open[:len(open)-1]
			}
		}
	}
	if len(open) == 0 {
		return token{kind: tEOF}
	}
	return open[len(open)-1]
}

func (p *parser) showPlace(start uint32) string {
	at := p.files.Position(p.base + Pos(start))
	return fmt.Sprintf("line %d, column %d", at.Line, at.Column)
}

// lineBefore is the number of the line where what comes before a token ends;
// for the '=' of a binding, before the name that it belongs to.
func (p *parser) lineBefore(t token) string {
	text := bytes.TrimRight(p.lex.text[:t.start], " \t\r\n")
	if t.kind == tAssign {
		text = bytes.TrimRight(bytes.TrimRightFunc(text, func(r rune) bool {
			return r != ' ' && r != '\t' && r != '\n' && r != ';' && r != '{'
		}), " \t\r\n")
	}
	return fmt.Sprint(bytes.Count(text, []byte("\n")) + 1)
}
