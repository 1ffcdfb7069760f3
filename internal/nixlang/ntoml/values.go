package ntoml

import (
	"math"
	"strconv"
	"strings"
)

// value reads a value.
func (p *parser) value() (value, error) {
	start := p.pos
	v, err := p.anyValue()
	v.at = place{start, p.pos}
	return v, err
}

func (p *parser) anyValue() (v value, err error) {
	switch c := p.peek(); {
	case p.has(`"""`):
		v.kind = kindString
		v.s, err = p.multiBasicString()
	case c == '"':
		v.kind = kindString
		v.s, err = p.basicString()
	case p.has("'''"):
		v.kind = kindString
		v.s, err = p.multiLiteralString()
	case c == '\'':
		v.kind = kindString
		v.s, err = p.literalString()
	case c == '[':
		return p.nested(p.array)
	case c == '{':
		return p.nested(p.inlineTable)
	case c == 't' || c == 'f':
		return p.boolean()
	default:
		return p.scalar()
	}
	return v, err
}

// nested guards the recursion of arrays and inline tables.
func (p *parser) nested(f func() (value, error)) (value, error) {
	if p.depth++; p.depth > maxDepth {
		return value{}, p.fail("arrays and inline tables are nested more than 1000 deep", note{place{p.pos, p.pos + 1}, "here"})
	}
	v, err := f()
	p.depth--
	return v, err
}

func (p *parser) array() (value, error) {
	v := value{kind: kindArray}
	start := p.pos
	p.pos++
	for {
		p.skipBlank()
		if p.peek() == ']' {
			p.pos++
			return v, nil
		}
		x, err := p.value()
		if err != nil {
			return v, err
		}
		v.array = append(v.array, x)
		p.skipBlank()
		switch p.peek() {
		case ',':
			p.pos++
		case ']':
		default:
			return v, p.fail("toml::parse_array: expected value-separator `,` or closing `]`",
				note{place{start, start + 1}, "array starts here"}, note{place{p.pos, p.pos + 1}, "but got this"})
		}
	}
}

func (p *parser) inlineTable() (value, error) {
	start := p.pos
	t := newTable(place{p.pos, p.pos + 1})
	t.def = dotted // until it is closed, so that dotted keys can add to it
	p.pos++
	p.skipSpace()
	for first := true; p.peek() != '}' || !first; first = false {
		if p.peek() == '}' {
			return value{}, p.fail("toml::parse_inline_table: trailing comma is not allowed in TOML-v1.0.0)", note{place{p.pos, p.pos + 1}, "here"})
		}
		if err := p.keyValue(t); err != nil {
			return value{}, err
		}
		p.skipSpace()
		if p.peek() == '}' {
			break
		}
		if p.peek() != ',' {
			return value{}, p.fail("toml::parse_inline_table: expected value-separator `,` or closing `}`",
				note{place{start, start + 1}, "inline table starts here"}, note{place{p.pos, p.pos + 1}, "but got this"})
		}
		p.pos++
		p.skipSpace()
	}
	p.pos++
	closeInline(t)
	return value{kind: kindTable, table: t}, nil
}

// closeInline makes an inline table, with those that dotted keys made in it,
// complete.
func closeInline(t *table) {
	t.def = inline
	for _, v := range t.values {
		if v.kind == kindTable && v.table.def != inline {
			closeInline(v.table)
		}
	}
}

func (p *parser) boolean() (value, error) {
	for i, word := range [...]string{"false", "true"} {
		if p.has(word) {
			p.pos += len(word)
			return value{kind: kindBool, i: int64(i)}, nil
		}
	}
	return value{}, p.fail("toml::parse_boolean: invalid boolean: boolean must be `true` or `false`, in lowercase. string must be surrounded by `\"`",
		note{place{p.pos, p.pos + 1}, "expected true or false"})
}

// scalar reads a number, a date or a time: all characters that may be part of
// one, and then decides.
func (p *parser) scalar() (value, error) {
	start := p.pos
	for !p.end() && (isBare(p.peek()) || strings.IndexByte("+.:", p.peek()) >= 0) {
		p.pos++
	}
	s := p.text[start:p.pos]
	if isDate(s) && p.peek() == ' ' && isTime(p.text[p.pos+1:]) {
		// A blank may stand for the T between date and time.
		p.pos++
		for !p.end() && (isDigit(p.peek()) || strings.IndexByte("+-.:Zz", p.peek()) >= 0) {
			p.pos++
		}
	}
	switch {
	case s == "" || !isDigit(s[0]) && s[0] != '+' && s[0] != '-' && s[0] != 'i' && s[0] != 'n' && s[0] != '.' && s[0] != '_':
		return value{}, p.failAt(start, "bad format: unknown value appeared")
	case isDate(s) || isTime(s):
		normal, title := normalTime(p.text[start:p.pos])
		if title != "" {
			return value{}, p.failAt(start, title)
		}
		return value{kind: kindTime, s: normal}, nil
	}
	return p.number(s, start)
}

func (p *parser) failAt(start int, title string) *Error {
	return p.fail(title, note{place{start, start + 1}, "here"})
}

func allDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

var integerHints = []string{
	"valid  : -42, 1_000, 1_2_3_4_5, 0xC0FFEE, 0b0010, 0o755",
	"invalid: _42, 1__000, 0123",
}

var floatHints = []string{
	"valid  : +1.0, -2e-2, 3.141_592_653_589, inf, nan",
	"invalid: .0, 1., _1.0, 1.0_, 1_.0, 1.0__0",
}

// number converts the text of a number that began at start.
func (p *parser) number(s string, start int) (value, error) {
	unsigned := strings.TrimLeft(s, "+-")
	if len(s)-len(unsigned) > 1 || unsigned == "" {
		return value{}, p.failAt(start, "bad format: unknown value appeared")
	}
	switch unsigned {
	case "inf":
		return value{kind: kindFloat, f: math.Inf(sign(s))}, nil
	case "nan":
		return value{kind: kindFloat, f: math.Copysign(math.NaN(), float64(sign(s)))}, nil
	}
	switch {
	case strings.HasPrefix(unsigned, "inf"), strings.HasPrefix(unsigned, "nan"):
		return value{}, p.fail(lineEndTitle, note{place{p.pos - len(unsigned) + 3, p.pos - len(unsigned) + 4}, "here"})
	case len(s) > 1 && s[0] == '0' && strings.IndexByte("xob", s[1]) >= 0:
		return p.prefixed(s, start)
	}
	if strings.ContainsAny(unsigned, ".eE") {
		return p.float(s, unsigned, start)
	}
	if !goodUnderscores(unsigned, isDigit) {
		return value{}, p.failAt(start, "bad integer: `_` must be surrounded by digits").hint(integerHints...)
	}
	if unsigned[0] == '0' && len(unsigned) > 1 {
		return value{}, p.fail("bad integer: invalid digit after an integer", note{place{start + len(s) - len(unsigned) + 1, p.pos}, "this digit is not allowed"}).hint(integerHints...)
	}
	i, err := strconv.ParseInt(strings.ReplaceAll(s, "_", ""), 10, 64)
	if err != nil {
		if digits := strings.ReplaceAll(unsigned, "_", ""); allDigits(digits) {
			return value{}, p.fail("toml::parse_dec_integer: too large integer: current max digits = 2^63", note{place{p.pos, p.pos + 1}, "must be < 2^63"})
		}
		return value{}, p.failAt(start, "bad integer: invalid digit after an integer").hint(integerHints...)
	}
	return value{kind: kindInt, i: i}, nil
}

func sign(s string) int {
	if s[0] == '-' {
		return -1
	}
	return 1
}

// goodUnderscores tells whether each underscore stands between two digits.
func goodUnderscores(s string, digit func(byte) bool) bool {
	for i := range len(s) {
		if s[i] == '_' && (i == 0 || i == len(s)-1 || !digit(s[i-1]) || !digit(s[i+1])) {
			return false
		}
	}
	return true
}

func (p *parser) prefixed(s string, start int) (value, error) {
	base, name := 16, "hex"
	switch s[1] {
	case 'o':
		base, name = 8, "oct"
	case 'b':
		base, name = 2, "bin"
	}
	if !goodUnderscores(s[2:], func(c byte) bool { return hexValue(c) >= 0 }) {
		return value{}, p.failAt(start, "bad integer: `_` must be surrounded by digits").hint(integerHints...)
	}
	digits := strings.ReplaceAll(s[2:], "_", "")
	for i := range len(digits) {
		if d := hexValue(digits[i]); d < 0 || d >= base {
			return value{}, p.failAt(start, "bad integer: invalid digit after an integer").hint(integerHints...)
		}
	}
	i, err := strconv.ParseInt(digits, base, 64)
	if err != nil {
		return value{}, p.fail("toml::parse_"+name+"_integer: too large integer: current max value = 2^63", note{place{p.pos, p.pos + 1}, "must be < 2^63"})
	}
	return value{kind: kindInt, i: i}, nil
}

func (p *parser) float(s, unsigned string, start int) (value, error) {
	if !goodFloat(unsigned) {
		return value{}, p.failAt(start, "bad float: invalid format").hint(floatHints...)
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64)
	if err != nil || f != 0 && math.Abs(f) < 0x1p-1022 {
		return value{}, p.failAt(start, "toml::parse_floating: failed to read floating point value from stream")
	}
	return value{kind: kindFloat, f: f}, nil
}

// goodFloat checks digits(.digits)?([eE][+-]?digits)? with underscores between
// digits, and no zero in front.
func goodFloat(s string) bool {
	mantissa, exponent, hasExp := s, "", false
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa, exponent, hasExp = s[:i], s[i+1:], true
	}
	whole, fraction, hasFraction := strings.Cut(mantissa, ".")
	good := func(d string) bool {
		return goodUnderscores(d, isDigit) && allDigits(strings.ReplaceAll(d, "_", ""))
	}
	if !good(whole) || len(whole) > 1 && whole[0] == '0' || hasFraction && !good(fraction) {
		return false
	}
	if !hasExp {
		return true
	}
	if exponent != "" && (exponent[0] == '+' || exponent[0] == '-') {
		exponent = exponent[1:]
	}
	return good(exponent)
}
