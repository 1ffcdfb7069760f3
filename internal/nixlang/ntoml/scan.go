package ntoml

import (
	"strings"
	"unicode/utf8"
)

// scanner reads characters and strings.
type scanner struct {
	text string
	pos  int
}

func (s *scanner) end() bool { return s.pos >= len(s.text) }

// peek returns the next byte, 0 at the end.
func (s *scanner) peek() byte {
	if s.end() {
		return 0
	}
	return s.text[s.pos]
}

func (s *scanner) has(prefix string) bool { return strings.HasPrefix(s.text[s.pos:], prefix) }

func (s *scanner) skipSpace() {
	for s.peek() == ' ' || s.peek() == '\t' {
		s.pos++
	}
}

// newline skips a line end and tells whether there was one.
func (s *scanner) newline() bool {
	switch {
	case s.has("\n"):
		s.pos++
	case s.has("\r\n"):
		s.pos += 2
	default:
		return false
	}
	return true
}

func (s *scanner) skipComment() error {
	if s.peek() != '#' {
		return nil
	}
	for !s.end() && !s.has("\n") && !s.has("\r\n") {
		r, n := utf8.DecodeRuneInString(s.text[s.pos:])
		if isControl(r) || r == utf8.RuneError && n == 1 {
			return s.fail("toml::parse_comment_line: newline (LF / CRLF) or EOF is expected", note{place{s.pos, s.pos + 1}, "but got this"})
		}
		s.pos += n
	}
	return nil
}

func isControl(r rune) bool { return r < 0x20 && r != '\t' || r == 0x7f }

// skipBlank skips blank lines, blanks and comments. A comment that is wrong is
// left to the caller, which finds no key there.
func (s *scanner) skipBlank() {
	for {
		s.skipSpace()
		at := s.pos
		if s.skipComment() != nil {
			s.pos = at
			return
		}
		if !s.newline() {
			return
		}
	}
}

func (s *scanner) badString(kind string, at int, what string) error {
	return s.fail("toml::parse_"+kind+"_string: invalid string format", note{place{at, at + 1}, what})
}

// basicString reads "...".
func (s *scanner) basicString() (string, error) {
	s.pos++
	var b strings.Builder
	for {
		switch c := s.peek(); {
		case s.end() || c == '\n':
			return "", s.badString("basic", s.pos, `expected "`)
		case c == '"':
			s.pos++
			return b.String(), nil
		case c == '\\':
			if err := s.escape(&b, "basic"); err != nil {
				return "", err
			}
		default:
			if err := s.char(&b, "basic"); err != nil {
				return "", err
			}
		}
	}
}

// multiBasicString reads """...""".
func (s *scanner) multiBasicString() (string, error) {
	s.pos += 3
	s.newline()
	var b strings.Builder
	for {
		switch c := s.peek(); {
		case s.end():
			return "", s.badString("ml_basic", s.pos, `expected """`)
		case c == '"' && s.has(`"""`):
			s.closeMulti(&b, '"')
			return b.String(), nil
		case c == '\\' && s.lineContinues():
		case c == '\\':
			if err := s.escape(&b, "ml_basic"); err != nil {
				return "", err
			}
		case s.newline():
			b.WriteByte('\n')
		default:
			if err := s.char(&b, "ml_basic"); err != nil {
				return "", err
			}
		}
	}
}

// closeMulti skips the closing quotes; up to two more belong to the string.
func (s *scanner) closeMulti(b *strings.Builder, quote byte) {
	s.pos += 3
	for i := 0; i < 2 && s.peek() == quote; i++ {
		b.WriteByte(quote)
		s.pos++
	}
}

// lineContinues skips a backslash at the end of a line with all white space
// behind it.
func (s *scanner) lineContinues() bool {
	at := s.pos
	s.pos++
	s.skipSpace()
	if !s.newline() {
		s.pos = at
		return false
	}
	for {
		s.skipSpace()
		if !s.newline() {
			return true
		}
	}
}

func (s *scanner) literalString() (string, error) {
	s.pos++
	var b strings.Builder
	for {
		switch c := s.peek(); {
		case s.end() || c == '\n':
			return "", s.badString("literal", s.pos, "expected '")
		case c == '\'':
			s.pos++
			return b.String(), nil
		default:
			if err := s.char(&b, "literal"); err != nil {
				return "", err
			}
		}
	}
}

func (s *scanner) multiLiteralString() (string, error) {
	s.pos += 3
	s.newline()
	var b strings.Builder
	for {
		switch {
		case s.end():
			return "", s.badString("ml_literal", s.pos, "expected '''")
		case s.has("'''"):
			s.closeMulti(&b, '\'')
			return b.String(), nil
		case s.newline():
			b.WriteByte('\n')
		default:
			if err := s.char(&b, "ml_literal"); err != nil {
				return "", err
			}
		}
	}
}

// char copies one character.
func (s *scanner) char(b *strings.Builder, kind string) error {
	r, n := utf8.DecodeRuneInString(s.text[s.pos:])
	if isControl(r) || r == utf8.RuneError && n == 1 {
		return s.badString(kind, s.pos, "here")
	}
	b.WriteString(s.text[s.pos : s.pos+n])
	s.pos += n
	return nil
}

var simpleEscapes = map[byte]byte{'"': '"', '\\': '\\', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escape reads a backslash and what it stands for.
func (s *scanner) escape(b *strings.Builder, kind string) error {
	at := s.pos
	s.pos++
	c := s.peek()
	s.pos++
	if r, ok := simpleEscapes[c]; ok {
		b.WriteByte(r)
		return nil
	}
	digits := map[byte]int{'u': 4, 'U': 8}[c]
	r := rune(0)
	for range digits {
		d := hexValue(s.peek())
		if s.end() || d < 0 {
			return s.badString(kind, s.pos, "here")
		}
		r = r<<4 | rune(d)
		s.pos++
	}
	if digits == 0 || !utf8.ValidRune(r) {
		return s.badString(kind, at, "here")
	}
	b.WriteRune(r)
	return nil
}

func hexValue(c byte) int {
	switch {
	case isDigit(c):
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
