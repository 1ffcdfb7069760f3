//go:build evalcheck

package eval

// With the tag evalcheck nothing is used again: what comes back is made
// unusable instead, so that whoever still has it fails at once.

const checkRecycled = true

type goneNode struct{}

func (goneNode) eval(*Ctx, *env) Value { panic("eval: a thunk was used after it had been given back") }
func (goneNode) delay(*Ctx, *env) Value {
	panic("eval: a thunk was delayed after it had been given back")
}

var goneCode = &code{node: goneNode{}}

func spoilThunk(t *Thunk) { t.p, t.code = nil, goneCode }

func spoilFrame(e *env, n int) {
	e.up = nil
	for i := range n {
		*e.slot(i) = Value{ptr(&Thunk{code: goneCode}), uint64(kThunk)}
	}
}
