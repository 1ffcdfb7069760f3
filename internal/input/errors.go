package input

import (
	"fmt"

	"isomorph/internal/nixhash"
)

// FeatureError says that an input needs an experimental feature.
type FeatureError struct{ Feature string }

// Error has the text of Nix's error.
func (e *FeatureError) Error() string {
	return fmt.Sprintf("experimental Nix feature '%s' is disabled; add '--extra-experimental-features %[1]s' to enable it", e.Feature)
}

// MismatchError says that an input is not the tree that it was said to be.
type MismatchError struct {
	Input     string // without a password
	Want, Got nixhash.Hash
}

// Error has the text of Nix's error; in Nix the two hashes are swapped.
func (e *MismatchError) Error() string {
	return fmt.Sprintf("NAR hash mismatch in input '%s', expected '%s' but got '%s'", e.Input, e.Want.SRI(), e.Got.SRI())
}

// FetchError says which input could not be fetched.
type FetchError struct {
	Input string // without a password
	Err   error
}

// Error names the input and the reason.
func (e *FetchError) Error() string {
	return fmt.Sprintf("while fetching the input '%s': %v", e.Input, e.Err)
}

// Unwrap returns the reason.
func (e *FetchError) Unwrap() error { return e.Err }
