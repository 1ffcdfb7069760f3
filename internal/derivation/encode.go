package derivation

import (
	"cmp"
	"slices"

	"isomorph/internal/storepath"
)

// A derivation is written up to three times when it is made: twice to be hashed
// only, with its outputs blank and with its inputs by their hashes, and once as
// its .drv file. What follows the input derivations, most of the text, is the
// same each time but for the paths of the outputs, so it is written once.

// Encode returns the canonical text of the .drv file.
func (d *Derivation) Encode(dir storepath.Dir) []byte {
	b := scratch.get()
	defer scratch.put(b)
	b.tail = d.tail(b.tail[:0], dir, nil)
	return slices.Clone(d.encodeFile(b, dir))
}

// encodeFile writes the text of the .drv file; b.tail is written already.
func (d *Derivation) encodeFile(b *buffers, dir storepath.Dir) []byte {
	w := d.begin(b, dir, false)
	for i := range d.InputDrvs {
		w.comma(i)
		w.raw("(")
		w.path(d.InputDrvs[i].Key)
		w.used(sorted(d.InputDrvs[i].Value))
	}
	return w.end(b)
}

// encodeByHash writes the text with the inputs by their hashes; b.tail is written
// already. With mask, the outputs' paths are blank.
func (d *Derivation) encodeByHash(b *buffers, dir storepath.Dir, mask bool) []byte {
	w := d.begin(b, dir, mask)
	for i := range b.inputs {
		w.comma(i)
		w.raw("(")
		w.string(b.inputs[i].hash)
		w.used(b.inputs[i].outputs)
	}
	return w.end(b)
}

// begin writes what is before the input derivations.
func (d *Derivation) begin(b *buffers, dir storepath.Dir, mask bool) *writer {
	w := &writer{buf: b.text[:0], dir: dir}
	w.raw("Derive([")
	w.outputs(d, mask)
	w.raw("],[")
	return w
}

// used ends an input derivation with the outputs that are used of it.
func (w *writer) used(outputs []string) {
	w.raw(",")
	w.list(outputs, w.plain)
	w.raw(")")
}

// end writes what is behind the input derivations, and returns the text.
func (w *writer) end(b *buffers) []byte {
	w.raw("]")
	b.text = append(w.buf, b.tail...)
	return b.text
}

// input is an input derivation as it counts in a hash modulo: its own one in
// base 16, and the outputs used.
type input struct {
	hash    string
	outputs []string
}

func compareInputs(a, b input) int { return cmp.Compare(a.hash, b.hash) }

// tail appends what follows the input derivations. If blanks is not nil, the
// variables named after outputs are blank, and where their values belong is
// appended to it.
func (d *Derivation) tail(buf []byte, dir storepath.Dir, blanks *[]int) []byte {
	w := writer{buf: buf, dir: dir}
	w.raw(",[")
	for i, p := range sorted(d.InputSrcs) {
		w.comma(i)
		w.path(p)
	}
	w.raw("],")
	w.plain(d.System)
	w.raw(",")
	w.string(d.Builder)
	w.raw(",")
	w.list(d.Args, w.string)
	w.raw(",[")
	for i := range d.Env {
		e := &d.Env[i]
		w.comma(i)
		w.raw("(")
		w.string(e.Key)
		w.raw(",")
		if blanks != nil && d.Outputs.Has(e.Key) {
			*blanks = append(*blanks, len(w.buf)+1)
			w.raw(`""`)
		} else {
			w.string(e.Value)
		}
		w.raw(")")
	}
	w.raw("])")
	return w.buf
}

// fillBlanks puts the paths of the outputs, which are the values of the variables
// named after them, into a tail that was written without them.
func (d *Derivation) fillBlanks(b *buffers, dir storepath.Dir) {
	w := writer{buf: b.filled[:0], dir: dir}
	from, next := 0, 0
	for i := range d.Env {
		if next < len(b.blanks) && d.Outputs.Has(d.Env[i].Key) {
			w.buf = append(w.buf, b.tail[from:b.blanks[next]]...)
			w.escaped(d.Env[i].Value)
			from = b.blanks[next]
			next++
		}
	}
	w.buf = append(w.buf, b.tail[from:]...)
	b.tail, b.filled = w.buf, b.tail
}

// sorted returns s if it is sorted and else a sorted copy.
func sorted[T ~string](s []T) []T {
	if slices.IsSorted(s) {
		return s
	}
	return slices.Sorted(slices.Values(s))
}

type writer struct {
	buf []byte
	dir storepath.Dir
}

func (w *writer) raw(s string) { w.buf = append(w.buf, s...) }

func (w *writer) comma(i int) {
	if i > 0 {
		w.buf = append(w.buf, ',')
	}
}

func (w *writer) path(p storepath.Path) {
	w.raw(`"`)
	if p != "" {
		w.raw(string(w.dir))
		w.raw("/")
		w.raw(string(p))
	}
	w.raw(`"`)
}

func (w *writer) string(s string) {
	w.buf = append(w.buf, '"')
	w.escaped(s)
	w.buf = append(w.buf, '"')
}

func (w *writer) escaped(s string) {
	start := 0
	for i := range len(s) {
		e := escapes[s[i]]
		if e == 0 {
			continue
		}
		w.buf = append(w.buf, s[start:i]...)
		w.buf = append(w.buf, '\\', e)
		start = i + 1
	}
	w.buf = append(w.buf, s[start:]...)
}

// escapes has, for each byte, the letter that stands for it after a backslash, 0
// if it is written as it is.
var escapes = [256]byte{'"': '"', '\\': '\\', '\n': 'n', '\r': 'r', '\t': 't'}

// plain writes a string in which Nix escapes nothing: the system, and names of
// outputs.
func (w *writer) plain(s string) {
	w.raw(`"`)
	w.raw(s)
	w.raw(`"`)
}

func (w *writer) list(s []string, write func(string)) {
	w.raw("[")
	for i, e := range s {
		w.comma(i)
		write(e)
	}
	w.raw("]")
}

func (w *writer) outputs(d *Derivation, mask bool) {
	for i := range d.Outputs {
		o := &d.Outputs[i].Value
		w.comma(i)
		w.raw("(")
		w.plain(d.Outputs[i].Key)
		w.raw(",")
		if mask {
			w.raw(`""`)
		} else {
			w.path(o.Path)
		}
		w.raw(",")
		w.string(o.HashAlgo)
		w.raw(",")
		w.string(o.Hash)
		w.raw(")")
	}
}
