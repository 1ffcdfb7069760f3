package lock

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxDepth is more than a lock needs.
const maxDepth = 16

// checkJSON refuses what encoding/json would let pass and other readers
// (Nix's builtins.fromJSON, for one) take in another way: bytes that are not
// UTF-8 and a key given twice in one object.
func checkJSON(b []byte) error {
	if !utf8.Valid(b) {
		return errors.New("it is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := walk(d, 0); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("there is something after the end of the JSON text")
	}
	return nil
}

func walk(d *json.Decoder, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("it is nested more than %d deep", maxDepth)
	}
	tok, err := d.Token()
	if err != nil {
		return err
	}
	delim, ok := tok.(json.Delim)
	if !ok {
		return nil
	}
	seen := map[string]bool{}
	for d.More() {
		if delim == '{' {
			key, err := d.Token()
			if err != nil {
				return err
			}
			// encoding/json takes "Version" for "version".
			name := strings.ToLower(fmt.Sprint(key))
			if seen[name] {
				return fmt.Errorf("the key %q is given twice", key)
			}
			seen[name] = true
		}
		if err := walk(d, depth+1); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

// decodeStrict decodes b into l and refuses keys that l has no place for.
func decodeStrict(b []byte, l *Lock) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return d.Decode(l)
}
