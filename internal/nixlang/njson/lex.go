package njson

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

type token uint8

const (
	tokNone token = iota
	tokTrue
	tokFalse
	tokNull
	tokString
	tokNumber
	tokBeginArray
	tokBeginObject
	tokEndArray
	tokEndObject
	tokColon
	tokComma
	tokError
	tokEOF
	tokValue // only in messages: anything a value can begin with
)

func (t token) String() string {
	return [...]string{
		"<uninitialized>", "true literal", "false literal", "null literal", "string literal", "number literal",
		"'['", "'{'", "']'", "'}'", "':'", "','", "<parse error>", "end of input", "'[', '{', or a literal",
	}[t]
}

// eof is what get returns at the end. The end counts as a character that was
// read, as positions in messages show.
const eof = -1

// lexer splits the text into tokens.
type lexer struct {
	text    string
	pos     int // behind the last character read
	start   int // of the last string or number, from where messages quote
	total   int // characters read, the end included
	line    int
	column  int
	atEnd   bool   // the last get was at the end
	str     string // value of a string token
	problem string // of an error token
}

func (l *lexer) get() int {
	l.total++
	l.column++
	if l.pos >= len(l.text) {
		l.atEnd = true
		return eof
	}
	c := l.text[l.pos]
	l.pos++
	if c == '\n' {
		l.line++
		l.column = 0
	}
	return int(c)
}

// unget takes back the last get. The column before an end of line is lost, as in
// the library, whose messages name column 0 then.
func (l *lexer) unget() {
	l.total--
	if l.column == 0 {
		l.line = max(0, l.line-1)
	} else {
		l.column--
	}
	if l.atEnd {
		l.atEnd = false
		return
	}
	l.pos--
}

func (l *lexer) skipBOM() bool {
	if l.get() != 0xEF {
		l.unget()
		return true
	}
	if l.get() == 0xBB && l.get() == 0xBF {
		return true
	}
	l.problem = "invalid BOM; must be 0xEF 0xBB 0xBF if given"
	return false
}

func (l *lexer) error(msg string) token {
	l.problem = msg
	return tokError
}

func (l *lexer) scan() token {
	c := l.get()
	for c == ' ' || c == '\t' || c == '\n' || c == '\r' {
		c = l.get()
	}
	switch c {
	case '[':
		return tokBeginArray
	case ']':
		return tokEndArray
	case '{':
		return tokBeginObject
	case '}':
		return tokEndObject
	case ':':
		return tokColon
	case ',':
		return tokComma
	case 't':
		return l.literal("true", tokTrue)
	case 'f':
		return l.literal("false", tokFalse)
	case 'n':
		return l.literal("null", tokNull)
	case '"':
		l.start = l.pos - 1
		return l.string()
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		l.start = l.pos - 1
		return l.number(c)
	case 0, eof:
		return tokEOF
	}
	return l.error("invalid literal")
}

func (l *lexer) literal(word string, t token) token {
	for i := 1; i < len(word); i++ {
		if l.get() != int(word[i]) {
			return l.error("invalid literal")
		}
	}
	return t
}

func digit(c int) bool { return c >= '0' && c <= '9' }

// number reads -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?
func (l *lexer) number(c int) token {
	if c == '-' {
		if c = l.get(); !digit(c) {
			return l.error("invalid number; expected digit after '-'")
		}
	}
	if c == '0' {
		c = l.get()
	} else {
		c = l.digits()
	}
	if c == '.' {
		if c = l.get(); !digit(c) {
			return l.error("invalid number; expected digit after '.'")
		}
		c = l.digits()
	}
	if c == 'e' || c == 'E' {
		c = l.get()
		if c == '+' || c == '-' {
			if c = l.get(); !digit(c) {
				return l.error("invalid number; expected digit after exponent sign")
			}
		} else if !digit(c) {
			return l.error("invalid number; expected '+', '-', or digit after exponent")
		}
		l.digits()
	}
	l.unget()
	return tokNumber
}

// digits skips digits and returns what follows them.
func (l *lexer) digits() int {
	c := l.get()
	for digit(c) {
		c = l.get()
	}
	return c
}

// string reads up to the closing quote. A string without escapes is a part of
// the text; else b collects it.
func (l *lexer) string() token {
	var b strings.Builder
	from := l.pos
	for {
		c := l.get()
		switch {
		case c == eof:
			return l.error("invalid string: missing closing quote")
		case c == '"':
			l.str = l.text[from : l.pos-1]
			if b.Len() > 0 {
				b.WriteString(l.str)
				l.str = b.String()
			}
			return tokString
		case c == '\\':
			b.WriteString(l.text[from : l.pos-1])
			if msg := l.escape(&b); msg != "" {
				return l.error(msg)
			}
			from = l.pos
		case c < 0x20:
			return l.error(controlMessage(c))
		case c >= utf8.RuneSelf:
			if !l.rune(c) {
				return l.error("invalid string: ill-formed UTF-8 byte")
			}
		}
	}
}

// escape reads what follows a backslash; it returns the error's text, or "".
func (l *lexer) escape(b *strings.Builder) string {
	c := l.get()
	switch c {
	case '"', '\\', '/':
		b.WriteByte(byte(c))
	case 'b':
		b.WriteByte('\b')
	case 'f':
		b.WriteByte('\f')
	case 'n':
		b.WriteByte('\n')
	case 'r':
		b.WriteByte('\r')
	case 't':
		b.WriteByte('\t')
	case 'u':
		return l.codePoint(b)
	default:
		return "invalid string: forbidden character after backslash"
	}
	return ""
}

const (
	noHex       = "invalid string: '\\u' must be followed by 4 hex digits"
	noLowerHalf = "invalid string: surrogate U+D800..U+DBFF must be followed by U+DC00..U+DFFF"
	noUpperHalf = "invalid string: surrogate U+DC00..U+DFFF must follow U+D800..U+DBFF"
)

func (l *lexer) codePoint(b *strings.Builder) string {
	r := l.hex4()
	switch {
	case r < 0:
		return noHex
	case r >= 0xDC00 && r <= 0xDFFF:
		return noUpperHalf
	case r >= 0xD800 && r <= 0xDBFF:
		if l.get() != '\\' || l.get() != 'u' {
			return noLowerHalf
		}
		low := l.hex4()
		if low < 0 {
			return noHex
		}
		if low < 0xDC00 || low > 0xDFFF {
			return noLowerHalf
		}
		r = 0x10000 + (r-0xD800)<<10 + low - 0xDC00
	}
	b.WriteRune(rune(r))
	return ""
}

// hex4 reads four hex digits, -1 if there is something else.
func (l *lexer) hex4() int {
	r := 0
	for range 4 {
		c := l.get()
		switch {
		case digit(c):
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | c
	}
	return r
}

// rune reads the rest of a multi-byte character, up to the first byte that is
// wrong.
func (l *lexer) rune(first int) bool {
	lo, hi, more := 0x80, 0xBF, 0
	switch {
	case first >= 0xC2 && first <= 0xDF:
		more = 1
	case first >= 0xE0 && first <= 0xEF:
		more = 2
	case first >= 0xF0 && first <= 0xF4:
		more = 3
	default:
		return false
	}
	switch first {
	case 0xE0:
		lo = 0xA0
	case 0xED:
		hi = 0x9F
	case 0xF0:
		lo = 0x90
	case 0xF4:
		hi = 0x8F
	}
	for range more {
		if c := l.get(); c < lo || c > hi {
			return false
		}
		lo, hi = 0x80, 0xBF
	}
	return true
}

// controlNames are the ASCII control characters.
var controlNames = strings.Fields("NUL SOH STX ETX EOT ENQ ACK BEL BS HT LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US")

func controlMessage(c int) string {
	short := map[int]string{'\b': `\b`, '\t': `\t`, '\n': `\n`, '\f': `\f`, '\r': `\r`}[c]
	if short != "" {
		short = " or " + short
	}
	return fmt.Sprintf(`invalid string: control character U+%04X (%s) must be escaped to \u%04X%s`, c, controlNames[c], c, short)
}
