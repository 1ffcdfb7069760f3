package evalcache

import (
	"encoding/binary"
	"errors"
)

// errCorrupt is the error of every record that cannot be read: whoever meets it
// evaluates, and deletes the file.
var errCorrupt = errors.New("not a record of this program")

// writer appends values to a buffer, numbers in the variable-length form of
// encoding/binary.
type writer struct{ b []byte }

func (w *writer) number(n uint64) { w.b = binary.AppendUvarint(w.b, n) }
func (w *writer) signed(n int64)  { w.b = binary.AppendVarint(w.b, n) }
func (w *writer) byte(c byte)     { w.b = append(w.b, c) }
func (w *writer) sum(s *Sum)      { w.b = append(w.b, s[:]...) }

func (w *writer) text(s string) {
	w.number(uint64(len(s)))
	w.b = append(w.b, s...)
}

func (w *writer) flag(f bool) {
	if f {
		w.byte(1)
	} else {
		w.byte(0)
	}
}

// list writes the length of a list and then its elements.
func list[T any](w *writer, all []T, one func(*T)) {
	w.number(uint64(len(all)))
	for i := range all {
		one(&all[i])
	}
}

// reader takes values from a buffer. After the first that is not there or makes
// no sense it is bad and returns zeros.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) fail() {
	r.bad = true
	r.b = nil
}

func (r *reader) number() uint64 {
	n, size := binary.Uvarint(r.b)
	if size <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *reader) signed() int64 {
	n, size := binary.Varint(r.b)
	if size <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *reader) bytes(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.fail()
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) text() string { return string(r.bytes(r.number())) }

// below reads a byte that must be less than limit.
func (r *reader) below(limit byte) byte {
	b := r.bytes(1)
	if len(b) == 0 || b[0] >= limit {
		r.fail()
		return 0
	}
	return b[0]
}

func (r *reader) flag() bool { return r.below(2) == 1 }

func (r *reader) sum() (s Sum) {
	copy(s[:], r.bytes(uint64(len(s))))
	return s
}

// readList reads what list wrote. Each element has at least one byte, so a
// length cannot ask for more memory than the file justifies.
func readList[T any](r *reader, one func(*T)) []T {
	n := r.number()
	if n > uint64(len(r.b)) {
		r.fail()
	}
	if r.bad || n == 0 {
		return nil
	}
	all := make([]T, n)
	for i := range all {
		one(&all[i])
		if r.bad {
			return nil
		}
	}
	return all
}
