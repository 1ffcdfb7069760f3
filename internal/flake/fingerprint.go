package flake

import (
	"fmt"

	"isomorph/internal/flakeref"
	"isomorph/internal/nixhash"
)

// Fingerprint returns a hash that is equal for equal locked flakes, "" if the
// flake or one of its inputs is not locked.
func (l *Locked) Fingerprint(isLocked func(flakeref.Attrs) bool) string {
	if _, unlocked := l.Lock.Unlocked(isLocked); unlocked {
		return ""
	}
	ref := l.Locked
	source := l.fingerprint
	if source == "" {
		source = sourceFingerprint(ref)
	}
	if source == "" {
		return ""
	}
	text := fmt.Sprintf("%s;%s;%s", source, ref.Dir, l.Lock)
	if n, ok := ref.Attrs["revCount"]; ok {
		text += fmt.Sprintf(";revCount=%d", n)
	}
	if t, ok := ref.Attrs["lastModified"]; ok {
		text += fmt.Sprintf(";lastModified=%d", t)
	}
	return nixhash.Sum(nixhash.SHA256, []byte(text)).Base16()
}

// sourceFingerprint identifies the tree of a source.
func sourceFingerprint(ref flakeref.Ref) string {
	rev, narHash := ref.Str("rev"), ref.Str("narHash")
	switch {
	case ref.Type() == "tarball" && narHash != "":
		return narHash
	case ref.Type() == "path":
		return "path:" + narHash
	case rev == "" || ref.Type() == "file":
		return ""
	}
	for _, option := range []struct{ name, mark string }{{"submodules", ";s"}, {"exportIgnore", ";e"}, {"lfs", ";l"}} {
		if on, _ := ref.Attrs[option.name].(bool); on {
			rev += option.mark
		}
	}
	return rev
}
