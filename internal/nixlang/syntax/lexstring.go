package syntax

import (
	"bytes"
	"fmt"
)

// inString reads a token inside "...".
func (l *lexer) inString() token {
	if l.pos >= len(l.text) {
		return l.eof()
	}
	end, plain := l.stringPart()
	if end > l.pos {
		return l.stringToken(tStr, plain, end)
	}
	switch {
	case l.text[l.pos] == '"':
		l.pop()
		return l.take(tQuote, l.pos+1)
	case l.at(l.pos) == '$' && l.at(l.pos+1) == '{':
		l.push(modeDefault)
		return l.take(tDollarCurly, l.pos+2)
	}
	// A lone '$', '\' or '$\' at the very end.
	l.take(tEOF, len(l.text))
	return l.eof()
}

// stringPart finds the end of the literal text at l.pos and whether it is its
// own value.
func (l *lexer) stringPart() (end int, plain strKind) {
	i := l.pos
	for i < len(l.text) {
		switch l.text[i] {
		case '"':
			return i, plain
		case '\r':
			plain = strEscape
			i++
		case '\\':
			if i+1 >= len(l.text) {
				return i, plain
			}
			plain = strEscape
			i += 2
		case '$':
			n := l.dollar(i)
			if n == 0 {
				return i, plain
			}
			if n != 1 && (l.text[i+1] == '\\' || l.text[i+1] == '\r') {
				plain = strEscape
			}
			i += n
		default:
			i++
		}
	}
	return i, plain
}

// dollar returns how many bytes the dollar at i takes along: $x is two, so
// that $${ is no interpolation; $\x is three; 0 ends the literal text.
func (l *lexer) dollar(i int) int {
	if i+1 >= len(l.text) {
		return 0
	}
	switch l.text[i+1] {
	case '{':
		return 0
	case '"':
		return 1
	case '\\':
		if i+2 >= len(l.text) {
			return 0
		}
		return 3
	}
	return 2
}

// stringToken makes a string token, or refuses it for a NUL byte.
func (l *lexer) stringToken(k kind, sub strKind, end int) token {
	if bytes.IndexByte(l.text[l.pos:end], 0) >= 0 {
		s := l.value(token{sub: sub, start: uint32(l.pos), end: uint32(end)})
		return l.fail(end, "%s", nulMessage(s))
	}
	return l.takeStr(k, sub, end)
}

// nulMessage is the complaint about a string with NUL bytes, which are shown
// as the symbol for NUL.
func nulMessage(s string) string {
	var shown []byte
	for i := range len(s) {
		if s[i] == 0 {
			shown = append(shown, "␀"...)
		} else {
			shown = append(shown, s[i])
		}
	}
	return fmt.Sprintf("input string '%s' cannot be represented as Nix string because it contains null bytes", shown)
}

// indOpen reads the opening quotes of an indented string, with the rest of the
// line when it is blank.
func (l *lexer) indOpen() token {
	end := l.pos + 2
	i := end
	for l.at(i) == ' ' {
		i++
	}
	if l.at(i) == '\n' {
		end = i + 1
	}
	l.push(modeIndString)
	return l.take(tIndOpen, end)
}

// inIndString reads a token inside ”...”.
func (l *lexer) inIndString() token {
	if l.pos >= len(l.text) {
		return l.eof()
	}
	if end := l.indPart(); end > l.pos {
		return l.stringToken(tIndStr, strIndent, end)
	}
	if l.text[l.pos] == '$' {
		if l.at(l.pos+1) == '{' {
			l.push(modeDefault)
			return l.take(tDollarCurly, l.pos+2)
		}
		return l.takeStr(tIndStr, strDollar, l.pos+1)
	}
	return l.indQuote()
}

// indPart finds the end of the literal text at l.pos.
func (l *lexer) indPart() int {
	i := l.pos
	for i < len(l.text) {
		c := l.text[i]
		if c != '$' && c != '\'' {
			i++
			continue
		}
		if i+1 >= len(l.text) {
			break
		}
		d := l.text[i+1]
		if d == '\'' || c == '$' && d == '{' || c == '\'' && d == '$' {
			break
		}
		i += 2
	}
	return i
}

// indQuote reads what starts with a quote that is not literal text.
func (l *lexer) indQuote() token {
	if l.at(l.pos+1) != '\'' {
		return l.takeStr(tIndStr, strRaw, l.pos+1)
	}
	switch l.at(l.pos + 2) {
	case '$':
		return l.takeStr(tIndStr, strDollar, l.pos+3)
	case '\'':
		return l.takeStr(tIndStr, strQuotes, l.pos+3)
	case '\\':
		if l.pos+3 < len(l.text) {
			return l.stringToken(tIndStr, strIndEscape, l.pos+4)
		}
	}
	l.pop()
	return l.take(tIndClose, l.pos+2)
}
