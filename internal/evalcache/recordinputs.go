package evalcache

import (
	"isomorph/internal/input"
	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/storepath"
)

// Fetch downloads. What was downloaded must be an object of the store; what is
// not pinned by its hash must also still be what the URL stands for.
func (r *Recorder) Fetch(req builtins.FetchRequest) (storepath.Path, error) {
	p, err := r.inner.Fetch(req)
	if err != nil {
		r.spoilErr("download", err)
		return "", err
	}
	r.mustHave(p)
	if !req.SHA256.IsZero() {
		return p, nil
	}
	d := Download{req.URL, req.Name, req.Unpack, p}
	if now, ok := r.world.Downloaded(d.URL, d.Name, d.Unpack); !ok || now != p {
		r.Spoil("a download that is not remembered: " + req.URL)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.downloads = append(r.downloads, d)
	return p, nil
}

// FetchTree fetches an input. It is noted as an object if no other answer is
// possible as long as that is valid.
func (r *Recorder) FetchTree(in input.Attrs) (*input.Fetched, error) {
	fixed := r.fixed(in)
	f, err := r.inner.FetchTree(in)
	switch {
	case err != nil:
		r.spoilErr("fetch", err)
	case !fixed:
		r.Spoil("an input that is not locked: " + input.Describe(in))
	default:
		r.mustHave(f.Path)
	}
	return f, err
}

// fixed tells whether an input alone decides what fetching it gives: a commit,
// or an input of a lock file whose tree is in the store already. One that is
// not there yet is fetched, and may then be described in more words than next
// time.
func (r *Recorder) fixed(in input.Attrs) bool {
	if in.Type() == "git" {
		return input.IsLocked(in, false)
	}
	h := in.NarHash()
	if !input.IsFinal(in) || h.IsZero() {
		return false
	}
	p, err := r.dir.MakeFixed(in.Name(), true, h, nil)
	return err == nil && r.object(p)
}

// LookUpInput asks the registries of this machine and the network's, which can
// change at any time.
func (r *Recorder) LookUpInput(in input.Attrs) (input.Attrs, error) {
	r.Spoil("an input of a registry: " + input.Describe(in))
	return r.inner.LookUpInput(in)
}
