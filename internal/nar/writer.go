package nar

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

// Writer writes one archive, node by node in the order of the format. It
// checks what it writes as strictly as [Read] checks what it reads.
//
//	w := nar.NewWriter(out)
//	w.Directory()            // the root
//	w.Entry("hello")         // names in ascending byte order
//	f := w.File(true, 12)    // executable, 12 bytes
//	io.WriteString(f, "#!/bin/sh\n:\n")
//	w.Leave()                // ends the directory
//	err := w.Close()
//
// Errors stick: after the first one every call does nothing, and Close
// returns it.
type Writer struct {
	out   io.Writer
	err   error
	stack []frame
	state writerState
	left  uint64 // of the current file's contents
	pad   int    // after the current file's contents
	files int
	buf   []byte
}

type frame struct {
	last    string // name of the entry written last
	started bool
}

type writerState uint8

const (
	wantNode  writerState = iota // a node has to come
	wantEntry                    // inside a directory
	inFile                       // contents have to come
	complete
)

// NewWriter starts an archive on out. Output is written in small pieces; give
// it a buffer when that matters.
func NewWriter(out io.Writer) *Writer {
	w := &Writer{out: out, buf: make([]byte, 0, 512)}
	w.token(Magic)
	return w
}

func (w *Writer) token(s string) {
	w.buf = binary.LittleEndian.AppendUint64(w.buf, uint64(len(s)))
	w.buf = append(w.buf, s...)
	w.buf = append(w.buf, make([]byte, padding(uint64(len(s))))...)
}

func (w *Writer) flush() {
	if w.err == nil {
		_, w.err = w.out.Write(w.buf)
	}
	w.buf = w.buf[:0]
}

func (w *Writer) fail(format string, args ...any) {
	if w.err == nil {
		w.err = formatErrorf("", format, args...)
	}
}

// node begins a node of the given type.
func (w *Writer) node(kind string) bool {
	if w.err == nil && w.state != wantNode {
		w.err = fmt.Errorf("nar: a %s was written where no node can stand", kind)
	}
	if w.files++; w.files > MaxFiles {
		w.fail("more than %d files", MaxFiles)
	}
	w.token("(")
	w.token("type")
	w.token(kind)
	return w.err == nil
}

// endNode ends a node, and the entry that it stands in.
func (w *Writer) endNode() {
	w.token(")")
	if len(w.stack) == 0 {
		w.state = complete
	} else {
		w.token(")")
		w.state = wantEntry
	}
	w.flush()
}

// Directory begins a directory.
func (w *Writer) Directory() {
	if !w.node("directory") {
		return
	}
	if len(w.stack) >= MaxDepth {
		w.fail("directories nest deeper than %d", MaxDepth)
		return
	}
	w.stack = append(w.stack, frame{})
	w.state = wantEntry
	w.flush()
}

// Entry begins an entry of the current directory; its node must follow.
func (w *Writer) Entry(name string) {
	if w.err != nil {
		return
	}
	if w.state != wantEntry {
		w.err = fmt.Errorf("nar: entry %q was written outside of a directory", name)
		return
	}
	if why := checkName(name); why != "" {
		w.fail("%s", why)
		return
	}
	top := &w.stack[len(w.stack)-1]
	if top.started && name <= top.last {
		w.fail("entry %q does not come after %q", name, top.last)
		return
	}
	top.started, top.last = true, strings.Clone(name)
	w.token("entry")
	w.token("(")
	w.token("name")
	w.token(name)
	w.token("node")
	w.state = wantNode
}

// Leave ends the current directory.
func (w *Writer) Leave() {
	if w.err != nil {
		return
	}
	if w.state != wantEntry {
		w.err = fmt.Errorf("nar: a directory was left that is not complete")
		return
	}
	w.stack = w.stack[:len(w.stack)-1]
	w.endNode()
}

// Symlink writes a symlink.
func (w *Writer) Symlink(target string) {
	if !w.node("symlink") {
		return
	}
	if why := checkTarget(target); why != "" {
		w.fail("%s", why)
		return
	}
	w.token("target")
	w.token(target)
	w.endNode()
}

// File begins a regular file of size bytes; exactly that many must then be
// written to the result.
func (w *Writer) File(executable bool, size uint64) io.Writer {
	if !w.node("regular") {
		return fileWriter{w}
	}
	if executable {
		w.token("executable")
		w.token("")
	}
	w.token("contents")
	w.buf = binary.LittleEndian.AppendUint64(w.buf, size)
	w.flush()
	w.state, w.left, w.pad = inFile, size, padding(size)
	w.finishFile()
	return fileWriter{w}
}

func (w *Writer) finishFile() {
	if w.left > 0 || w.err != nil {
		return
	}
	w.buf = append(w.buf, make([]byte, w.pad)...)
	w.endNode()
}

// fileWriter takes the contents of the current file.
type fileWriter struct{ w *Writer }

// Write passes contents on; more than announced is an error.
func (f fileWriter) Write(p []byte) (int, error) {
	w := f.w
	switch {
	case w.err != nil:
		return 0, w.err
	case len(p) == 0:
		return 0, nil
	case w.state != inFile || uint64(len(p)) > w.left:
		w.fail("a file is longer than announced")
		return 0, w.err
	}
	n, err := w.out.Write(p)
	w.left -= uint64(n)
	if err != nil {
		w.err = err
		return n, err
	}
	w.finishFile()
	return n, nil
}

// Err returns the first error, before Close does.
func (w *Writer) Err() error { return w.err }

// Close ends the archive; it fails unless the archive is complete. It does not
// close the underlying writer.
func (w *Writer) Close() error {
	if w.err == nil && w.state != complete {
		w.err = fmt.Errorf("nar: the archive was closed before it was complete")
	}
	return w.err
}
