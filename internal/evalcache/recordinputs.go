package evalcache

import (
	"encoding/json"
	"strconv"
	"strings"

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
// possible as long as that is valid. One on this machine is fetched again to see
// whether it has changed.
func (r *Recorder) FetchTree(in input.Attrs) (*input.Fetched, error) {
	fixed := r.fixed(in)
	f, err := r.inner.FetchTree(in)
	switch {
	case err != nil:
		r.spoilErr("fetch", err)
	case !fixed && isLocal(in):
		r.local(in, f)
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

// isLocal tells whether an input is a directory or a git repository of this
// machine.
func isLocal(in input.Attrs) bool {
	switch in.Type() {
	case "path":
		return true
	case "git":
		url, _ := in["url"].(string)
		return strings.HasPrefix(url, "file://") || strings.HasPrefix(url, "/")
	}
	return false
}

// local notes an input of this machine.
func (r *Recorder) local(in input.Attrs, f *input.Fetched) {
	r.mustHave(f.Path)
	asked, err := json.Marshal(in)
	r.spoilErr("note an input", err)
	found, err := json.Marshal(f.Locked)
	r.spoilErr("note an input", err)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inputs = append(r.inputs, Input{string(asked), string(found), f.Path})
}

// check fetches the input again and compares.
func (i *Input) check(w World) error {
	in := input.Attrs{}
	d := json.NewDecoder(strings.NewReader(i.Attrs))
	d.UseNumber()
	if err := d.Decode(&in); err != nil {
		return err
	}
	for name, v := range in {
		if n, ok := v.(json.Number); ok {
			number, err := strconv.ParseUint(n.String(), 10, 64)
			if err != nil {
				return err
			}
			in[name] = number
		}
	}
	f, err := w.FetchTree(in)
	if err != nil {
		return err
	}
	found, err := json.Marshal(f.Locked)
	if err != nil {
		return err
	}
	if f.Path != i.Path || string(found) != i.Locked {
		return stale("'%s' has changed", input.Describe(in))
	}
	return nil
}
