package ere

import "strings"

// byteSet is a set of bytes, one bit each.
type byteSet [4]uint64

func (s *byteSet) has(b byte) bool { return s[b>>6]&(1<<(b&63)) != 0 }
func (s *byteSet) add(b byte)      { s[b>>6] |= 1 << (b & 63) }

func (s *byteSet) union(o *byteSet) {
	for i := range s {
		s[i] |= o[i]
	}
}

func (s *byteSet) invert() {
	for i := range s {
		s[i] = ^s[i]
	}
}

// addRange adds lo..hi in the order of signed bytes; it reports false when the
// range is empty in that order.
func (s *byteSet) addRange(lo, hi byte) bool {
	if int8(lo) > int8(hi) {
		return false
	}
	for c := int(int8(lo)); c <= int(int8(hi)); c++ {
		s.add(byte(c))
	}
	return true
}

// anyByte is "." : everything but NUL.
func anyByte() byteSet {
	s := byteSet{}
	s.invert()
	s[0] &^= 1
	return s
}

// addClass adds the named character class as the C locale defines it; names are
// not case-sensitive and libstdc++ knows d, w and s too.
func (s *byteSet) addClass(name string) bool {
	var in func(c byte) bool
	switch strings.ToLower(name) {
	case "d", "digit":
		in = isDigit
	case "w":
		in = func(c byte) bool { return isAlnum(c) || c == '_' }
	case "s", "space":
		in = func(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
	case "alnum":
		in = isAlnum
	case "alpha":
		in = func(c byte) bool { return isLower(c) || isUpper(c) }
	case "blank":
		in = func(c byte) bool { return c == ' ' || c == '\t' }
	case "cntrl":
		in = func(c byte) bool { return c < 0x20 || c == 0x7f }
	case "graph":
		in = func(c byte) bool { return c > 0x20 && c < 0x7f }
	case "lower":
		in = isLower
	case "print":
		in = func(c byte) bool { return c >= 0x20 && c < 0x7f }
	case "punct":
		in = func(c byte) bool { return c > 0x20 && c < 0x7f && !isAlnum(c) }
	case "upper":
		in = isUpper
	case "xdigit":
		in = func(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }
	default:
		return false
	}
	for c := 0; c < 0x80; c++ {
		if in(byte(c)) {
			s.add(byte(c))
		}
	}
	return true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isLower(c byte) bool { return c >= 'a' && c <= 'z' }
func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }
func isAlnum(c byte) bool { return isDigit(c) || isLower(c) || isUpper(c) }

// collating returns the byte a collating element names: the names of the POSIX
// portable character set in code order, as regex_traits::lookup_collatename has
// them. Letters name themselves.
func collating(name string) (byte, bool) {
	if len(name) == 1 && (isLower(name[0]) || isUpper(name[0])) {
		return name[0], true
	}
	for i, n := range controlNames {
		if n == name {
			return byte(i), true
		}
	}
	for i, n := range afterUpperNames {
		if n == name {
			return byte('[' + i), true
		}
	}
	for i, n := range afterLowerNames {
		if n == name {
			return byte('{' + i), true
		}
	}
	return 0, false
}

var controlNames = strings.Fields(`NUL SOH STX ETX EOT ENQ ACK alert backspace tab newline
	vertical-tab form-feed carriage-return SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB
	ESC IS4 IS3 IS2 IS1 space exclamation-mark quotation-mark number-sign dollar-sign
	percent-sign ampersand apostrophe left-parenthesis right-parenthesis asterisk plus-sign
	comma hyphen period slash zero one two three four five six seven eight nine colon
	semicolon less-than-sign equals-sign greater-than-sign question-mark commercial-at`)

var afterUpperNames = strings.Fields(`left-square-bracket backslash right-square-bracket
	circumflex underscore grave-accent`)

var afterLowerNames = strings.Fields(`left-curly-bracket vertical-line right-curly-bracket
	tilde DEL`)
