package ntoml

import "strings"

// parser reads a document line by line into tables.
type parser struct {
	scanner
	root    *table
	current *table // of the last header
	depth   int
}

func (p *parser) document() error {
	if strings.HasPrefix(p.text, "\uFEFF") {
		p.pos = len("\uFEFF")
	}
	for {
		p.skipBlank()
		if p.end() {
			return nil
		}
		if err := p.item(); err != nil {
			return err
		}
	}
}

// item reads a header or a key with its value, and what stands behind it on the
// line. A header needs no line of its own behind a value, as in toml11.
func (p *parser) item() error {
	if p.peek() == '[' {
		if err := p.header(); err != nil {
			return err
		}
		return p.lineEnd(headerEndTitle)
	}
	if err := p.keyValue(p.current); err != nil {
		return err
	}
	if p.skipSpace(); p.peek() == '[' {
		return nil
	}
	return p.lineEnd(lineEndTitle)
}

// lineEnd skips what may stand behind a value or header.
func (p *parser) lineEnd(title string) error {
	p.skipSpace()
	if err := p.skipComment(); err != nil {
		return err
	}
	if p.end() || p.newline() {
		return nil
	}
	return p.fail(title, note{place{p.pos, p.pos + 1}, "here"})
}

// header reads [a.b] or [[a.b]] and makes that table the current one.
func (p *parser) header() error {
	start := p.pos
	p.pos++
	array := p.peek() == '['
	if array {
		p.pos++
	}
	closing, title := "]", "toml::parse_file: invalid table key"
	if array {
		closing, title = "]]", "toml::parse_file: invalid array-table key"
	}
	keys, err := p.keyPath("toml::parse_table_key")
	if err != nil || !strings.HasPrefix(p.text[p.pos:], closing) {
		return p.fail(title, note{place{p.pos, p.pos + 1}, "here"})
	}
	p.pos += len(closing)
	at := place{start, p.pos}
	t := p.root
	for _, k := range keys[:len(keys)-1] {
		if t, err = p.descend(t, k, at); err != nil {
			return err
		}
	}
	last := keys[len(keys)-1]
	if array {
		return p.appendTable(t, last, at)
	}
	return p.openTable(t, last, at)
}

const (
	headerEndTitle = "toml::parse_file: newline (or EOF) expected"
	lineEndTitle   = "toml::parse_table: newline (LF / CRLF) or EOF is expected"
	tableDefined   = "toml::insert_value: failed to insert a table, table already defined"
	inlineClosed   = "toml::insert_value: failed to insert a value: inline table is immutable"
	valueDefined   = "toml::insert_value: failed to insert a value, value already exists"
)

func (p *parser) clash(title string, at place, old *value, text string) error {
	return p.fail(title, note{at, "inserting this"}, note{old.at, text})
}

// descend goes to the table of a name in a header, making it if need be; of an
// array of tables to its last one.
func (p *parser) descend(t *table, key string, at place) (*table, error) {
	v, ok := t.values[key]
	if !ok {
		v = &value{kind: kindTable, table: newTable(at), at: at}
		t.set(key, v)
		return v.table, nil
	}
	switch {
	case v.kind == kindTable && v.table.def != inline:
		return v.table, nil
	case v.kind == kindArray && v.tables:
		return v.array[len(v.array)-1].table, nil
	}
	if v.kind == kindTable {
		return nil, p.clash(inlineClosed, at, v, "inline table defined here")
	}
	return nil, p.clash(valueDefined, at, v, "but value already exists")
}

func (p *parser) openTable(t *table, key string, at place) error {
	v, ok := t.values[key]
	switch {
	case !ok:
		v = &value{kind: kindTable, table: newTable(at), at: at}
		t.set(key, v)
	case v.kind != kindTable || v.table.def != implicit:
		return p.clash(tableDefined, at, v, "this table is explicitly defined")
	}
	v.at = at
	v.table.def, v.table.at = explicit, at
	p.current = v.table
	return nil
}

func (p *parser) appendTable(t *table, key string, at place) error {
	v, ok := t.values[key]
	switch {
	case !ok:
		v = &value{kind: kindArray, tables: true, at: at}
		t.set(key, v)
	case v.kind != kindArray || !v.tables:
		return p.clash("toml::insert_value: failed to insert an array of tables, value already exists", at, v, "but value already exists")
	}
	nt := newTable(at)
	nt.def = explicit
	v.array = append(v.array, value{kind: kindTable, table: nt, at: at})
	p.current = nt
	return nil
}

// keyValue reads "a.b = value" into t.
func (p *parser) keyValue(t *table) error {
	start := p.pos
	keys, err := p.keyPath("toml::parse_key_value_pair")
	if err != nil {
		return err
	}
	if p.peek() != '=' {
		return p.fail("toml::parse_key_value_pair: invalid key value separator `=`", note{place{p.pos, p.pos + 1}, "expected ="})
	}
	keyEnd := p.pos
	p.pos++
	p.skipSpace()
	v, err := p.value()
	if err != nil {
		return err
	}
	at := place{start, max(start+1, keyEnd)}
	for _, k := range keys[:len(keys)-1] {
		if t, err = p.descendDotted(t, k, at); err != nil {
			return err
		}
	}
	last := keys[len(keys)-1]
	if old, ok := t.values[last]; ok {
		return p.clash(valueDefined, place{start, start + 1}, old, "but value already exists")
	}
	t.set(last, &v)
	return nil
}

// descendDotted goes to the table of the first parts of a dotted key. Only
// tables that dotted keys made may be added to.
func (p *parser) descendDotted(t *table, key string, at place) (*table, error) {
	v, ok := t.values[key]
	if !ok {
		v = &value{kind: kindTable, table: newTable(at), at: at}
		v.table.def = dotted
		t.set(key, v)
		return v.table, nil
	}
	if v.kind == kindTable && (v.table.def == dotted || v.table.def == implicit) {
		return v.table, nil
	}
	if v.kind == kindTable && v.table.def == inline {
		return nil, p.clash(inlineClosed, at, v, "inline table defined here")
	}
	return nil, p.clash(tableDefined, at, v, "this table is explicitly defined")
}

// keyPath reads a key of one or more parts with dots between them.
func (p *parser) keyPath(where string) ([]string, error) {
	var keys []string
	for {
		p.skipSpace()
		k, err := p.simpleKey()
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
		p.skipSpace()
		if p.peek() != '.' {
			return keys, nil
		}
		if len(keys) == maxKeyParts {
			return nil, p.fail("a key has more than 10000 parts and goes too deep", note{place{p.pos, p.pos + 1}, "here"})
		}
		p.pos++
	}
}

func (p *parser) simpleKey() (string, error) {
	switch p.peek() {
	case '"':
		return p.basicString()
	case '\'':
		return p.literalString()
	}
	start := p.pos
	for !p.end() && isBare(p.peek()) {
		p.pos++
	}
	if p.pos == start {
		return "", p.fail("toml::parse_simple_key: invalid key: key must be \"quoted\", 'quoted-literal', or bare key.",
			note{place{p.pos, p.pos + 1}, "expected alpha [a-zA-Z], digit [0-9], -, or _"}).hint("non-ASCII scripts are allowed in toml v1.1.0, but not in v1.0.0.")
	}
	return p.text[start:p.pos], nil
}

func isBare(c byte) bool {
	return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c == '-'
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
