package derivation

import (
	"fmt"
	"slices"
	"sync"

	"isomorph/internal/nixhash"
	"isomorph/internal/storepath"
)

// maxDepth bounds the chain of input derivations; nixpkgs has about 300.
const maxDepth = 100_000

// Hasher computes hashes modulo fixed outputs and what follows from them. It
// remembers the hash of each derivation it has seen, so that a graph of
// derivations costs one encoding each. It may be used from several goroutines.
type Hasher struct {
	dir  storepath.Dir
	read func(storepath.Path) (*Derivation, error)

	mu   sync.Mutex
	memo map[storepath.Path]modulo
}

// modulo is what stands for an input derivation in the hash of another one. For
// a fixed output it stands for that output, which then counts as "out".
type modulo struct {
	hash    string   // in base 16
	outputs []string // names, sorted; nil for "out" alone
}

// has tells whether the derivation has an output.
func (m modulo) has(output string) bool {
	if m.outputs == nil {
		return output == "out"
	}
	_, ok := slices.BinarySearch(m.outputs, output)
	return ok
}

// NewHasher returns a Hasher that gets input derivations from read. It asks for
// each one at most once, and not for those given to [Hasher.Add].
func NewHasher(dir storepath.Dir, read func(storepath.Path) (*Derivation, error)) *Hasher {
	return &Hasher{dir: dir, read: read, memo: map[storepath.Path]modulo{}}
}

// Finish fills in the outputs of a derivation, as [Hasher.FillOutputs] does, hands
// its file to add, and returns the file's path. The text of the file is valid for
// the time of that call only. The derivation's hash is remembered: others may then
// have it as an input.
func (h *Hasher) Finish(d *Derivation, add func(File) error) (storepath.Path, error) {
	b := scratch.get()
	defer scratch.put(b)
	if err := h.fill(b, d); err != nil {
		return "", err
	}
	f := File{Text: d.encodeFile(b, h.dir), References: d.References()}
	var err error
	if f.Path, err = PathOf(h.dir, d.Name, f.Text, f.References); err != nil {
		return "", err
	}
	if err := add(f); err != nil {
		return "", err
	}
	m, fixed := h.fixed(d)
	if !fixed {
		m = h.byHash(b, d)
	}
	h.remember(f.Path, m)
	return f.Path, nil
}

func (h *Hasher) remember(p storepath.Path, m modulo) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.memo[p] = m
}

func (h *Hasher) known(p storepath.Path) (modulo, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	m, ok := h.memo[p]
	return m, ok
}

// FillOutputs sets the path of each output, and the variables named after the
// outputs to them. All else of d must be final.
func (h *Hasher) FillOutputs(d *Derivation) error {
	b := scratch.get()
	defer scratch.put(b)
	return h.fill(b, d)
}

// fill fills in the outputs. It leaves the tail of d's text in b, and the inputs
// by their hashes unless the output is fixed.
func (h *Hasher) fill(b *buffers, d *Derivation) error {
	for i := range d.Outputs {
		d.Env.Set(d.Outputs[i].Key, "") // its presence is hashed, its value is not
	}
	paths, err := h.outputPaths(b, d)
	if err != nil {
		return err
	}
	for i, p := range paths {
		d.Outputs[i].Value.Path = p
		d.Env.Set(d.Outputs[i].Key, h.dir.Join(p))
	}
	d.fillBlanks(b, h.dir)
	return nil
}

// Check tells whether d is what the .drv file p must hold: whether p is the
// path of d's text, and each output path and its variable the one that d gives.
// Without this check a forged .drv could claim somebody else's output path.
// Errors wrap [ErrInconsistent].
func (h *Hasher) Check(p storepath.Path, d *Derivation) error {
	want, err := d.Path(h.dir)
	if err != nil {
		return err
	}
	if p != want {
		return fmt.Errorf("%w '%s': its contents belong in '%s'", ErrInconsistent, h.dir.Join(p), h.dir.Join(want))
	}
	b := scratch.get()
	defer scratch.put(b)
	paths, err := h.outputPaths(b, d)
	if err != nil {
		return fmt.Errorf("while checking derivation '%s': %w", h.dir.Join(p), err)
	}
	for i, o := range d.Outputs {
		if err := h.checkOutput(d, o.Key, paths[i]); err != nil {
			return fmt.Errorf("%w '%s': %w", ErrInconsistent, h.dir.Join(p), err)
		}
	}
	return nil
}

func (h *Hasher) checkOutput(d *Derivation, name string, want storepath.Path) error {
	if got := d.Outputs.At(name).Path; got != want {
		return fmt.Errorf("derivation has incorrect output '%s', should be '%s'", h.dir.Join(got), h.dir.Join(want))
	}
	value, ok := d.Env.Get(name)
	if !ok {
		return fmt.Errorf("derivation has missing environment variable '%s', should be '%s' but is not present", name, h.dir.Join(want))
	}
	if value != h.dir.Join(want) {
		return fmt.Errorf("derivation has incorrect environment variable '%s', should be '%s' but is actually '%s'", name, h.dir.Join(want), value)
	}
	return nil
}

// outputPaths returns the paths of d's outputs, in their order. It leaves in b
// what fill says, the tail with blanks.
func (h *Hasher) outputPaths(b *buffers, d *Derivation) ([]storepath.Path, error) {
	b.blanks = b.blanks[:0]
	b.tail = d.tail(b.tail[:0], h.dir, &b.blanks)
	paths := make([]storepath.Path, len(d.Outputs))
	if d.IsFixed() {
		p, err := d.Outputs.At("out").FixedPath(h.dir, "out", d.Name)
		paths[0] = p
		return paths, err
	}
	if err := h.inputs(b, d, 0); err != nil {
		return nil, err
	}
	sum := nixhash.Sum(nixhash.SHA256, d.encodeByHash(b, h.dir, true))
	for i := range d.Outputs {
		p, err := h.dir.MakeOutput(d.Outputs[i].Key, sum, d.Name)
		if err != nil {
			return nil, err
		}
		paths[i] = p
	}
	return paths, nil
}

// modulo returns the hash of d as an input: its output paths are part of it.
func (h *Hasher) modulo(d *Derivation, depth int) (modulo, error) {
	if m, ok := h.fixed(d); ok {
		return m, nil
	}
	b := scratch.get()
	defer scratch.put(b)
	if err := h.inputs(b, d, depth); err != nil {
		return modulo{}, err
	}
	b.tail = d.tail(b.tail[:0], h.dir, nil)
	return h.byHash(b, d), nil
}

// byHash returns the hash of d as an input, whose tail and inputs are in b, if its
// output is not fixed.
func (h *Hasher) byHash(b *buffers, d *Derivation) modulo {
	m := modulo{hash: hashOf(d.encodeByHash(b, h.dir, false))}
	if len(d.Outputs) > 1 || !d.Outputs.Has("out") {
		m.outputs = d.OutputNames()
	}
	return m
}

// fixed returns the hash of d as an input if its output is fixed, which does not
// depend on anything else than that output.
func (h *Hasher) fixed(d *Derivation) (m modulo, ok bool) {
	if !d.IsFixed() {
		return modulo{}, false
	}
	o := d.Outputs.At("out")
	return modulo{hash: hashOf([]byte("fixed:out:" + o.HashAlgo + ":" + o.Hash + ":" + h.dir.Join(o.Path)))}, true
}

func hashOf(text []byte) string { return nixhash.Sum(nixhash.SHA256, text).Base16() }

// buffers are what a derivation is written into, used again for the next one.
type buffers struct {
	text, tail, filled []byte
	blanks             []int // where in the tail the paths of the outputs belong
	inputs             []input
}

// scratch has buffers for whoever needs some.
var scratch bufferPool

type bufferPool struct{ pool sync.Pool }

func (p *bufferPool) get() *buffers {
	if b, ok := p.pool.Get().(*buffers); ok {
		return b
	}
	return new(buffers)
}

// maxKept is the size of a text in bytes from which on its buffers are not kept.
const maxKept = 1 << 20

func (p *bufferPool) put(b *buffers) {
	if cap(b.text)+cap(b.tail)+cap(b.filled) > maxKept {
		return
	}
	clear(b.inputs)
	p.pool.Put(b)
}

// inputs puts d's input derivations into b by their hashes, sorted. Two inputs
// can have the same one, as fixed outputs do that differ only in their URLs; they
// merge.
func (h *Hasher) inputs(b *buffers, d *Derivation, depth int) error {
	b.inputs = b.inputs[:0]
	for p, outputs := range d.InputDrvs.All() {
		m, err := h.input(p, depth)
		if err != nil {
			return err
		}
		outputs = sorted(outputs)
		for _, o := range outputs {
			if !m.has(o) { // as in Nix it is d that is named
				return fmt.Errorf("no hash for output '%s' of derivation '%s'", o, d.Name)
			}
		}
		b.inputs = append(b.inputs, input{m.hash, outputs})
	}
	slices.SortStableFunc(b.inputs, compareInputs)
	list := b.inputs[:0]
	for _, in := range b.inputs {
		if n := len(list); n > 0 && list[n-1].hash == in.hash {
			list[n-1].outputs = slices.Compact(slices.Sorted(slices.Values(slices.Concat(list[n-1].outputs, in.outputs))))
			continue
		}
		list = append(list, in)
	}
	b.inputs = list
	return nil
}

func (h *Hasher) input(p storepath.Path, depth int) (modulo, error) {
	if m, ok := h.known(p); ok {
		return m, nil
	}
	if depth >= maxDepth {
		return modulo{}, fmt.Errorf("%w: more than %d derivations in a chain at '%s'", ErrInconsistent, maxDepth, h.dir.Join(p))
	}
	d, err := h.read(p)
	if err != nil {
		return modulo{}, fmt.Errorf("cannot read derivation '%s': %w", h.dir.Join(p), err)
	}
	m, err := h.modulo(d, depth+1)
	if err == nil {
		h.remember(p, m)
	}
	return m, err
}
