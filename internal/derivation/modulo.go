package derivation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
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
	hash    nixhash.Hash
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

// Add computes and remembers the hash of a finished derivation, which others
// may then have as an input.
func (h *Hasher) Add(p storepath.Path, d *Derivation) error {
	m, err := h.modulo(d, 0)
	if err == nil {
		h.remember(p, m)
	}
	return err
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
// outputs to them. All else of d must be final; d.Env must not be nil.
func (h *Hasher) FillOutputs(d *Derivation) error {
	for name := range d.Outputs {
		d.Env[name] = "" // its presence is hashed, its value is not
	}
	paths, err := h.outputPaths(d)
	if err != nil {
		return err
	}
	for name, p := range paths {
		o := d.Outputs[name]
		o.Path = p
		d.Outputs[name] = o
		d.Env[name] = h.dir.Join(p)
	}
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
	paths, err := h.outputPaths(d)
	if err != nil {
		return fmt.Errorf("while checking derivation '%s': %w", h.dir.Join(p), err)
	}
	for _, name := range d.OutputNames() {
		if err := h.checkOutput(d, name, paths[name]); err != nil {
			return fmt.Errorf("%w '%s': %w", ErrInconsistent, h.dir.Join(p), err)
		}
	}
	return nil
}

func (h *Hasher) checkOutput(d *Derivation, name string, want storepath.Path) error {
	if got := d.Outputs[name].Path; got != want {
		return fmt.Errorf("derivation has incorrect output '%s', should be '%s'", h.dir.Join(got), h.dir.Join(want))
	}
	value, ok := d.Env[name]
	if !ok {
		return fmt.Errorf("derivation has missing environment variable '%s', should be '%s' but is not present", name, h.dir.Join(want))
	}
	if value != h.dir.Join(want) {
		return fmt.Errorf("derivation has incorrect environment variable '%s', should be '%s' but is actually '%s'", name, h.dir.Join(want), value)
	}
	return nil
}

func (h *Hasher) outputPaths(d *Derivation) (map[string]storepath.Path, error) {
	paths := make(map[string]storepath.Path, len(d.Outputs))
	if d.IsFixed() {
		p, err := d.Outputs["out"].FixedPath(h.dir, "out", d.Name)
		paths["out"] = p
		return paths, err
	}
	inputs, err := h.inputs(d, 0)
	if err != nil {
		return nil, err
	}
	sum := d.digest(h.dir, inputs, true)
	for _, name := range d.OutputNames() { // the first bad name is the one that is told
		p, err := h.dir.MakeOutput(name, sum, d.Name)
		if err != nil {
			return nil, err
		}
		paths[name] = p
	}
	return paths, nil
}

// modulo returns the hash of d as an input: its output paths are part of it.
func (h *Hasher) modulo(d *Derivation, depth int) (modulo, error) {
	if d.IsFixed() {
		o := d.Outputs["out"]
		text := strings.Join([]string{"fixed:out", o.HashAlgo, o.Hash, h.dir.Join(o.Path)}, ":")
		return modulo{hash: nixhash.Sum(nixhash.SHA256, []byte(text))}, nil
	}
	inputs, err := h.inputs(d, depth)
	if err != nil {
		return modulo{}, err
	}
	m := modulo{hash: d.digest(h.dir, inputs, false)}
	if _, ok := d.Outputs["out"]; !ok || len(d.Outputs) > 1 {
		m.outputs = d.OutputNames()
	}
	return m, nil
}

// texts are buffers for texts that are only hashed.
var texts = sync.Pool{New: func() any { return new([]byte) }}

// digest is the hash of what encode writes.
func (d *Derivation) digest(dir storepath.Dir, inputs []input, mask bool) nixhash.Hash {
	buf := texts.Get().(*[]byte)
	defer texts.Put(buf)
	*buf = d.encode((*buf)[:0], dir, inputs, mask)
	return nixhash.Sum(nixhash.SHA256, *buf)
}

// inputs returns d's input derivations by their hashes. Two inputs can have the
// same one, as fixed outputs do that differ only in their URLs; they merge.
func (h *Hasher) inputs(d *Derivation, depth int) ([]input, error) {
	at := make(map[string]int, len(d.InputDrvs))
	list := make([]input, 0, len(d.InputDrvs))
	for p, outputs := range d.InputDrvs {
		m, err := h.input(p, depth)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(outputs, func(o string) bool { return !m.has(o) }) {
			return nil, h.missingOutput(d)
		}
		key := m.hash.Base16()
		i, ok := at[key]
		if !ok {
			at[key] = len(list)
			list = append(list, input{key, outputs})
			continue
		}
		merged := slices.Sorted(slices.Values(slices.Concat(list[i].outputs, outputs)))
		list[i].outputs = slices.Compact(merged)
	}
	return list, nil
}

// missingOutput says which of the outputs that d uses does not exist: the first
// one in the order of the .drv file. As in Nix it is d that is named.
func (h *Hasher) missingOutput(d *Derivation) error {
	for _, p := range slices.Sorted(maps.Keys(d.InputDrvs)) {
		m, err := h.input(p, 0)
		if err != nil {
			return err
		}
		for _, o := range sorted(d.InputDrvs[p]) {
			if !m.has(o) {
				return fmt.Errorf("no hash for output '%s' of derivation '%s'", o, d.Name)
			}
		}
	}
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
