package builtins

import "isomorph/internal/nixlang/eval"

// Limits that turn programs which would fill the memory into errors. They are
// far beyond what any real program makes; Nix has none and dies.
const (
	maxList   = 1 << 26 // elements of a list
	maxString = 1 << 30 // bytes of a string
)

// checkList throws if a list of n elements would be too long.
func checkList(n int) {
	if n > maxList {
		panic(eval.Errorf(eval.KindOther, 0, "cannot create list of size %d: the limit is %d elements", n, maxList))
	}
}

// checkString throws if a string of n bytes would be too long.
func checkString(n int) {
	if n > maxString {
		panic(eval.Errorf(eval.KindOther, 0, "cannot create a string of %d bytes or more: the limit is %d bytes", n, maxString))
	}
}
