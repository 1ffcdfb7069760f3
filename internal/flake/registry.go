package flake

import (
	"fmt"
	"slices"

	"isomorph/internal/flakeref"
)

// Entry of a registry: what a reference stands for.
type Entry struct {
	From, To flakeref.Ref
	Exact    bool // branch and commit must be those of From, too
}

// Registry is a list of entries, of which the first that fits counts.
type Registry struct {
	Kind    string // "flags", "user", "system" or "global"
	Entries []Entry

	// Flag and Global registries are the ones that may decide what the inputs
	// of a flake are; the user's and the system's would make a lock file
	// depend on who writes it.
	Limited bool
}

// ReadRegistry reads a registry file of version 2. What cannot be read is
// warned about and left out, as in Nix.
func ReadRegistry(text, name string, warn func(string)) []Entry {
	entries, err := readRegistry(text, name)
	if err != nil {
		warn(fmt.Sprintf("cannot read flake registry '%s': %s", name, err))
	}
	return entries
}

func readRegistry(text, name string) ([]Entry, error) {
	v, err := readJSON(text)
	if err != nil {
		return nil, err
	}
	top, _ := v.(object)
	if version, _ := top["version"].(int64); version != 2 {
		return nil, fmt.Errorf("flake registry '%s' has unsupported version %d", name, version)
	}
	list, _ := top["flakes"].([]any)
	var entries []Entry
	for _, item := range list {
		set, ok := item.(object)
		if !ok {
			return entries, fmt.Errorf("an entry is not a set")
		}
		from, err := refOf(set, "from", "")
		if err != nil {
			return entries, err
		}
		if to, ok := set["to"].(object); ok {
			delete(to, "__final") // what "nix registry pin" writes; it is pinned by the rest
		}
		to, err := refOf(set, "to", "")
		if err != nil {
			return entries, err
		}
		exact, _ := set["exact"].(bool)
		entries = append(entries, Entry{From: from, To: to, Exact: exact})
	}
	return entries, nil
}

// WriteRegistry returns the text of a registry file.
func WriteRegistry(entries []Entry) string {
	list := make([]any, len(entries))
	for i, e := range entries {
		item := object{"from": flakeref.Ref{Attrs: e.From.Attrs}.ToAttrs(), "to": e.To.ToAttrs()}
		if e.Exact {
			item["exact"] = true
		}
		list[i] = item
	}
	return WriteJSON(object{"version": int64(2), "flakes": list})
}

// Without returns the entries but for those of a reference.
func Without(entries []Entry, from flakeref.Ref) []Entry {
	return slices.DeleteFunc(slices.Clone(entries), func(e Entry) bool {
		return flakeref.Ref{Attrs: e.From.Attrs}.Equal(flakeref.Ref{Attrs: from.Attrs})
	})
}

// use says which registries a look-up may use.
type use uint8

const (
	useNone use = iota
	useLimited
	useAll
)

// maxResolve is how many entries may lead from one to the next.
const maxResolve = 100

// resolve looks a reference up until it is one that can be fetched.
func resolve(registries []Registry, ref flakeref.Ref, which use) (flakeref.Ref, error) {
	if which == useNone {
		return ref, nil
	}
	at, dir := flakeref.Ref{Attrs: ref.Attrs}, ref.Dir
	for range maxResolve {
		e := lookup(registries, at, which)
		if e == nil {
			if at.IsIndirect() {
				return at, fmt.Errorf("cannot find flake '%s' in the flake registries", at)
			}
			return flakeref.Ref{Attrs: at.Attrs, Dir: dir}, nil
		}
		next := flakeref.Ref{Attrs: e.To.Attrs}
		if !e.Exact {
			var branch, commit string
			if e.From.Str("ref") == "" {
				branch = at.Str("ref")
			}
			if e.From.Str("rev") == "" {
				commit = at.Str("rev")
			}
			var err error
			if next, err = next.With(branch, commit); err != nil {
				return at, err
			}
		}
		at, dir = next, ref.Dir
		if e.To.Dir != "" {
			dir = e.To.Dir
		}
	}
	return at, fmt.Errorf("cycle detected in flake registry for '%s'", at)
}

func lookup(registries []Registry, ref flakeref.Ref, which use) *Entry {
	for _, r := range registries {
		if which == useLimited && !r.Limited {
			continue
		}
		for i := range r.Entries {
			e := &r.Entries[i]
			from := flakeref.Ref{Attrs: e.From.Attrs}
			if e.Exact && from.Equal(ref) || !e.Exact && from.Covers(ref) {
				return e
			}
		}
	}
	return nil
}
