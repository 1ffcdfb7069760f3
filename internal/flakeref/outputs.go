package flakeref

import (
	"fmt"
	"slices"
	"strings"
)

// Outputs says which outputs of a derivation are meant: "^out,dev", "^*", or
// nothing for those that the derivation says itself.
type Outputs struct {
	Given bool
	All   bool
	Names []string // sorted
}

// CutOutputs takes the selection of outputs off the end of a text. check
// refuses names that no output can have.
func CutOutputs(text string, check func(name string) error) (rest string, o Outputs, err error) {
	i := strings.LastIndexByte(text, '^')
	if i < 0 {
		return text, Outputs{}, nil
	}
	if text[i+1:] == "*" {
		return text[:i], Outputs{Given: true, All: true}, nil
	}
	names := strings.Split(text[i+1:], ",")
	for _, n := range names {
		if err := check(n); err != nil {
			return "", Outputs{}, fmt.Errorf("invalid extended outputs specifier '%s'", text)
		}
	}
	slices.Sort(names)
	return text[:i], Outputs{Given: true, Names: slices.Compact(names)}, nil
}
