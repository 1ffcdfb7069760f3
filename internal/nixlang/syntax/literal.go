package syntax

import (
	"math"
	"strconv"
	"unsafe"
)

// keyword tells keywords from identifiers.
func keyword(word []byte) kind {
	if len(word) < 2 || len(word) > 7 {
		return tID
	}
	switch string(word) {
	case "if":
		return tIf
	case "then":
		return tThen
	case "else":
		return tElse
	case "assert":
		return tAssert
	case "with":
		return tWith
	case "let":
		return tLet
	case "in":
		return tIn
	case "rec":
		return tRec
	case "inherit":
		return tInherit
	case "or":
		return tOrKw
	}
	return tID
}

// view makes a string of bytes that never change again, without a copy. The
// text of a file is such: see [Parse].
func view(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// parseInt reads decimal digits; false when they exceed 64 bits.
func parseInt(digits []byte) (int64, bool) {
	var n uint64
	for _, c := range digits {
		d := uint64(c - '0')
		if n > (math.MaxInt64-d)/10 {
			return 0, false
		}
		n = n*10 + d
	}
	return int64(n), true
}

// smallestNormal is the least float64 that has full precision.
const smallestNormal = 0x1p-1022

// parseFloat reads a literal; false where C's strtod reports a range error:
// overflow, and a result too small to have full precision.
func parseFloat(literal []byte) (float64, bool) {
	f, err := strconv.ParseFloat(view(literal), 64)
	if err != nil {
		return 0, false
	}
	return f, f >= smallestNormal || f == 0 && isZero(literal)
}

func isZero(literal []byte) bool {
	for _, c := range literal {
		switch {
		case c >= '1' && c <= '9':
			return false
		case c == 'e' || c == 'E':
			return true
		}
	}
	return true
}

// value returns the value of a string token.
func (l *lexer) value(t token) string {
	b := l.text[t.start:t.end]
	switch t.sub {
	case strEscape:
		return unescape(b)
	case strIndEscape:
		return unescape(b[2:])
	case strDollar:
		return "$"
	case strQuotes:
		return "''"
	}
	return view(b)
}

// unescape resolves backslash escapes and turns CR and CR LF into LF. A
// backslash keeps any other byte as it is, CR included.
func unescape(b []byte) string {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case c == '\\' && i+1 < len(b):
			i++
			out = append(out, escaped(b[i]))
		case c == '\r':
			out = append(out, '\n')
			if i+1 < len(b) && b[i+1] == '\n' {
				i++
			}
		default:
			out = append(out, c)
		}
	}
	return view(out)
}

func escaped(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}
