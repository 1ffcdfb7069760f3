// Package settings has the settings of Nix: their names and kinds, and the
// values that nix.conf, the environment and a command line give them.
//
// The names are those of Nix 2.34 ("nix config show") and isomorph's own. A
// setting that isomorph has no use for is accepted, so that a nix.conf which
// was written for Nix can be read; doc/compat.md lists them.
package settings

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kind says what values a setting takes.
type Kind uint8

// The kinds of settings.
const (
	Bool   Kind = iota // true, yes, 1; false, no, 0
	Number             // a whole number, or "auto" where Nix allows it
	Text               // anything
	List               // words; "extra-NAME" adds to it
	Size               // a number of bytes, with K, M, G or T for powers of 1024
	Mode               // a Bool that has a third word: sandbox = relaxed
)

// Setting is one assignment.
type Setting struct{ Name, Value string }

// Values are the settings that somebody has set, by their own names: aliases
// are resolved, and lists joined.
type Values map[string]string

// ErrUnknown is what Set returns for a name that no setting has.
var ErrUnknown = errors.New("unknown setting")

// Lookup returns the name of a setting that may be given by an alias.
func Lookup(name string) (string, Kind, bool) {
	if real, ok := aliases[name]; ok {
		name = real
	}
	kind, ok := kinds[name]
	return name, kind, ok
}

// Flag tells which setting a flag is: its own name, or "extra-" and the name of
// a list. boolean is true for one that takes no argument.
func Flag(flag string) (name string, boolean, ok bool) {
	name, kind, ok := Lookup(flag)
	if base, extra := strings.CutPrefix(flag, "extra-"); !ok && extra {
		name, kind, ok = Lookup(base)
		name, ok = "extra-"+name, ok && kind == List
	}
	return name, kind == Bool || kind == Mode, ok
}

// Names lists all settings of the given kinds, sorted.
func Names(of ...Kind) []string {
	var names []string
	for name, kind := range kinds {
		if slices.Contains(of, kind) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Set sets a setting, or adds to a list if the name begins with "extra-".
func (v Values) Set(name, value string) error {
	real, kind, ok := Lookup(name)
	if base, extra := strings.CutPrefix(name, "extra-"); !ok && extra {
		real, kind, ok = Lookup(base)
		if ok = ok && kind == List; ok {
			value = strings.TrimSpace(v[real] + " " + value)
		}
	}
	if !ok {
		return ErrUnknown
	}
	if err := check(real, kind, value); err != nil {
		return err
	}
	v[real] = value
	return nil
}

// check refuses what is no value of a setting, in Nix's words.
func check(name string, kind Kind, value string) error {
	switch kind {
	case Bool:
		if _, ok := parseBool(value); !ok {
			return fmt.Errorf("Boolean setting '%s' has invalid value '%s'", name, value)
		}
	case Mode:
		if _, ok := parseBool(value); !ok && value != "relaxed" {
			return fmt.Errorf("option '%s' has invalid value '%s'", name, value)
		}
	case Number:
		if _, err := strconv.ParseUint(value, 10, 64); err != nil && value != "auto" {
			return fmt.Errorf("setting '%s' has invalid value '%s'", name, value)
		}
	case Size:
		if _, ok := parseSize(value); !ok {
			return fmt.Errorf("setting '%s' has invalid value '%s': it is a number of bytes, such as 512M or 4G", name, value)
		}
	}
	return nil
}

func parseSize(value string) (bytes int64, ok bool) {
	shift := 0
	if i := strings.IndexByte("KMGT", (value + " ")[max(len(value)-1, 0)]); i >= 0 {
		shift = 10 * (i + 1)
		value = value[:len(value)-1]
	}
	n, err := strconv.ParseInt(value, 10, 64)
	return n << shift, err == nil && n >= 0 && n <= math.MaxInt64>>shift
}

func parseBool(value string) (b, ok bool) {
	switch value {
	case "true", "yes", "1":
		return true, true
	case "false", "no", "0":
		return false, true
	}
	return false, false
}

// Flag returns a Bool, def if it is not set.
func (v Values) Flag(name string, def bool) bool {
	if b, ok := parseBool(v[name]); ok {
		return b
	}
	return def
}

// Number returns a Number: def if it is not set, auto for "auto".
func (v Values) Number(name string, def, auto int) (int, error) {
	switch v[name] {
	case "":
		return def, nil
	case "auto":
		return auto, nil
	}
	n, err := strconv.Atoi(v[name])
	if err != nil || n < 0 {
		return 0, fmt.Errorf("setting '%s' has invalid value '%s'", name, v[name])
	}
	return n, nil
}

// Size returns a Size in bytes, def if it is not set.
func (v Values) Size(name string, def int64) int64 {
	if n, ok := parseSize(v[name]); ok {
		return n
	}
	return def
}

// Seconds returns a Number as a time.
func (v Values) Seconds(name string) (time.Duration, error) {
	n, err := v.Number(name, 0, 0)
	if err == nil && n > 1<<31 {
		err = fmt.Errorf("setting '%s' has invalid value '%s': that is more than %d seconds", name, v[name], 1<<31)
	}
	return time.Duration(n) * time.Second, err
}

// Words returns the words of a List.
func (v Values) Words(name string) []string { return strings.Fields(v[name]) }
