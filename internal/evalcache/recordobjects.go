package evalcache

import (
	"strings"

	"isomorph/internal/derivation"
	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/storepath"
)

// AddPath adds a tree, and notes its path and what its filter left out.
func (r *Recorder) AddPath(req builtins.AddPathRequest) (storepath.Path, error) {
	t := Tree{Path: req.Path, Name: req.Name, Flat: req.Flat, References: req.References}
	if filter := req.Filter; filter != nil {
		req.Filter = func(path string, kind builtins.FileKind) (bool, error) {
			take, err := filter(path, kind)
			if err == nil && !take {
				t.Rejected = append(t.Rejected, Rejected{strings.TrimPrefix(strings.TrimPrefix(path, req.Path), "/"), kind})
			}
			return take, err
		}
	}
	end, plain := r.end(req.Path, false)
	t.Path = end
	real := r.world.Real(end)
	before, _ := lstat(real)
	p, err := r.inner.AddPath(req)
	if err != nil {
		r.spoilErr("add path", err)
		return "", err
	}
	// An object of a known hash is what it is, wherever it comes from.
	if !req.SHA256.IsZero() && !r.writes && r.object(p) {
		return p, nil
	}
	if plain && (req.SHA256.IsZero() || !r.writes) {
		t.Result = p
		r.seeTree(t, real, before)
	}
	if plain && !r.writes {
		r.takeFrom(p, end)
	}
	r.make(p, req.References)
	return p, nil
}

// takeFrom notes where the tree lies whose path was computed and that is not in
// the store: what is read in it from now on is read there.
func (r *Recorder) takeFrom(p storepath.Path, from string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.source[p] = from
}

func (r *Recorder) seeTree(t Tree, real string, before Fingerprint) {
	if after, ok := lstat(real); ok && after.isFile() && r.disks.trusted(after.Dev, real) {
		t.Fingerprint, t.Sure = after, sameStat(before, after, r.start)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trees = append(r.trees, t)
}

// AddText adds a text, whose path follows from the evaluation alone.
func (r *Recorder) AddText(name string, contents []byte, refs []storepath.Path) (storepath.Path, error) {
	p, err := r.inner.AddText(name, contents, refs)
	if err != nil {
		r.spoilErr("add text", err)
		return "", err
	}
	r.make(p, refs)
	return p, nil
}

// AddDerivation adds a derivation, likewise.
func (r *Recorder) AddDerivation(d *derivation.Derivation, f derivation.File) error {
	if err := r.inner.AddDerivation(d, f); err != nil {
		r.spoilErr("add derivation", err)
		return err
	}
	r.make(f.Path, d.InputSrcs)
	r.mu.Lock()
	defer r.mu.Unlock()
	for in := range d.InputDrvs.All() {
		r.referred[in] = true
	}
	return nil
}

// ReadDerivation reads a derivation, which must be an object of the store or of
// this evaluation to be remembered.
func (r *Recorder) ReadDerivation(p storepath.Path) (*derivation.Derivation, error) {
	d, err := r.inner.ReadDerivation(p)
	if err != nil {
		r.spoilErr("read derivation", err)
		return nil, err
	}
	r.mustHave(p)
	return d, nil
}

// Closure returns what an object refers to. References are part of the identity
// of each valid object.
func (r *Recorder) Closure(p storepath.Path) ([]storepath.Path, error) {
	all, err := r.inner.Closure(p)
	if err != nil {
		r.spoilErr("closure", err)
		return nil, err
	}
	for _, q := range all {
		r.object(q)
	}
	return all, nil
}

// References is likewise.
func (r *Recorder) References(p storepath.Path) ([]storepath.Path, error) {
	refs, err := r.inner.References(p)
	if err != nil {
		r.spoilErr("references", err)
		return nil, err
	}
	r.object(p)
	return refs, nil
}

// ContentAddress asks how a valid object is addressed. That follows from the
// object.
func (r *Recorder) ContentAddress(p storepath.Path) (string, error) {
	ca, err := r.inner.ContentAddress(p)
	if err != nil {
		r.spoilErr("content address", err)
		return "", err
	}
	r.object(p)
	return ca, nil
}

// IsValid tells whether an object is valid, and notes which it was.
func (r *Recorder) IsValid(p storepath.Path) bool {
	valid := r.inner.IsValid(p)
	if r.lookAt(p, false) != valid {
		r.Spoil("store object " + string(p) + " changed during the evaluation")
	}
	return valid
}

// EnsureValid makes sure that an object is valid. An evaluation that writes
// nothing does not look.
func (r *Recorder) EnsureValid(p storepath.Path) error {
	err := r.inner.EnsureValid(p)
	switch {
	case err != nil:
		r.spoilErr("make valid", err)
	case r.writes:
		r.mustHave(p)
	}
	return err
}

// Realise builds outputs and notes what came of it. If the outputs are valid
// later, with the same contents, building them again would change nothing.
func (r *Recorder) Realise(outputs []builtins.DerivationOutput) error {
	if err := r.inner.Realise(outputs); err != nil {
		r.spoilErr("build", err)
		return err
	}
	for _, o := range outputs {
		d, err := r.inner.ReadDerivation(o.Derivation)
		if err != nil {
			r.spoilErr("read derivation", err)
			continue
		}
		for name, out := range d.Outputs.All() {
			if o.Output == "" || o.Output == name {
				r.mustHave(out.Path)
			}
		}
	}
	return nil
}
