package syntax

import (
	"bytes"
	"fmt"
	"sort"
	"sync"
)

// Pos is a place in one of the texts of a [Files] table: the base of the text
// plus a byte offset. Zero is no place. Only the table can tell more.
type Pos uint32

// OriginKind says where a text comes from.
type OriginKind uint8

// The kinds of origin.
const (
	OriginNone   OriginKind = iota // no position
	OriginFile                     // a file, Name is its path
	OriginString                   // an expression on a command line: «string»
	OriginStdin                    // standard input: «stdin»
)

// Origin tells where a text comes from.
type Origin struct {
	Kind OriginKind
	Name string // of a file: its absolute path
}

// String returns the origin as messages show it.
func (o Origin) String() string {
	switch o.Kind {
	case OriginFile:
		return o.Name
	case OriginString:
		return "«string»"
	case OriginStdin:
		return "«stdin»"
	}
	return "«none»"
}

// Position is a place for people and for __curPos.
type Position struct {
	Origin
	Line   int // from 1; 0 when there is no position
	Column int // in bytes, from 1
}

// IsValid reports whether there is a position at all.
func (p Position) IsValid() bool { return p.Line > 0 }

// String returns "ORIGIN:LINE:COLUMN".
func (p Position) String() string {
	if !p.IsValid() {
		return "«none»"
	}
	return fmt.Sprintf("%s:%d:%d", p.Origin, p.Line, p.Column)
}

// Files is the table that gives positions their meaning. It is safe for use by
// several goroutines. The zero value is ready.
//
// It keeps every text that was added, because errors quote them; the tree
// shares the memory.
type Files struct {
	mu    sync.RWMutex
	files []*file // by base
	next  uint32  // base of the next file less 1
}

type file struct {
	origin Origin
	base   Pos // Pos of offset 0
	text   []byte
	once   sync.Once
	lines  []uint32 // offset of the start of each line, made on demand
}

// maxTotal bounds the sum of all texts so that a Pos fits 32 bits.
const maxTotal = 1<<32 - 1

// Add enters a text, which must not change afterwards, and returns the
// position of its first byte. Offset i has position base+i; the end of the
// text has one too. It fails when the texts together exceed 4 GiB.
func (f *Files) Add(o Origin, text []byte) (base Pos, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if uint64(f.next)+uint64(len(text))+1 > maxTotal {
		return 0, fmt.Errorf("reading %s: all Nix expressions together exceed 4 GiB", o)
	}
	base = Pos(f.next + 1)
	f.files = append(f.files, &file{origin: o, base: base, text: text})
	f.next += uint32(len(text)) + 1
	return base, nil
}

// Len returns how many texts have been added.
func (f *Files) Len() int {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return len(f.files)
}

// Position resolves p. The zero Pos gives the zero Position.
func (f *Files) Position(p Pos) Position {
	fl := f.find(p)
	if fl == nil {
		return Position{}
	}
	line, col := fl.lineColumn(p)
	return Position{Origin: fl.origin, Line: line, Column: col}
}

func (f *Files) find(p Pos) *file {
	if p == 0 {
		return nil
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	i := sort.Search(len(f.files), func(i int) bool { return f.files[i].base > p })
	if i == 0 {
		return nil
	}
	return f.files[i-1]
}

func (fl *file) lineColumn(p Pos) (line, column int) {
	fl.once.Do(func() { fl.lines = lineStarts(fl.text) })
	off := uint32(p - fl.base)
	i := sort.Search(len(fl.lines), func(i int) bool { return fl.lines[i] > off })
	return i, int(off-fl.lines[i-1]) + 1
}

// lineStarts finds the lines of a text. LF, CR LF and CR alone end a line.
func lineStarts(text []byte) []uint32 {
	starts := []uint32{0}
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\r':
			if i+1 < len(text) && text[i+1] == '\n' {
				i++
			}
			fallthrough
		case '\n':
			starts = append(starts, uint32(i+1))
		}
	}
	return starts
}

// line returns line n (from 1) without its end, and whether it exists. For
// upstream, a text that is quoted ends at its first NUL byte, unless it is that
// of a file.
func (fl *file) line(n int) (string, bool) {
	fl.once.Do(func() { fl.lines = lineStarts(fl.text) })
	if n < 1 || n > len(fl.lines) {
		return "", false
	}
	start := int(fl.lines[n-1])
	ends := "\r\n"
	if fl.origin.Kind != OriginFile {
		if bytes.IndexByte(fl.text[:start], 0) >= 0 {
			return "", false
		}
		ends += "\x00"
	}
	line := fl.text[start:]
	if i := bytes.IndexAny(line, ends); i >= 0 {
		line = line[:i]
	}
	return string(line), true
}
