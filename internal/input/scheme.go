package input

import (
	"fmt"
	"maps"

	"isomorph/internal/flakeref"
)

// Features are the experimental features of Nix that decide about inputs.
type Features struct {
	Flakes          bool // types path, github, gitlab, sourcehut, indirect
	VerifiedFetches bool // attributes about signatures
}

// Normalise checks an input's attributes and brings them into the form in which
// they are compared and written to lock files. An input of an unknown type comes
// back as it is: only fetching it is an error.
func Normalise(in Attrs, f Features) (Attrs, error) {
	if typ := in.Type(); !f.Flakes && flakeref.Experimental(typ) {
		return nil, &FeatureError{"flakes"}
	}
	if _, ok := in["dir"]; ok {
		return nil, fmt.Errorf("input attribute 'dir' not supported by scheme '%s'", in.Type())
	}
	bare := maps.Clone(in)
	delete(bare, "__final")
	ref, err := flakeref.FromAttrs(flakeref.Attrs(bare))
	if err != nil {
		return nil, err
	}
	a := Attrs(maps.Clone(ref.Attrs))
	if final, ok := in["__final"]; ok {
		a["__final"] = final
	}
	return a, CheckHashes(a)
}

// CheckHashes checks the attributes that hold hashes.
func CheckHashes(a Attrs) error {
	for _, name := range []string{"rev", "narHash"} {
		if _, ok := a[name]; !ok {
			continue
		}
		if _, err := a.Need(name); err != nil {
			return err
		}
	}
	if rev, ok := a.Str("rev"); ok {
		if _, err := parseRev(rev); err != nil {
			return err
		}
	}
	_, err := a.narHash()
	return err
}

// URL returns an input as a URL, the form in which messages name it. The
// attributes must have been through [Normalise].
func URL(a Attrs) (*flakeref.URL, error) {
	bare := maps.Clone(a)
	delete(bare, "__final")
	return flakeref.Ref{Attrs: flakeref.Attrs(bare)}.URL()
}

// Describe is the input's URL for messages, without passwords.
func Describe(a Attrs) string {
	u, err := URL(a)
	if err != nil {
		return a.JSON()
	}
	return u.Redacted()
}

// IsDirect tells whether an input can be fetched as it is; if not, a registry
// has to say first what its name means.
func IsDirect(a Attrs) bool { return a.Type() != "indirect" }

// IsFinal tells whether the attributes are complete: those of a lock file, from
// which the store path follows.
func IsFinal(a Attrs) bool { return a.Bool("__final") }

// NullRev stands for a repository without commits.
const NullRev = "0000000000000000000000000000000000000000"

// IsLocked tells whether an input will always be the same tree. trustForges says
// that a revision alone is enough for an archive of GitHub and the like.
func IsLocked(a Attrs, trustForges bool) bool {
	_, hash := a.Str("narHash")
	switch a.Type() {
	case "git":
		return a.Rev() != "" && a.Rev() != NullRev
	case "hg":
		return a.Rev() != ""
	case "github", "gitlab", "sourcehut":
		return a.Rev() != "" && (trustForges || hash)
	case "path", "tarball", "file":
		return hash
	}
	return false
}
