// Package input says what an input is: a tree or a file that an attribute set
// describes, in the form in which builtins.fetchTree takes it and flake.lock
// holds it. It knows which attributes each type of input has, what they look
// like as a URL, and when they pin their tree. Fetching is package fetchtree's.
package input

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"isomorph/internal/flakeref"
	"isomorph/internal/nixhash"
)

// Attr is the value of an attribute: a string, a uint64 or a bool.
type Attr = any

// Attrs describes an input as builtins.fetchTree takes it and as flake.lock
// holds it, such as { type = "git"; url = ...; rev = ...; }.
type Attrs map[string]Attr

// Clone returns a copy.
func (a Attrs) Clone() Attrs { return maps.Clone(a) }

// Equal tells whether two inputs have the same attributes.
func (a Attrs) Equal(b Attrs) bool { return maps.Equal(a, b) }

// Names returns the names of the attributes, sorted.
func (a Attrs) Names() []string { return slices.Sorted(maps.Keys(a)) }

// JSON returns the attributes as one line of JSON, sorted by name.
func (a Attrs) JSON() string { return flakeref.Attrs(a).JSON() }

// Type returns the scheme, "" if there is none.
func (a Attrs) Type() string { s, _ := a["type"].(string); return s }

// Str returns a string attribute; ok is false if there is none, or another
// value.
func (a Attrs) Str(name string) (s string, ok bool) { s, ok = a[name].(string); return s, ok }

// Bool returns a Boolean attribute, false if there is none.
func (a Attrs) Bool(name string) bool { b, _ := a[name].(bool); return b }

// Int returns an integer attribute.
func (a Attrs) Int(name string) (n uint64, ok bool) { n, ok = a[name].(uint64); return n, ok }

// Rev returns the revision in base 16, "" if there is none. The attributes must
// have been through [Normalise].
func (a Attrs) Rev() string {
	s, ok := a.Str("rev")
	if !ok {
		return ""
	}
	h, err := parseRev(s)
	if err != nil {
		return s
	}
	return h.Base16()
}

// NarHash returns the hash of the tree, zero if there is none. The attributes
// must have been through [Normalise].
func (a Attrs) NarHash() nixhash.Hash {
	h, _ := a.narHash()
	return h
}

func (a Attrs) narHash() (nixhash.Hash, error) {
	s, ok := a.Str("narHash")
	switch {
	case !ok:
		return nixhash.Hash{}, nil
	case s == "":
		return nixhash.New(nixhash.SHA256, make([]byte, nixhash.SHA256.Size()))
	}
	h, err := nixhash.ParseSRI(s)
	if err == nil && h.Algorithm() != nixhash.SHA256 {
		err = fmt.Errorf("narHash must use SHA-256")
	}
	return h, err
}

// Name returns the name of the store object that the input becomes.
func (a Attrs) Name() string {
	if s, ok := a.Str("name"); ok {
		return s
	}
	return "source"
}

// parseRev reads a git revision: SHA-1, or with a prefix any algorithm.
func parseRev(s string) (nixhash.Hash, error) {
	if h, err := nixhash.Parse(s, 0); err == nil {
		return h, nil
	}
	return nixhash.Parse(s, nixhash.SHA1)
}

// Need returns a string attribute that must be there.
func (a Attrs) Need(name string) (string, error) {
	v, ok := a[name]
	if !ok {
		return "", fmt.Errorf("input attribute '%s' is missing", name)
	}
	s, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("input attribute '%s' is not a string %s", name, a.JSON())
	}
	return s, nil
}

// UnmarshalJSON reads the attributes of a lock file.
func (a *Attrs) UnmarshalJSON(b []byte) error {
	dec := json.NewDecoder(strings.NewReader(string(b)))
	dec.UseNumber()
	var raw map[string]any
	if err := dec.Decode(&raw); err != nil {
		return err
	}
	*a = make(Attrs, len(raw))
	for name, v := range raw {
		switch v := v.(type) {
		case string, bool:
			(*a)[name] = v
		case json.Number:
			var n uint64
			if err := json.Unmarshal([]byte(v), &n); err != nil {
				return fmt.Errorf("input attribute '%s': %s is not an unsigned integer", name, v)
			}
			(*a)[name] = n
		default:
			return fmt.Errorf("unsupported input attribute type in lock file: '%s'", name)
		}
	}
	return nil
}
