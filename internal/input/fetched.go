package input

import (
	"time"

	"isomorph/internal/nixhash"
	"isomorph/internal/storepath"
)

// Fetched is a fetched input.
type Fetched struct {
	Path storepath.Path // valid in the store

	// Locked describes the input with everything that was found out: rev,
	// lastModified, narHash ... It is what flake.lock holds of it.
	Locked Attrs

	// Fingerprint is equal for equal trees, if it is known otherwise than by
	// Locked: that of a changed work tree. It is "" for all others.
	Fingerprint string
}

// Rev returns the revision, "" if the input has none.
func (r *Fetched) Rev() string { return r.Locked.Rev() }

// ShortLen is how many digits of a revision Nix shows.
const ShortLen = 7

// ShortRev returns the beginning of the revision.
func (r *Fetched) ShortRev() string { return r.Rev()[:min(ShortLen, len(r.Rev()))] }

// DirtyRev returns the revision that a changed work tree is based on, and its
// short form; ok is false for all other inputs.
func (r *Fetched) DirtyRev() (rev, short string, ok bool) {
	rev, ok = r.Locked.Str("dirtyRev")
	short, _ = r.Locked.Str("dirtyShortRev")
	return rev, short, ok
}

// RevCount returns how many commits lead to the revision.
func (r *Fetched) RevCount() (uint64, bool) { return r.Locked.Int("revCount") }

// LastModified returns when the input was changed last, in seconds since 1970.
func (r *Fetched) LastModified() (uint64, bool) { return r.Locked.Int("lastModified") }

// LastModifiedDate is LastModified in the form 20060102150405.
func (r *Fetched) LastModifiedDate() string {
	t, _ := r.LastModified()
	return time.Unix(int64(t), 0).UTC().Format("20060102150405")
}

// NarHash returns the hash of the tree.
func (r *Fetched) NarHash() nixhash.Hash { return r.Locked.NarHash() }

// Submodules returns whether git submodules were asked for; ok is false for
// inputs of other types.
func (r *Fetched) Submodules() (with, ok bool) {
	return r.Locked.Bool("submodules"), r.Locked.Type() == "git"
}
