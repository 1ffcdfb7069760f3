package derivation

import (
	"maps"
	"slices"

	"isomorph/internal/storepath"
)

// Encode returns the canonical text of the .drv file.
func (d *Derivation) Encode(dir storepath.Dir) []byte {
	inputs := make([]input, 0, len(d.InputDrvs))
	for p, outputs := range d.InputDrvs {
		inputs = append(inputs, input{dir.Join(p), outputs})
	}
	return d.encode(make([]byte, 0, d.sizeHint()), dir, inputs, false)
}

// input is an element of the list inputDrvs; key is a .drv file's absolute name
// or, for a hash modulo, a hash in base 16.
type input struct {
	key     string
	outputs []string
}

// encode appends the derivation with the given inputs. With mask, the outputs'
// paths and the variables of the same name are blank.
func (d *Derivation) encode(buf []byte, dir storepath.Dir, inputs []input, mask bool) []byte {
	w := writer{buf: buf, dir: dir}
	w.raw("Derive([")
	w.outputs(d, mask)
	w.raw("],[")
	w.inputs(inputs)
	w.raw("],[")
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
	w.env(d, mask)
	w.raw("])")
	return w.buf
}

// sizeHint guesses the length of the text, so that most need one allocation.
func (d *Derivation) sizeHint() int {
	n := 512 + 110*len(d.InputDrvs) + 80*len(d.InputSrcs) + 200*len(d.Outputs)
	for k, v := range d.Env {
		n += len(k) + len(v) + len(v)/16 + 8
	}
	return n
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
		w.raw(w.dir.Join(p))
	}
	w.raw(`"`)
}

func (w *writer) string(s string) {
	w.buf = append(w.buf, '"')
	start := 0
	for i := range len(s) {
		e := escape(s[i])
		if e == 0 {
			continue
		}
		w.buf = append(w.buf, s[start:i]...)
		w.buf = append(w.buf, '\\', e)
		start = i + 1
	}
	w.buf = append(w.buf, s[start:]...)
	w.buf = append(w.buf, '"')
}

// escape returns the letter that stands for c after a backslash, 0 if c is
// written as it is.
func escape(c byte) byte {
	switch c {
	case '"', '\\':
		return c
	case '\n':
		return 'n'
	case '\r':
		return 'r'
	case '\t':
		return 't'
	}
	return 0
}

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
	for i, name := range d.OutputNames() {
		o := d.Outputs[name]
		if mask {
			o.Path = ""
		}
		w.comma(i)
		w.raw("(")
		w.plain(name)
		w.raw(",")
		w.path(o.Path)
		w.raw(",")
		w.string(o.HashAlgo)
		w.raw(",")
		w.string(o.Hash)
		w.raw(")")
	}
}

func (w *writer) inputs(inputs []input) {
	slices.SortFunc(inputs, func(a, b input) int {
		if a.key < b.key {
			return -1
		}
		return 1 // keys are distinct
	})
	for i, in := range inputs {
		w.comma(i)
		w.raw("(")
		w.string(in.key)
		w.raw(",")
		w.list(sorted(in.outputs), w.plain)
		w.raw(")")
	}
}

func (w *writer) env(d *Derivation, mask bool) {
	for i, name := range slices.Sorted(maps.Keys(d.Env)) {
		w.comma(i)
		w.raw("(")
		w.string(name)
		w.raw(",")
		if _, isOutput := d.Outputs[name]; mask && isOutput {
			w.raw(`""`)
		} else {
			w.string(d.Env[name])
		}
		w.raw(")")
	}
}
