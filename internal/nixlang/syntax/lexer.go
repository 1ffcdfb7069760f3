package syntax

import "fmt"

// mode is the lexical state: which rules hold. Interpolations and braces push
// one, strings another.
type mode uint8

const (
	modeTop       mode = iota // bottom of the stack
	modeDefault               // inside { or ${
	modeString                // inside "
	modeIndString             // inside ''
	modePath                  // after a piece of a path
	modePathSlash             // after a piece of a path that ends in a slash
)

// lexer cuts a text into tokens. It follows lexer.l of C++ Nix: the longest
// match wins. It is independent of the parser, so a text can be cut again.
type lexer struct {
	text  []byte
	pos   int
	stack []mode
	pipes bool

	// prev and before are the spans of the last piece of text matched and of
	// the one before it, white space included: the places that upstream's
	// lexer has at hand, and reports, at the end of a path.
	prev, before span
	problem      string // message of a tError

	// No path and no URI starts before these offsets, because none did when
	// the run of characters up to there was looked at: a.b.c.d is scanned once,
	// not once for each of its words.
	pathless, urless int
}

type span struct{ start, end uint32 }

func newLexer(text []byte, pipes bool) lexer {
	return lexer{text: text, pipes: pipes, stack: make([]mode, 1, 16)}
}

func (l *lexer) push(m mode)    { l.stack = append(l.stack, m) }
func (l *lexer) pop()           { l.stack = l.stack[:len(l.stack)-1] }
func (l *lexer) replace(m mode) { l.stack[len(l.stack)-1] = m }

// at returns the byte at i, or 0 past the end.
func (l *lexer) at(i int) byte {
	if i < len(l.text) {
		return l.text[i]
	}
	return 0
}

func (l *lexer) is(i int, class charClass) bool {
	return i < len(l.text) && classes[l.text[i]]&class != 0
}

// skip returns the first index from i on whose byte is not of the class.
func (l *lexer) skip(i int, class charClass) int {
	for i < len(l.text) && classes[l.text[i]]&class != 0 {
		i++
	}
	return i
}

// take makes the token of kind k that ends at end.
func (l *lexer) take(k kind, end int) token {
	s := span{uint32(l.pos), uint32(end)}
	l.before, l.prev = l.prev, s
	l.pos = end
	return token{kind: k, start: s.start, end: s.end}
}

func (l *lexer) takeStr(k kind, sub strKind, end int) token {
	t := l.take(k, end)
	t.sub = sub
	return t
}

// fail makes a tError that covers the text up to end.
func (l *lexer) fail(end int, format string, args ...any) token {
	l.problem = fmt.Sprintf(format, args...)
	return l.take(tError, end)
}

// eof makes the end token. Upstream places it where the last match ended.
func (l *lexer) eof() token {
	return token{kind: tEOF, start: l.prev.end, end: l.prev.end}
}

// next returns the next token; at the end of the text, tEOF again and again.
func (l *lexer) next() token {
	switch l.stack[len(l.stack)-1] {
	case modeString:
		return l.inString()
	case modeIndString:
		return l.inIndString()
	case modePath, modePathSlash:
		return l.inPath()
	}
	l.blank()
	if l.pos >= len(l.text) {
		return l.eof()
	}
	c := l.text[l.pos]
	switch {
	case classes[c]&classIDStart != 0:
		return l.word()
	case classes[c]&classPath != 0 || c == '/':
		return l.pathOrNumber()
	}
	return l.symbol(c)
}

// blank skips white space and comments.
func (l *lexer) blank() {
	for l.pos < len(l.text) {
		start := l.pos
		switch c := l.text[start]; {
		case classes[c]&classSpace != 0:
			l.pos = l.skip(start+1, classSpace)
		case c == '#':
			l.pos = l.lineEnd(start)
		case c == '/' && l.at(start+1) == '*':
			end := l.commentEnd(start + 2)
			if end < 0 {
				return // no comment after all: two operators
			}
			l.pos = end
		default:
			return
		}
		l.before, l.prev = l.prev, span{uint32(start), uint32(l.pos)}
	}
}

func (l *lexer) lineEnd(i int) int {
	for i < len(l.text) && l.text[i] != '\n' && l.text[i] != '\r' {
		i++
	}
	return i
}

// commentEnd returns the index after the next "*/", or -1.
func (l *lexer) commentEnd(i int) int {
	for ; i+1 < len(l.text); i++ {
		if l.text[i] == '*' && l.text[i+1] == '/' {
			return i + 2
		}
	}
	return -1
}

// word reads what starts with a letter or underscore: a keyword, identifier,
// path (a/b) or URI (a:b).
func (l *lexer) word() token {
	i := l.pos + 1
	quote := false
	for i < len(l.text) && classes[l.text[i]]&classID != 0 {
		quote = quote || l.text[i] == '\''
		i++
	}
	if c := l.at(i); c == '/' || c == '.' || c == '+' || c == ':' {
		if !quote && i >= l.pathless {
			if t, ok := l.path(l.skip(i, classPath)); ok {
				return t
			}
		}
		if i >= l.urless {
			if t, ok := l.uri(); ok {
				return t
			}
		}
	}
	return l.take(keyword(l.text[l.pos:i]), i)
}

// pathOrNumber reads what starts with a digit, '.', '+', '-' or '/'.
func (l *lexer) pathOrNumber() token {
	if l.pos >= l.pathless {
		if t, ok := l.path(l.skip(l.pos, classPath)); ok {
			return t
		}
	}
	c := l.text[l.pos]
	if end := l.float(); end > 0 {
		return l.checkFloat(end)
	}
	if classes[c]&classDigit != 0 {
		return l.checkInt(l.skip(l.pos, classDigit))
	}
	return l.symbol(c)
}

// symbol reads punctuation and what starts with it.
func (l *lexer) symbol(c byte) token {
	d := l.at(l.pos + 1)
	one := func(k kind) token { return l.take(k, l.pos+1) }
	two := func(k kind) token { return l.take(k, l.pos+2) }
	switch c {
	case '{':
		l.push(modeDefault)
		return one(tCurlyL)
	case '}':
		if len(l.stack) > 1 {
			l.pop()
		}
		return one(tCurlyR)
	case '$':
		if d == '{' {
			l.push(modeDefault)
			return two(tDollarCurly)
		}
	case '"':
		l.push(modeString)
		return one(tQuote)
	case '\'':
		if d == '\'' {
			return l.indOpen()
		}
	case '=':
		if d == '=' {
			return two(tEq)
		}
		return one(tAssign)
	case '!':
		if d == '=' {
			return two(tNeq)
		}
		return one(tNot)
	case '<':
		return l.less(d)
	case '>':
		if d == '=' {
			return two(tGeq)
		}
		return one(tGreater)
	case '&':
		if d == '&' {
			return two(tAnd)
		}
	case '|':
		switch d {
		case '|':
			return two(tOr)
		case '>':
			return l.pipe(tPipeInto)
		}
	case '/':
		if d == '/' {
			return two(tUpdate)
		}
		return one(tSlash)
	case '+':
		if d == '+' {
			return two(tConcat)
		}
		return one(tPlus)
	case '-':
		if d == '>' {
			return two(tImpl)
		}
		return one(tMinus)
	case '.':
		if d == '.' && l.at(l.pos+2) == '.' {
			return l.take(tEllipsis, l.pos+3)
		}
		return one(tDot)
	case '~':
		return l.homePath()
	case '*':
		return one(tStar)
	case '?':
		return one(tQuestion)
	case ':':
		return one(tColon)
	case '@':
		return one(tAt)
	case ';':
		return one(tSemi)
	case '(':
		return one(tParenL)
	case ')':
		return one(tParenR)
	case '[':
		return one(tBracketL)
	case ']':
		return one(tBracketR)
	case ',':
		return one(tComma)
	case 0:
		// Upstream hands a NUL byte on as token number 0, which is the end of
		// the file: what follows is never read.
		t := one(tEOF)
		t.start = t.end
		return t
	}
	return one(tInvalid)
}

// less reads what starts with '<': <a/b>, <=, <| or the operator.
func (l *lexer) less(d byte) token {
	i := l.skip(l.pos+1, classPath)
	for i > l.pos+1 && l.at(i) == '/' && l.is(i+1, classPath) {
		i = l.skip(i+1, classPath)
	}
	switch {
	case i > l.pos+1 && l.at(i) == '>':
		return l.take(tSPath, i+1)
	case d == '=':
		return l.take(tLeq, l.pos+2)
	case d == '|':
		return l.pipe(tPipeFrom)
	}
	return l.take(tLess, l.pos+1)
}

func (l *lexer) pipe(k kind) token {
	if !l.pipes {
		return l.fail(l.pos+2, "experimental Nix feature 'pipe-operators' is disabled; add '--extra-experimental-features pipe-operators' to enable it")
	}
	return l.take(k, l.pos+2)
}
