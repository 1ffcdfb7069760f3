package storecmd

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"isomorph/internal/nar"
	"isomorph/internal/nixhash"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// The format of nix-store --export (export-import.cc), all numbers 8 bytes
// little-endian, all strings with their length before and zeros to a multiple
// of 8 behind:
//
//	stream = { 1 NAR magic path references deriver 0 } 0
//	references = count { path }
//
// The last 0 of an entry was once the place of a signature.
const exportMagic = 0x4558494e

// Limits on what an export may hold.
const (
	maxExportString = 4096
	maxExportRefs   = 100_000
)

// export writes paths, each after what it refers to.
func (s *session) export(ctx context.Context, operands []string) error {
	paths, err := s.valid(ctx, operands)
	if err != nil {
		return err
	}
	if paths, err = s.sorted(ctx, paths); err != nil {
		return err
	}
	w := &exportWriter{out: bufio.NewWriterSize(s.env.Stdout, 64<<10)}
	for _, p := range paths {
		info, err := s.info(ctx, p)
		if err != nil {
			return err
		}
		w.number(1)
		if err := s.exportOne(w, info); err != nil {
			return err
		}
	}
	w.number(0)
	return w.out.Flush()
}

func (s *session) exportOne(w *exportWriter, info *store.PathInfo) error {
	h := nixhash.SHA256.New()
	if err := nar.Dump(io.MultiWriter(w.out, h), s.s.RealPath(info.Path), nil); err != nil {
		return err
	}
	if got := nixhash.FromState(nixhash.SHA256, h); got != info.NarHash {
		return fmt.Errorf("hash of path '%s' has changed from '%s' to '%s'!", s.s.Dir().Join(info.Path), info.NarHash, got)
	}
	w.number(exportMagic)
	w.string(s.s.Dir().Join(info.Path))
	w.number(uint64(len(info.References)))
	for _, r := range info.References {
		w.string(s.s.Dir().Join(r))
	}
	deriver := ""
	if info.Deriver != "" {
		deriver = s.s.Dir().Join(info.Deriver)
	}
	w.string(deriver)
	w.number(0)
	return nil
}

// exportWriter writes numbers and strings; the buffer keeps the first error.
type exportWriter struct{ out *bufio.Writer }

func (w *exportWriter) number(n uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], n)
	w.out.Write(b[:])
}

func (w *exportWriter) string(s string) {
	w.number(uint64(len(s)))
	w.out.WriteString(s)
	w.out.Write(make([]byte, -len(s)&7))
}

// importAll reads an export and adds its paths.
func (s *session) importAll(ctx context.Context) error {
	sc, err := s.s.NewScratch(ctx)
	if err != nil {
		return err
	}
	defer sc.Close()
	r := &exportReader{in: bufio.NewReaderSize(s.env.Stdin, 64<<10), dir: s.s.Dir()}
	spool := filepath.Join(sc.Dir(), "nar")
	for {
		info, err := r.next(func() (io.WriteCloser, error) { return os.Create(spool) })
		if err != nil || info == nil {
			return err
		}
		if err := s.addSpooled(ctx, info, spool); err != nil {
			return err
		}
		if err := s.print([]storepath.Path{info.Path}); err != nil {
			return err
		}
	}
}

func (s *session) addSpooled(ctx context.Context, info *store.PathInfo, spool string) error {
	f, err := os.Open(spool)
	if err != nil {
		return err
	}
	defer f.Close()
	return s.s.AddNAR(ctx, info, bufio.NewReader(f))
}

// exportReader reads an export.
type exportReader struct {
	in  *bufio.Reader
	dir storepath.Dir
	err error
}

// next reads one entry, its NAR into what spool creates. The result is nil
// after the last entry.
func (r *exportReader) next(spool func() (io.WriteCloser, error)) (*store.PathInfo, error) {
	switch n := r.number(); {
	case r.err != nil:
		return nil, r.err
	case n == 0:
		return nil, nil
	case n != 1:
		return nil, fmt.Errorf("input doesn't look like something created by 'nix-store --export'")
	}
	info := &store.PathInfo{}
	if err := r.archive(info, spool); err != nil {
		return nil, err
	}
	if r.number() != exportMagic && r.err == nil {
		return nil, fmt.Errorf("Nix archive cannot be imported; wrong format")
	}
	info.Path = r.path()
	n := r.number()
	if n > maxExportRefs {
		return nil, fmt.Errorf("the export names %d references of one path; at most %d are allowed", n, maxExportRefs)
	}
	for ; n > 0 && r.err == nil; n-- {
		info.References = append(info.References, r.path())
	}
	if deriver := r.string(); deriver != "" {
		info.Deriver = r.parse(deriver)
	}
	if r.number() == 1 {
		r.string() // a signature of old times; we never trusted it
	}
	return info, r.err
}

func (r *exportReader) archive(info *store.PathInfo, spool func() (io.WriteCloser, error)) error {
	f, err := spool()
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(f, 64<<10)
	h, size := nixhash.SHA256.New(), &countWriter{}
	err = nar.Read(io.TeeReader(r.in, io.MultiWriter(out, h, size)), skipTree{}, 0)
	if err = errors.Join(err, out.Flush(), f.Close()); err != nil {
		return err
	}
	info.NarHash, info.NarSize = nixhash.FromState(nixhash.SHA256, h), size.n
	return nil
}

type countWriter struct{ n uint64 }

func (c *countWriter) Write(p []byte) (int, error) {
	c.n += uint64(len(p))
	return len(p), nil
}

// skipTree is a sink for a NAR of which only the end matters.
type skipTree struct{}

func (skipTree) Directory(string) error                     { return nil }
func (skipTree) Leave(string) error                         { return nil }
func (skipTree) Symlink(string, string) error               { return nil }
func (skipTree) File(string, bool, uint64, io.Reader) error { return nil }

func (r *exportReader) number() uint64 {
	var b [8]byte
	r.full(b[:])
	return binary.LittleEndian.Uint64(b[:])
}

func (r *exportReader) full(b []byte) {
	if r.err != nil {
		return
	}
	if _, r.err = io.ReadFull(r.in, b); errors.Is(r.err, io.EOF) {
		r.err = io.ErrUnexpectedEOF
	}
	if r.err != nil {
		clear(b)
	}
}

func (r *exportReader) string() string {
	n := r.number()
	if n > maxExportString && r.err == nil {
		r.err = fmt.Errorf("the export has a string of %d bytes; at most %d are allowed", n, maxExportString)
	}
	if r.err != nil {
		return ""
	}
	b := make([]byte, (n+7)&^7)
	r.full(b)
	for _, c := range b[n:] {
		if c != 0 && r.err == nil {
			r.err = fmt.Errorf("padding in the export is not zero")
		}
	}
	return string(b[:n])
}

func (r *exportReader) path() storepath.Path { return r.parse(r.string()) }

func (r *exportReader) parse(s string) storepath.Path {
	if r.err != nil {
		return ""
	}
	var p storepath.Path
	p, r.err = r.dir.Parse(s)
	return p
}
