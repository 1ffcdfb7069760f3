package ere

import "strings"

// token is what the pattern scanner hands to the parser.
type token uint8

const (
	tokEOF token = iota
	tokChar
	tokAny
	tokBol
	tokEol
	tokStar
	tokPlus
	tokOpt
	tokOr
	tokOpen
	tokClose
	tokBracket
	tokBracketNeg
	tokBracketEnd
	tokDash
	tokCollate
	tokClass
	tokEquiv
	tokBrace
	tokBraceEnd
	tokCount
	tokComma
)

type scanState uint8

const (
	stateNormal scanState = iota
	stateBracket
	stateBrace
)

// scanner splits a pattern into tokens. What a character means depends on
// whether it stands in brackets, in braces or in neither.
type scanner struct {
	src          string
	pos          int
	state        scanState
	bracketStart bool
	tok          token
	char         byte   // of tokChar
	text         string // of tokCount and the names in brackets
}

func (s *scanner) advance() *Error {
	if s.pos == len(s.src) && s.state == stateNormal {
		s.tok = tokEOF
		return nil
	}
	switch {
	case s.pos == len(s.src):
		// libstdc++ reports the end first; the parser then refuses it.
		s.tok = tokEOF
		return nil
	case s.state == stateBracket:
		return s.scanBracket()
	case s.state == stateBrace:
		return s.scanBrace()
	default:
		return s.scanNormal()
	}
}

func invalid(reason string) *Error { return &Error{Kind: Invalid, Reason: reason} }

func (s *scanner) setChar(c byte) { s.tok, s.char = tokChar, c }

// specials are the characters that a backslash may quote: libstdc++ in its
// strict mode, which Nix is built in, refuses all others.
const specials = `.[\\()*+?{|^$`

func (s *scanner) scanNormal() *Error {
	c := s.src[s.pos]
	s.pos++
	switch c {
	case '\\':
		if s.pos == len(s.src) {
			return invalid("backslash at the end")
		}
		if strings.IndexByte(specials, s.src[s.pos]) < 0 {
			return invalid("backslash before an ordinary character")
		}
		s.setChar(s.src[s.pos])
		s.pos++
	case '(':
		s.tok = tokOpen
	case ')':
		s.tok = tokClose
	case '[':
		s.state, s.bracketStart, s.tok = stateBracket, true, tokBracket
		if s.pos < len(s.src) && s.src[s.pos] == '^' {
			s.pos++
			s.tok = tokBracketNeg
		}
	case '{':
		s.state, s.tok = stateBrace, tokBrace
	case '^':
		s.tok = tokBol
	case '$':
		s.tok = tokEol
	case '.':
		s.tok = tokAny
	case '*':
		s.tok = tokStar
	case '+':
		s.tok = tokPlus
	case '?':
		s.tok = tokOpt
	case '|':
		s.tok = tokOr
	case 0:
		return invalid("NUL character")
	default:
		s.setChar(c)
	}
	return nil
}

func (s *scanner) scanBracket() *Error {
	c := s.src[s.pos]
	s.pos++
	atStart := s.bracketStart
	s.bracketStart = false
	switch {
	case c == '-':
		s.tok = tokDash
	case c == '[':
		return s.scanBracketOpen()
	case c == ']' && !atStart:
		s.tok, s.state = tokBracketEnd, stateNormal
	default:
		s.setChar(c)
	}
	return nil
}

// scanBracketOpen reads what follows "[" in a bracket expression: "[:name:]",
// "[.name.]", "[=name=]", or nothing special.
func (s *scanner) scanBracketOpen() *Error {
	if s.pos == len(s.src) {
		return invalid("unfinished bracket expression")
	}
	delim := s.src[s.pos]
	switch delim {
	case '.':
		s.tok = tokCollate
	case ':':
		s.tok = tokClass
	case '=':
		s.tok = tokEquiv
	default:
		s.setChar('[')
		return nil
	}
	s.pos++
	start := s.pos
	for s.pos < len(s.src) && s.src[s.pos] != delim {
		s.pos++
	}
	if s.pos+1 >= len(s.src) || s.src[s.pos+1] != ']' {
		return invalid("unfinished name in a bracket expression")
	}
	s.text = s.src[start:s.pos]
	s.pos += 2
	return nil
}

func (s *scanner) scanBrace() *Error {
	c := s.src[s.pos]
	switch {
	case isDigit(c):
		start := s.pos
		for s.pos < len(s.src) && isDigit(s.src[s.pos]) {
			s.pos++
		}
		s.tok, s.text = tokCount, s.src[start:s.pos]
		return nil
	case c == ',':
		s.tok = tokComma
	case c == '}':
		s.tok, s.state = tokBraceEnd, stateNormal
	default:
		return invalid("only numbers and a comma may stand in braces")
	}
	s.pos++
	return nil
}
