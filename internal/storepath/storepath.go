// Package storepath makes, parses and prints the names of store objects.
//
// A store path is "/nix/store/<hash>-<name>". The hash is 20 bytes in Nix's
// base 32 and stands for everything that went into the object: its kind, a
// digest of its contents or of its recipe, the store directory and the name.
// The directory is part of what is hashed, so it is logical and always
// "/nix/store", wherever the store's files lie on this machine.
//
// The program passes paths around as [Path], the base name alone. [Dir] adds
// and removes the directory.
package storepath

import (
	"errors"
	"fmt"
	"strings"

	"isomorph/internal/nixbase32"
)

const (
	// HashSize is the length of a store path's hash in bytes.
	HashSize = 20
	// HashLen is its length as text.
	HashLen = 32
	// MaxNameLen is the length in bytes of the longest name.
	MaxNameLen = 211
	// DerivationSuffix ends the name of each store derivation.
	DerivationSuffix = ".drv"
)

var (
	// ErrBadName is wrapped by the error for a name no store object can have.
	ErrBadName = errors.New("bad store path name")
	// ErrNotInStore is wrapped by the error for a path outside the store.
	ErrNotInStore = errors.New("not in the Nix store")
	// ErrBadPath is wrapped by the error for a malformed store path.
	ErrBadPath = errors.New("bad store path")
)

// textError has a text of its own, which must be Nix's, and wraps a sentinel.
type textError struct {
	text string
	kind error
}

func (e *textError) Error() string { return e.text }
func (e *textError) Unwrap() error { return e.kind }

func errorf(kind error, format string, args ...any) error {
	return &textError{fmt.Sprintf(format, args...), kind}
}

// Path is the base name of a store object, "<32 digits>-<name>". A Path that
// did not come from this package's functions must go through [ParseBase].
type Path string

// HashPart returns the 32 digits.
func (p Path) HashPart() string { return string(p[:HashLen]) }

// Name returns what follows the hash and its dash.
func (p Path) Name() string { return string(p[HashLen+1:]) }

// IsDerivation tells whether the name ends in ".drv".
func (p Path) IsDerivation() bool { return strings.HasSuffix(string(p), DerivationSuffix) }

// ParseBase checks a base name.
func ParseBase(s string) (Path, error) {
	if len(s) < HashLen+1 {
		return "", errorf(ErrBadPath, "'%s' is too short to be a valid store path", s)
	}
	if s[HashLen] != '-' {
		return "", errorf(ErrBadPath, "'%s' can't name a store path because the hash part is not followed by a '-'", s)
	}
	for i := range HashLen {
		if !nixbase32.ValidString(s[i : i+1]) {
			return "", errorf(ErrBadPath, "store path '%s' contains illegal base-32 character '%c'", s, s[i])
		}
	}
	if err := CheckName(s[HashLen+1:]); err != nil {
		return "", errorf(ErrBadPath, "path '%s' is not a valid store path: %s", s, err)
	}
	return Path(s), nil
}

// CheckName tells why a store object cannot be called name, nil if it can. The
// error wraps [ErrBadName] and has the text of Nix's.
func CheckName(name string) error {
	if name == "" {
		return errorf(ErrBadName, "name must not be empty")
	}
	if len(name) > MaxNameLen {
		return errorf(ErrBadName, "name '%s' must be no longer than %d characters", name, MaxNameLen)
	}
	// "." and ".." would leave the store once a tool cuts the name at a dash.
	switch first, _, dash := strings.Cut(name, "-"); {
	case first != "." && first != "..":
	case !dash:
		return errorf(ErrBadName, "name '%s' is not valid", name)
	default:
		return errorf(ErrBadName, "name '%s' is not valid: first dash-separated component must not be '%s'", name, first)
	}
	for i := range len(name) {
		if !validNameByte(name[i]) {
			return errorf(ErrBadName, "name '%s' contains illegal character '%s'", name, name[i:i+1])
		}
	}
	return nil
}

func validNameByte(c byte) bool {
	switch {
	case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		return true
	}
	return strings.IndexByte("+-._?=", c) >= 0
}
