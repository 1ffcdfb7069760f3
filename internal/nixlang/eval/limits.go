package eval

import (
	"strings"
	"unsafe"
)

// Limits on single values. A program that doubles a string sixty times must end
// in an error and not take the machine with it; nothing that anybody wants
// comes near.
const (
	MaxStringSize = 1 << 30 // bytes
	MaxListSize   = 1 << 26 // elements
)

// CheckStringSize throws if a string of so many bytes is too long, or there is
// no memory for it. Builtins call it before they make a string whose size
// depends on more than one argument.
func (c *Ctx) CheckStringSize(pos Pos, n int) {
	if n > MaxStringSize || n < 0 {
		panic(Errorf(KindEval, pos, "string too long: %d bytes are more than the limit of %d", n, MaxStringSize))
	}
	c.reserve(pos, int64(n))
}

// CheckListSize is CheckStringSize for the elements of a list.
func (c *Ctx) CheckListSize(pos Pos, n int) {
	if n > MaxListSize || n < 0 {
		panic(Errorf(KindEval, pos, "list too long: %d elements are more than the limit of %d", n, MaxListSize))
	}
	c.reserve(pos, int64(n)*int64(unsafe.Sizeof(Value{})))
}

// largeText is the size in bytes from which on a Text grows in few large steps:
// each step copies what is there and leaves it as garbage.
const largeText = 64 << 10

// Text is a string that is being written bit by bit and must not get too long.
type Text struct {
	strings.Builder
	checked int // capacity at the last check
}

// Check throws if the text is too long or the evaluation has been stopped. The
// size is looked at only when the memory of the text has been replaced by more.
func (t *Text) Check(c *Ctx) {
	c.Poll()
	if t.Len() > largeText && t.Cap()-t.Len() < largeText {
		t.Grow(largeText) // to more than the double; appending would add a quarter
	}
	if t.Cap() != t.checked {
		t.checked = t.Cap()
		c.CheckStringSize(0, t.Len())
	}
}
