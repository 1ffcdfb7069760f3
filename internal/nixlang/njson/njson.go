// Package njson reads JSON as builtins.fromJSON does: with the limits and the
// error texts of the library that C++ Nix uses (nlohmann/json 3), and what Nix
// adds to them (libexpr/json-to-value.cc).
//
// The reader is strict (no comments, no trailing commas, well-formed UTF-8) and
// hands values to a [Handler] as it finds them. It keeps its own stack, so that
// nesting is limited by memory alone. Where it is not obvious:
//
//   - An integer beyond 64 bits becomes a float, but one between 2^63 and 2^64
//     is refused.
//   - A float beyond the range is refused, one too small becomes zero.
//   - A NUL in a string or key is refused: Nix strings cannot hold it.
//   - Of repeated keys the last one counts. That is up to the Handler.
package njson

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Handler gets the parts of a document in their order. Strings are part of the
// input or freshly made, and may be kept.
type Handler interface {
	Null()
	Bool(bool)
	Int(int64)
	Float(float64)
	String(string)
	BeginArray()
	EndArray()
	BeginObject()
	Key(string)
	EndObject()
}

// SyntaxError is an error in the text itself. Its message is that of the
// library, with the position.
type SyntaxError struct{ Msg string }

func (e *SyntaxError) Error() string { return e.Msg }

// ValueError is a value that the language cannot hold.
type ValueError struct{ Msg string }

func (e *ValueError) Error() string { return e.Msg }

// Parse reads one document. The error is a *SyntaxError or a *ValueError.
func Parse(text string, h Handler) error {
	p := parser{lexer: lexer{text: text, line: 1}, h: h}
	return p.document()
}

type parser struct {
	lexer
	h     Handler
	stack []bool // of open arrays (false) and objects (true)
	tok   token
}

func (p *parser) document() error {
	if !p.skipBOM() {
		p.tok = tokError
		return p.unexpected(tokNone, "value")
	}
	p.tok = p.scan()
	for {
		opened, err := p.value()
		if err != nil {
			return err
		}
		if opened {
			continue
		}
		done, err := p.afterValue()
		if err != nil {
			return err
		}
		if done {
			break
		}
	}
	if p.tok = p.scan(); p.tok != tokEOF {
		return p.unexpected(tokEOF, "value")
	}
	return nil
}

// value handles the token at which a value begins. It reports true when that
// opened an array or object and its first value is next.
func (p *parser) value() (opened bool, err error) {
	switch p.tok {
	case tokBeginObject:
		p.h.BeginObject()
		if p.tok = p.scan(); p.tok == tokEndObject {
			p.h.EndObject()
			return false, nil
		}
		p.stack = append(p.stack, true)
		return true, p.key()
	case tokBeginArray:
		p.h.BeginArray()
		if p.tok = p.scan(); p.tok == tokEndArray {
			p.h.EndArray()
			return false, nil
		}
		p.stack = append(p.stack, false)
		return true, nil
	case tokNull:
		p.h.Null()
	case tokTrue:
		p.h.Bool(true)
	case tokFalse:
		p.h.Bool(false)
	case tokNumber:
		return false, p.number()
	case tokString:
		if err := checkNUL(p.str); err != nil {
			return false, err
		}
		p.h.String(p.str)
	case tokError:
		return false, p.unexpected(tokNone, "value")
	default:
		if p.tok == tokEOF && p.total == 1 {
			return false, p.fail("attempting to parse an empty input; check that your input string or stream contains the expected JSON")
		}
		return false, p.unexpected(tokValue, "value")
	}
	return false, nil
}

// afterValue goes on behind a value; it reports true at the end of the document.
func (p *parser) afterValue() (done bool, err error) {
	for len(p.stack) > 0 {
		top := len(p.stack) - 1
		inObject := p.stack[top]
		p.tok = p.scan()
		switch {
		case p.tok == tokComma && inObject:
			p.tok = p.scan()
			return false, p.key()
		case p.tok == tokComma:
			p.tok = p.scan()
			return false, nil
		case inObject && p.tok == tokEndObject:
			p.h.EndObject()
		case !inObject && p.tok == tokEndArray:
			p.h.EndArray()
		case inObject:
			return false, p.unexpected(tokEndObject, "object")
		default:
			return false, p.unexpected(tokEndArray, "array")
		}
		p.stack = p.stack[:top]
	}
	return true, nil
}

// key reads a key and its colon, up to the first token of the value.
func (p *parser) key() error {
	if p.tok != tokString {
		return p.unexpected(tokString, "object key")
	}
	if err := checkNUL(p.str); err != nil {
		return err
	}
	p.h.Key(p.str)
	if p.tok = p.scan(); p.tok != tokColon {
		return p.unexpected(tokColon, "object separator")
	}
	p.tok = p.scan()
	return nil
}

// number converts the number just read.
func (p *parser) number() error {
	s := p.text[p.start:p.pos]
	if !strings.ContainsAny(s, ".eE") {
		if i, err := strconv.ParseInt(s, 10, 64); err == nil {
			p.h.Int(i)
			return nil
		}
		if _, err := strconv.ParseUint(s, 10, 64); err == nil {
			return &ValueError{fmt.Sprintf("unsigned json number %s outside of Nix integer range", s)}
		}
	}
	f, _ := strconv.ParseFloat(s, 64)
	if math.IsInf(f, 0) {
		return &SyntaxError{"[json.exception.out_of_range.406] number overflow parsing '" + s + "'"}
	}
	p.h.Float(f)
	return nil
}

func checkNUL(s string) error {
	if strings.IndexByte(s, 0) < 0 {
		return nil
	}
	return &ValueError{fmt.Sprintf("input string '%s' cannot be represented as Nix string because it contains null bytes",
		strings.ReplaceAll(s, "\x00", "␀"))}
}

// unexpected makes the error of a token that may not stand here.
func (p *parser) unexpected(want token, where string) error {
	msg := "syntax error while parsing " + where + " - "
	if p.tok == tokError {
		msg += p.problem + "; last read: '" + visible(p.text[p.start:p.pos]) + "'"
	} else {
		msg += "unexpected " + p.tok.String()
	}
	if want != tokNone {
		msg += "; expected " + want.String()
	}
	return p.fail(msg)
}

func (p *parser) fail(msg string) error {
	return &SyntaxError{fmt.Sprintf("[json.exception.parse_error.101] parse error at line %d, column %d: %s", p.line, p.column, msg)}
}

// visible writes control characters as <U+0009>.
func visible(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if s[i] < 0x20 {
			fmt.Fprintf(&b, "<U+%04X>", s[i])
		} else {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}
