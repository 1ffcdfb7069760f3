package nar

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"strings"
)

// Sink receives the tree of an archive, in archive order. Paths are relative
// to the root with slashes between names; the root itself is "".
type Sink interface {
	// Directory begins a directory; its entries follow, then Leave.
	Directory(path string) error
	Leave(path string) error
	Symlink(path, target string) error

	// File is given a regular file. contents yields exactly size bytes, and
	// whatever is left unread is skipped.
	File(path string, executable bool, size uint64, contents io.Reader) error
}

// Read reads one archive from r and passes its tree to sink. It reads exactly
// the archive and not a byte more. A malformed archive gives a *[FormatError]
// (io.ErrUnexpectedEOF if it just ends); by then the sink has seen what came
// before. maxSize bounds the archive in bytes, 0 means no bound.
func Read(r io.Reader, sink Sink, maxSize uint64) error {
	if maxSize == 0 {
		maxSize = 1<<63 - 1
	}
	p := &reader{in: r, sink: sink, left: maxSize}
	if magic := p.token(""); p.err == nil && magic != Magic {
		p.fail("", "it does not begin with %q", Magic)
	}
	p.node("", 0)
	if errors.Is(p.err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return p.err
}

// ReadAll is like [Read] for an archive that must end where r ends.
func ReadAll(r io.Reader, sink Sink, maxSize uint64) error {
	br := bufio.NewReaderSize(r, 64<<10)
	if err := Read(br, sink, maxSize); err != nil {
		return err
	}
	switch _, err := br.ReadByte(); {
	case err == nil:
		return formatErrorf("", "bytes follow the end of the archive")
	case errors.Is(err, io.EOF):
		return nil
	default:
		return err
	}
}

type reader struct {
	in    io.Reader
	sink  Sink
	left  uint64 // bytes that the archive may still have
	files int
	err   error
	small [MaxTarget + 8]byte
}

func (p *reader) fail(path, format string, args ...any) {
	if p.err == nil {
		p.err = formatErrorf(path, format, args...)
	}
}

func (p *reader) full(b []byte, path string) {
	if p.err != nil {
		return
	}
	if uint64(len(b)) > p.left {
		p.fail(path, "the archive is larger than announced")
		return
	}
	p.left -= uint64(len(b))
	_, p.err = io.ReadFull(p.in, b)
}

func (p *reader) length(path string) uint64 {
	var b [8]byte
	p.full(b[:], path)
	return binary.LittleEndian.Uint64(b[:])
}

// bytes reads a token of at most limit bytes.
func (p *reader) bytes(path string, limit int) string {
	n := p.length(path)
	if p.err != nil {
		return ""
	}
	if n > uint64(limit) {
		p.fail(path, "a string of %d bytes stands where at most %d are allowed", n, limit)
		return ""
	}
	b := p.small[:int(n)+padding(n)]
	p.full(b, path)
	p.zeros(path, b[n:])
	if p.err != nil {
		return ""
	}
	return string(b[:n])
}

func (p *reader) zeros(path string, pad []byte) {
	for _, c := range pad {
		if c != 0 {
			p.fail(path, "padding is not zero")
		}
	}
}

func (p *reader) token(path string) string { return p.bytes(path, maxToken) }

func (p *reader) expect(path, want string) {
	if got := p.token(path); p.err == nil && got != want {
		p.fail(path, "found %q where %q has to stand", got, want)
	}
}

// call runs a sink method unless something has failed already.
func (p *reader) call(f func() error) {
	if p.err == nil {
		p.err = f()
	}
}

func (p *reader) node(path string, depth int) {
	p.expect(path, "(")
	p.expect(path, "type")
	kind := p.token(path)
	if p.files++; p.files > MaxFiles {
		p.fail(path, "more than %d files", MaxFiles)
	}
	if p.err != nil {
		return
	}
	switch kind {
	case "regular":
		p.regular(path)
	case "symlink":
		p.symlink(path)
	case "directory":
		p.directory(path, depth)
	default:
		p.fail(path, "unknown file type %q", kind)
	}
}

func (p *reader) regular(path string) {
	executable := false
	t := p.token(path)
	if t == "executable" {
		executable = true
		p.expect(path, "")
		t = p.token(path)
	}
	if p.err != nil {
		return
	}
	// Nix writes "contents" for an empty file too; an archive without it
	// would be a second form of the same tree.
	if t != "contents" {
		p.fail(path, "found %q where %q has to stand", t, "contents")
		return
	}
	size := p.length(path)
	if p.err == nil && size > p.left {
		p.fail(path, "a file of %d bytes is larger than what is left of the archive", size)
	}
	contents := &io.LimitedReader{R: p.in, N: int64(size)}
	p.call(func() error { return p.sink.File(path, executable, size, contents) })
	p.call(func() error { return skip(contents) })
	if p.err != nil {
		return
	}
	p.left -= size
	pad := p.small[:padding(size)]
	p.full(pad, path)
	p.zeros(path, pad)
	p.expect(path, ")")
}

// skip reads what a sink left of a file's contents, and sees to it that they
// were all there.
func skip(contents *io.LimitedReader) error {
	if _, err := io.Copy(io.Discard, contents); err != nil {
		return err
	}
	if contents.N > 0 {
		return io.ErrUnexpectedEOF
	}
	return nil
}

func (p *reader) symlink(path string) {
	p.expect(path, "target")
	target := p.bytes(path, MaxTarget)
	if p.err != nil {
		return
	}
	if why := checkTarget(target); why != "" {
		p.fail(path, "%s", why)
	}
	p.expect(path, ")")
	p.call(func() error { return p.sink.Symlink(path, target) })
}

func (p *reader) directory(path string, depth int) {
	if depth >= MaxDepth {
		p.fail(path, "directories nest deeper than %d", MaxDepth)
	}
	p.call(func() error { return p.sink.Directory(path) })
	last, first := "", true
	for p.err == nil {
		t := p.token(path)
		if t == ")" {
			break
		}
		if p.err == nil && t != "entry" {
			p.fail(path, "found %q where %q has to stand", t, "entry")
		}
		p.expect(path, "(")
		p.expect(path, "name")
		name := p.bytes(path, MaxName)
		if p.err != nil {
			return
		}
		if why := checkName(name); why != "" {
			p.fail(path, "%s", why)
		}
		if !first && name <= last {
			p.fail(path, "NAR directory is not sorted: entry %q does not come after %q", name, last)
		}
		last, first = name, false
		p.expect(path, "node")
		if p.err == nil {
			p.node(join(path, name), depth+1)
		}
		p.expect(path, ")")
	}
	p.call(func() error { return p.sink.Leave(path) })
}

func join(dir, name string) string {
	if dir == "" {
		return name
	}
	var b strings.Builder
	b.Grow(len(dir) + 1 + len(name))
	b.WriteString(dir)
	b.WriteByte('/')
	b.WriteString(name)
	return b.String()
}
