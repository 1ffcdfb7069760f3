// Package deb822 reads Debian's control format: stanzas of "Name: value"
// fields, separated by empty lines (deb822(5), Debian Policy chapter 5).
//
// The format carries what we trust a Debian mirror for: Release files, Packages
// and Sources indexes, a package's control file. So the reader is strict where
// other readers differ among themselves, because a file that two programs read
// in two ways is how one of them is deceived: a field given twice, a line of
// blanks (a separator for some, a continuation for others), a control character
// and a continuation without a field are errors.
//
// apt's own *.sources files are written by people and are read in a looser
// mode, [Config], which takes comments and lines of blanks.
package deb822

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Limits of the reader, in bytes. The longest line of Debian's own indexes is
// below 64 KiB and the longest stanza (a Release file) below 200 KiB.
const (
	MaxLine   = 1 << 20
	MaxStanza = 16 << 20
)

// Mode tells who wrote the file.
type Mode uint8

const (
	// Strict is for files made by archive software.
	Strict Mode = iota
	// Config is for files edited by people: comment lines and lines of
	// blanks as separators are allowed.
	Config
)

// Field is one field of a stanza. The lines of a value are joined by "\n"; the
// blank that starts each continuation line is not part of it.
type Field struct{ Name, Value string }

// Stanza is one paragraph: its fields in the order of the file, each name once.
type Stanza []Field

// Get returns the value of the named field, "" if it is absent. Names are
// compared without regard to case, as Policy 5.1 says.
func (s Stanza) Get(name string) string {
	v, _ := s.Lookup(name)
	return v
}

// Lookup returns the value of the named field and whether it is there.
func (s Stanza) Lookup(name string) (string, bool) {
	for i := range s {
		if len(s[i].Name) == len(name) && strings.EqualFold(s[i].Name, name) {
			return s[i].Value, true
		}
	}
	return "", false
}

// SyntaxError tells where a file breaks the format.
type SyntaxError struct {
	Line int // counted from 1
	Msg  string
}

// Error gives the line and what is wrong with it.
func (e *SyntaxError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Msg) }

// Reader reads the stanzas of one file.
type Reader struct {
	in   *bufio.Reader
	mode Mode
	line int
	long []byte // a line that does not fit the buffer of in
	err  error
}

// NewReader returns a reader of r.
func NewReader(r io.Reader, mode Mode) *Reader {
	return &Reader{in: bufio.NewReaderSize(r, 64<<10), mode: mode}
}

// Line returns the number of the line read last.
func (r *Reader) Line() int { return r.line }

// Next returns the next stanza, and io.EOF after the last one. The stanza is
// the caller's. Any other error is a *[SyntaxError] or comes from the
// underlying reader, and stays.
func (r *Reader) Next() (Stanza, error) {
	if r.err != nil {
		return nil, r.err
	}
	s, err := r.next()
	if err != nil {
		r.err = err
	}
	return s, err
}

func (r *Reader) next() (Stanza, error) {
	var b builder
	for {
		line, err := r.readLine()
		if err == io.EOF {
			return b.finish(true)
		}
		if err != nil {
			return nil, err
		}
		if r.separates(line) {
			if b.empty() {
				continue
			}
			return b.finish(false)
		}
		if r.mode == Config && line[0] == '#' {
			continue
		}
		if err := b.add(line); err != nil {
			return nil, &SyntaxError{Line: r.line, Msg: err.Error()}
		}
	}
}

// separates reports whether line ends a stanza.
func (r *Reader) separates(line []byte) bool {
	return len(line) == 0 || r.mode == Config && len(bytes.Trim(line, " \t\r")) == 0
}

// readLine returns the next line without its end. It is valid until the next
// call.
func (r *Reader) readLine() ([]byte, error) {
	chunk, err := r.in.ReadSlice('\n')
	if err == nil {
		r.line++
		return chunk[:len(chunk)-1], nil
	}
	r.long = r.long[:0]
	for err == bufio.ErrBufferFull {
		r.long = append(r.long, chunk...)
		if len(r.long) > MaxLine {
			break
		}
		chunk, err = r.in.ReadSlice('\n')
	}
	if r.long = append(r.long, chunk...); len(r.long) > MaxLine {
		return nil, &SyntaxError{Line: r.line + 1, Msg: fmt.Sprintf("line is longer than %d bytes", MaxLine)}
	}
	if err == io.EOF && len(r.long) == 0 {
		return nil, io.EOF
	}
	if err != nil && err != io.EOF {
		return nil, err
	}
	r.line++
	return bytes.TrimSuffix(r.long, []byte("\n")), nil
}

// builder collects the lines of one stanza.
type builder struct {
	fields Stanza
	more   []byte // continuation lines of the last field
	size   int
}

func (b *builder) empty() bool { return len(b.fields) == 0 }

func (b *builder) finish(eof bool) (Stanza, error) {
	if eof && b.empty() {
		return nil, io.EOF
	}
	b.flush()
	return b.fields, nil
}

func (b *builder) add(line []byte) error {
	if b.size += len(line); b.size > MaxStanza {
		return fmt.Errorf("stanza is longer than %d bytes", MaxStanza)
	}
	if err := checkBytes(line); err != nil {
		return err
	}
	if line[0] == ' ' || line[0] == '\t' {
		return b.extend(line)
	}
	name, value, ok := bytes.Cut(line, []byte(":"))
	if !ok {
		return errors.New("a field needs a colon after its name")
	}
	if err := checkName(name); err != nil {
		return err
	}
	if _, dup := b.fields.Lookup(string(name)); dup {
		return fmt.Errorf("field %q is given twice", name)
	}
	b.flush()
	if b.fields == nil {
		b.fields = make(Stanza, 0, 24)
	}
	b.fields = append(b.fields, Field{string(name), string(bytes.Trim(value, " \t"))})
	return nil
}

// extend adds a continuation line to the last field.
func (b *builder) extend(line []byte) error {
	if b.empty() {
		return errors.New("a continuation line without a field before it")
	}
	text := bytes.TrimRight(line[1:], " \t")
	if len(text) == 0 {
		return errors.New("a line of blanks inside a stanza (write \" .\" for an empty line)")
	}
	// A Release file has one field of thousands of lines: joining them one by
	// one would copy the value for each of them.
	b.more = append(b.more, '\n')
	b.more = append(b.more, text...)
	return nil
}

// flush ends the last field.
func (b *builder) flush() {
	if len(b.more) > 0 {
		b.fields[len(b.fields)-1].Value += string(b.more)
		b.more = b.more[:0]
	}
}

// checkBytes refuses control characters: they have no meaning in the format
// and are read differently by different programs.
func checkBytes(line []byte) error {
	for _, c := range line {
		if c < 0x20 && c != '\t' || c == 0x7f {
			return fmt.Errorf("control character 0x%02x", c)
		}
	}
	return nil
}

// checkName tests a field name: printable ASCII without blank and colon, and
// neither "#" nor "-" in front (Policy 5.1).
func checkName(name []byte) error {
	if len(name) == 0 {
		return errors.New("a field without a name")
	}
	if name[0] == '#' || name[0] == '-' {
		return fmt.Errorf("a field name may not begin with %q", name[:1])
	}
	for _, c := range name {
		if c <= ' ' || c >= 0x7f {
			return fmt.Errorf("byte 0x%02x in the field name %q", c, name)
		}
	}
	return nil
}

// Write writes the stanza in the form that [Reader] reads back to the same
// stanza, with an empty line after it.
func (s Stanza) Write(w io.Writer) error {
	var b bytes.Buffer
	for _, f := range s {
		b.WriteString(f.Name)
		b.WriteByte(':')
		first, rest, more := strings.Cut(f.Value, "\n")
		if first != "" {
			b.WriteByte(' ')
			b.WriteString(first)
		}
		b.WriteByte('\n')
		for more {
			first, rest, more = strings.Cut(rest, "\n")
			b.WriteByte(' ')
			b.WriteString(first)
			b.WriteByte('\n')
		}
	}
	b.WriteByte('\n')
	_, err := w.Write(b.Bytes())
	return err
}
