package eval

// Limits on single values. A program that doubles a string sixty times must end
// in an error and not take the machine with it; nothing that anybody wants
// comes near.
const (
	MaxStringSize = 1 << 30 // bytes
	MaxListSize   = 1 << 26 // elements
)

// CheckStringSize throws if a string of so many bytes is too long. Builtins
// call it before they make a string whose size depends on more than one
// argument.
func CheckStringSize(pos Pos, n int) {
	if n > MaxStringSize || n < 0 {
		panic(Errorf(KindEval, pos, "string too long: %d bytes are more than the limit of %d", n, MaxStringSize))
	}
}

// CheckListSize is CheckStringSize for the elements of a list.
func CheckListSize(pos Pos, n int) {
	if n > MaxListSize || n < 0 {
		panic(Errorf(KindEval, pos, "list too long: %d elements are more than the limit of %d", n, MaxListSize))
	}
}
