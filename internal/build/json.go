package build

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxJSONDepth bounds recursion over a value that a recipe's author wrote.
const maxJSONDepth = 1000

var errTooDeep = errors.New("JSON is nested more than 1000 deep")

// parseAttrs reads the __json attribute of a derivation. Numbers stay text.
func parseAttrs(encoded string) (map[string]any, error) {
	if jsonDepth(encoded) > maxJSONDepth {
		return nil, errTooDeep
	}
	d := json.NewDecoder(strings.NewReader(encoded))
	d.UseNumber()
	var v map[string]any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("cannot process __json attribute: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("cannot process __json attribute: more text after the value")
	}
	return v, nil
}

// jsonDepth returns how deep brackets are nested, strings left out.
func jsonDepth(s string) int {
	depth, deepest, inString := 0, 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest
}

// appendJSON writes v in the one form that Nix writes (nlohmann::json::dump):
// keys sorted by bytes, no blanks, nothing escaped but what must be. The
// standard library escapes U+2028 and <, > and &, so it cannot be used: the
// text reaches the build.
func appendJSON(b []byte, v any) ([]byte, error) {
	var err error
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case bool:
		return fmt.Append(b, v), nil
	case json.Number:
		return append(b, v...), nil
	case uint64:
		return fmt.Append(b, v), nil
	case string:
		return appendJSONString(b, v)
	case []any:
		b = append(b, '[')
		for i, e := range v {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = appendJSON(b, e); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	case map[string]any:
		return appendJSONObject(b, v)
	}
	return nil, fmt.Errorf("%T in structured attributes", v)
}

func appendJSONObject(b []byte, m map[string]any) ([]byte, error) {
	var err error
	b = append(b, '{')
	for i, k := range slices.Sorted(maps.Keys(m)) {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendJSONString(b, k); err != nil {
			return nil, err
		}
		if b, err = appendJSON(append(b, ':'), m[k]); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

var jsonEscapes = map[byte]string{'"': `\"`, '\\': `\\`, '\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`}

func appendJSONString(b []byte, s string) ([]byte, error) {
	if !utf8.ValidString(s) {
		return nil, fmt.Errorf("structured attributes hold invalid UTF-8: %q", s)
	}
	b = append(b, '"')
	for i := range len(s) {
		c := s[i]
		if e, ok := jsonEscapes[c]; ok {
			b = append(b, e...)
		} else if c < 0x20 {
			b = fmt.Appendf(b, `\u%04x`, c)
		} else {
			b = append(b, c)
		}
	}
	return append(b, '"'), nil
}
