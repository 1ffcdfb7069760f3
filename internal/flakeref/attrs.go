package flakeref

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"isomorph/internal/nixhash"
)

// Attrs is a source as a set of attributes, as in builtins.fetchTree and in
// flake.lock. A value is a string, a uint64 or a bool.
type Attrs map[string]any

// JSON returns the attributes as one line of JSON, the form of messages.
func (a Attrs) JSON() string {
	if len(a) == 0 {
		return "null"
	}
	var b strings.Builder
	b.WriteByte('{')
	for i, name := range slices.Sorted(maps.Keys(a)) {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(QuoteJSON(name) + ":" + attrJSON(a[name]))
	}
	b.WriteByte('}')
	return b.String()
}

func attrJSON(v any) string {
	switch v := v.(type) {
	case uint64:
		return strconv.FormatUint(v, 10)
	case bool:
		return strconv.FormatBool(v)
	default:
		return QuoteJSON(v.(string))
	}
}

// QuoteJSON returns a string as JSON, written as Nix writes it: only what must
// be escaped is.
func QuoteJSON(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c >= ' ':
			b.WriteByte(c)
		case strings.IndexByte("\b\f\n\r\t", c) >= 0:
			b.WriteByte('\\')
			b.WriteByte("bfnrt"[strings.IndexByte("\b\f\n\r\t", c)])
		default:
			fmt.Fprintf(&b, `\u%04x`, c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// lookup returns a string attribute, and whether it is there.
func (a Attrs) lookup(name string) (string, bool, error) {
	v, ok := a[name]
	if !ok {
		return "", false, nil
	}
	s, ok := v.(string)
	if !ok {
		return "", false, fmt.Errorf("input attribute '%s' is not a string %s", name, a.JSON())
	}
	return s, true, nil
}

// str returns a string attribute that must be there.
func (a Attrs) str(name string) (string, error) {
	s, ok, err := a.lookup(name)
	if err == nil && !ok {
		err = fmt.Errorf("input attribute '%s' is missing", name)
	}
	return s, err
}

// isTrue returns a Boolean attribute, false if it is not there.
func (a Attrs) isTrue(name string) (bool, error) {
	v, ok := a[name]
	if !ok {
		return false, nil
	}
	b, ok := v.(bool)
	if !ok {
		return false, fmt.Errorf("input attribute '%s' is not a Boolean", name)
	}
	return b, nil
}

// number checks an integer attribute.
func (a Attrs) number(name string) error {
	if v, ok := a[name]; ok {
		if _, ok := v.(uint64); !ok {
			return fmt.Errorf("input attribute '%s' is not an integer", name)
		}
	}
	return nil
}

// rev returns the commit, in base 16; "" if there is none.
func (a Attrs) rev() (string, error) {
	s, ok, err := a.lookup("rev")
	if err != nil || !ok {
		return "", err
	}
	h, err := nixhash.Parse(s, 0)
	if err != nil {
		h, err = nixhash.Parse(s, nixhash.SHA1)
	}
	if err != nil {
		return "", err
	}
	return h.Base16(), nil
}

// narHash returns the hash of the tree in SRI form, "" if there is none.
func (a Attrs) narHash() (string, error) {
	s, ok, err := a.lookup("narHash")
	if err != nil || !ok {
		return "", err
	}
	if s == "" {
		h, err := nixhash.New(nixhash.SHA256, make([]byte, nixhash.SHA256.Size()))
		return h.SRI(), err
	}
	h, err := nixhash.ParseSRI(s)
	if err != nil {
		return "", err
	}
	if h.Algorithm() != nixhash.SHA256 {
		return "", fmt.Errorf("narHash must use SHA-256")
	}
	return h.SRI(), nil
}
