package lock

import (
	"fmt"
	"maps"
	"slices"
)

// Differences lists in words how the pins of b differ from those of a, sorted by
// name.
func Differences(a, b *Lock) []string {
	var out []string
	names := map[string]bool{}
	for n := range a.Packages {
		names[n] = true
	}
	for n := range b.Packages {
		names[n] = true
	}
	for _, n := range slices.Sorted(maps.Keys(names)) {
		if d := difference(a.Packages[n], b.Packages[n]); d != "" {
			out = append(out, n+": "+d)
		}
	}
	for _, n := range slices.Sorted(maps.Keys(b.Sources)) {
		if s := a.Sources[n]; s == nil || *s != *b.Sources[n] {
			out = append(out, fmt.Sprintf("source %s: %s", n, b.Sources[n].Path))
		}
	}
	return out
}

func difference(a, b *Package) string {
	switch {
	case b == nil:
		return a.Version + " is no longer needed"
	case a == nil:
		return b.Version + " is new"
	case a.Version != b.Version:
		return a.Version + " becomes " + b.Version
	case a.SHA256 != b.SHA256:
		return fmt.Sprintf("%s has another file: SHA-256 %s becomes %s", a.Version, a.SHA256, b.SHA256)
	case a.Path != b.Path || a.Size != b.Size || a.Repository != b.Repository:
		return fmt.Sprintf("%s lies elsewhere: %s %s, %d bytes", a.Version, b.Repository, b.Path, b.Size)
	case !slices.Equal(a.Depends, b.Depends):
		return fmt.Sprintf("dependencies %v become %v", a.Depends, b.Depends)
	}
	return ""
}
