package derivation

import (
	"fmt"
	"strings"

	"isomorph/internal/storepath"
)

// MaxSize is the length in bytes of the longest .drv file that is read. The
// longest in nixpkgs have about 2 MB.
const MaxSize = 64 << 20

// Parse reads the .drv file of the derivation called name (without ".drv").
//
// The text must be canonical, and the path of a fixed output must be the one
// that its hash gives; other output paths need the input derivations and so
// [Hasher.Check]. Errors wrap [ErrFormat] and say at which byte.
func Parse(dir storepath.Dir, name string, b []byte) (d *Derivation, err error) {
	if len(b) > MaxSize {
		return nil, fmt.Errorf("%w: derivation '%s' has %d bytes, more than the limit of %d", ErrFormat, name, len(b), MaxSize)
	}
	p := &parser{text: string(b), dir: dir}
	defer func() {
		if e, ok := recover().(parseError); ok {
			d, err = nil, fmt.Errorf("%w: derivation '%s', byte %d: %s", ErrFormat, name, p.pos, e)
		}
	}()
	d = p.derivation(name)
	for output, o := range d.Outputs.All() {
		if err := checkFixed(dir, d, output, o); err != nil {
			return nil, fmt.Errorf("%w: derivation '%s': %w", ErrFormat, name, err)
		}
	}
	return d, nil
}

func checkFixed(dir storepath.Dir, d *Derivation, output string, o Output) error {
	if o.HashAlgo == "" {
		return nil
	}
	if len(d.Outputs) > 1 || output != "out" {
		return fmt.Errorf("single fixed output must be named \"out\"")
	}
	want, err := o.FixedPath(dir, output, d.Name)
	if err != nil {
		return err
	}
	if o.Path != want {
		return fmt.Errorf("derivation output '%s' has path '%s', which does not match its content address", output, dir.Join(o.Path))
	}
	return nil
}

// parseError is what the parser panics with; it never leaves [Parse].
type parseError string

// parser reads from a string, so that each value without an escape is a slice
// of the text and not a copy.
type parser struct {
	text string
	pos  int
	dir  storepath.Dir
}

func (p *parser) fail(format string, args ...any) {
	panic(parseError(fmt.Sprintf(format, args...)))
}

func (p *parser) expect(s string) {
	if !strings.HasPrefix(p.text[p.pos:], s) {
		p.fail("expected string '%s'", s)
	}
	p.pos += len(s)
}

func (p *parser) peek() byte {
	if p.pos == len(p.text) {
		return 0
	}
	return p.text[p.pos]
}

func (p *parser) derivation(name string) *Derivation {
	d := &Derivation{Name: name}
	if strings.HasPrefix(p.text, "DrvWithVersion(") {
		p.fail("experimental Nix feature 'dynamic-derivations' is disabled")
	}
	p.expect("Derive(")
	p.set("output", func() string { return p.output(d) })
	p.expect(",")
	p.set("input derivation", func() string { return p.inputDrv(d) })
	p.expect(",")
	p.set("input source", func() string {
		src := p.path()
		d.InputSrcs = append(d.InputSrcs, src)
		return string(src)
	})
	p.expect(",")
	d.System = p.string()
	p.expect(",")
	d.Builder = p.string()
	p.expect(",")
	p.list(func() { d.Args = append(d.Args, p.string()) })
	p.expect(",")
	p.set("environment variable", func() string { return p.variable(d) })
	p.expect(")")
	if p.pos != len(p.text) {
		p.fail("%d bytes after the end", len(p.text)-p.pos)
	}
	if len(d.Outputs) == 0 {
		p.fail("must have at least one output")
	}
	return d
}

// list reads "[a,b,...]".
func (p *parser) list(element func()) {
	p.expect("[")
	if p.peek() == ']' {
		p.pos++
		return
	}
	for {
		element()
		if p.peek() == ']' {
			p.pos++
			return
		}
		p.expect(",")
	}
}

// set reads a list whose elements' keys must rise.
func (p *parser) set(what string, element func() (key string)) {
	first, prev := true, ""
	p.list(func() {
		key := element()
		if !first && key <= prev {
			p.fail("%s '%s' is out of order or there twice", what, key)
		}
		first, prev = false, key
	})
}

func (p *parser) output(d *Derivation) string {
	p.expect("(")
	name := p.string()
	if err := storepath.CheckName(name); err != nil {
		p.fail("output %s", err)
	}
	p.expect(",")
	var o Output
	if strings.HasPrefix(p.text[p.pos:], `""`) {
		p.fail("output '%s' has no path; experimental Nix feature 'ca-derivations' is disabled", name)
	}
	o.Path = p.path()
	p.expect(",")
	o.HashAlgo = p.string()
	p.expect(",")
	o.Hash = p.string()
	p.expect(")")
	if o.HashAlgo == "" && o.Hash != "" {
		p.fail("output '%s' has a hash without an algorithm", name)
	}
	d.Outputs.Set(name, o)
	return name
}

func (p *parser) inputDrv(d *Derivation) string {
	p.expect("(")
	drv := p.path()
	if !drv.IsDerivation() {
		p.fail("store path '%s' is not a valid derivation path", drv)
	}
	p.expect(",")
	var outputs []string
	p.set("output name", func() string {
		outputs = append(outputs, p.string())
		return outputs[len(outputs)-1]
	})
	p.expect(")")
	if len(outputs) == 0 {
		p.fail("inputDrvs entry for '%s' specifies no outputs", p.dir.Join(drv))
	}
	d.InputDrvs.Set(drv, outputs)
	return string(drv)
}

func (p *parser) variable(d *Derivation) string {
	p.expect("(")
	name := p.string()
	p.expect(",")
	d.Env.Set(name, p.string())
	p.expect(")")
	return name
}

func (p *parser) path() storepath.Path {
	s := p.string()
	path, err := p.dir.Parse(s)
	if err != nil {
		p.fail("%s", err)
	}
	return path
}

// string reads a quoted string. The bytes need not be UTF-8.
func (p *parser) string() string {
	p.expect(`"`)
	rest := p.text[p.pos:]
	end := strings.IndexAny(rest, "\"\\\n\r\t")
	if end >= 0 && rest[end] == '"' {
		p.pos += end + 1
		return rest[:end]
	}
	return p.escaped()
}

// escaped reads what follows an opening quote, escapes included.
func (p *parser) escaped() string {
	var b strings.Builder
	for {
		switch c := p.peek(); {
		case c == '"':
			p.pos++
			return b.String()
		case c == '\\':
			p.pos++
			b.WriteByte(p.unescape(p.peek()))
		case p.pos == len(p.text):
			p.fail("unterminated string in derivation")
		case escapes[c] != 0:
			p.fail("character %q must be escaped", c)
		default:
			b.WriteByte(c)
		}
		p.pos++
	}
}

func (p *parser) unescape(c byte) byte {
	switch c {
	case '"', '\\':
		return c
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	p.fail("escape '\\%c' is not canonical", c)
	return 0
}
