// Package ntoml reads TOML 1.0 as builtins.fromTOML does, which uses the C++
// library toml11. The first lines of its messages are that library's.
//
// Differences from a plain TOML reader that programs can see:
//
//   - Dates and times are syntax but not values, unless the caller of [Doc.Walk]
//     wants them.
//   - Integers are 64 bits; larger ones, and floats beyond the range, are
//     refused. Hexadecimal, octal and binary numbers are never negative.
//   - A NUL in a key or string is refused, since Nix strings cannot hold it.
//   - Nesting of arrays and inline tables is limited to 1000.
package ntoml

import (
	"fmt"
	"strings"
)

// maxDepth limits arrays and inline tables inside of each other.
const maxDepth = 1000

// maxKeyParts limits the parts of a dotted key, each of which is a table inside
// of the one before.
const maxKeyParts = 10_000

// Handler gets the parts of a document in the order of the text, tables in the
// order of their keys.
type Handler interface {
	Bool(bool)
	Int(int64)
	Float(float64)
	String(string)
	Time(string) // a date, a time or both, in one form
	BeginArray()
	EndArray()
	BeginObject()
	Key(string)
	EndObject()
}

// Doc is a document.
type Doc struct{ root *table }

// Parse reads a document.
func Parse(text string) (*Doc, error) {
	p := &parser{scanner: scanner{text: text}, root: newTable(place{})}
	p.current = p.root
	if err := p.document(); err != nil {
		return nil, err
	}
	return &Doc{p.root}, nil
}

// Error is a fault in the text.
type Error struct {
	Title string // what is wrong, "[error] " and the library's words
	Lines []string
}

func (e *Error) Error() string { return e.Title + "\n" + strings.Join(e.Lines, "\n") + "\n" }

// kind is the type of a value.
type kind uint8

const (
	kindBool kind = iota
	kindInt
	kindFloat
	kindString
	kindTime
	kindArray
	kindTable
)

// value is a value with its place in the text.
type value struct {
	kind  kind
	i     int64 // of an integer; 1 for true
	f     float64
	s     string
	array []value
	table *table
	at    place
	// tables says that the array was made by [[...]] and may grow.
	tables bool
}

// place is a part of the text.
type place struct{ start, end int }

// definition says how a table came to be, which decides who may add to it.
type definition uint8

const (
	implicit definition = iota // by a header below it: [a.b] makes a
	explicit                   // by a header of its own
	dotted                     // by a dotted key: a.b = 1 makes a
	inline                     // { ... }: complete
)

type table struct {
	def    definition
	keys   []string
	values map[string]*value
	at     place
}

func newTable(at place) *table { return &table{values: map[string]*value{}, at: at} }

func (t *table) set(key string, v *value) {
	t.keys = append(t.keys, key)
	t.values[key] = v
}

// Walk hands the document to h. It fails at strings with a NUL and, unless times
// is set (Nix's experimental parse-toml-timestamps), at dates and times.
func (d *Doc) Walk(h Handler, times bool) error { return walkTable(d.root, h, times) }

func walkTable(t *table, h Handler, times bool) error {
	h.BeginObject()
	for _, k := range t.keys {
		if err := checkNUL(k); err != nil {
			return err
		}
		h.Key(k)
		if err := walk(t.values[k], h, times); err != nil {
			return err
		}
	}
	h.EndObject()
	return nil
}

func walk(v *value, h Handler, times bool) error {
	switch v.kind {
	case kindBool:
		h.Bool(v.i != 0)
	case kindInt:
		h.Int(v.i)
	case kindFloat:
		h.Float(v.f)
	case kindString:
		if err := checkNUL(v.s); err != nil {
			return err
		}
		h.String(v.s)
	case kindTime:
		if times {
			h.Time(v.s)
			break
		}
		return fmt.Errorf("Dates and times are not supported") //nolint:staticcheck // Nix's text
	case kindTable:
		return walkTable(v.table, h, times)
	case kindArray:
		h.BeginArray()
		for i := range v.array {
			if err := walk(&v.array[i], h, times); err != nil {
				return err
			}
		}
		h.EndArray()
	}
	return nil
}

func checkNUL(s string) error {
	if strings.IndexByte(s, 0) < 0 {
		return nil
	}
	return fmt.Errorf("error: input string '%s' cannot be represented as Nix string because it contains null bytes",
		strings.ReplaceAll(s, "\x00", "␀"))
}
