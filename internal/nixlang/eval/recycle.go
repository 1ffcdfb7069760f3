package eval

import "unsafe"

// Most frames and many thunks are of no use any more when the call that they
// were made for returns. To make new ones each time would cost more than all
// else in a call, mainly in fresh memory. So they are used again when it is
// certain that nothing refers to them.
//
// A frame is kept (envKept) when a thunk, a function or an inner frame is made
// that refers to it. The frame of a call that was not kept meanwhile is free
// when its body has run.
//
// A call lends its arguments: the thunk of an argument is in a slot of the
// callee's frame and nowhere else, and does not count as keeping the caller's
// frame yet. If the callee's frame is neither kept nor had its slots copied
// (envCopied), the thunk is free, too, when the call returns. Else it lives on,
// and only now it keeps the caller's frame.
//
// What is left by an error is never used again, because the way out of it passes
// by here.

// spareMax bounds how many free frames of a size, and thunks, are held back.
const spareMax = 1024

// spareSizes is the number of slots from which on frames are not used again.
const spareSizes = 9

// spares is a stack of free objects of one kind.
type spares[T any] struct {
	n    int
	free [spareMax]*T
}

// argument is an argument of a call.
type argument struct {
	node
	code *code // of a thunk that is made whenever the argument is delayed; nil if there may be none
}

func newArgument(n node) argument {
	switch n := n.(type) {
	case *var0Node, *var1Node, *var2Node, *varNode:
		return argument{node: n}
	case suspendable:
		return argument{node: n, code: n.self()}
	}
	return argument{node: n}
}

// lend returns the slot for an argument whose thunk, if it is one, comes back
// by takeBack or recycleThunk.
func (a *argument) lend(c *Ctx, e *env) Value {
	if a.code == nil {
		return a.delay(c, e)
	}
	s := &c.spareThunks
	if s.n == 0 {
		return c.newCodeThunk(a.code, unsafe.Pointer(e))
	}
	c.Stats.ThunksReused++
	s.n--
	t := s.free[s.n]
	t.p, t.code = unsafe.Pointer(e), a.code
	return Value{unsafe.Pointer(t), uint64(kThunk)}
}

// callFrame makes a frame of n empty slots for a call.
func (c *Ctx) callFrame(up *env, n int) *env {
	if n >= spareSizes {
		return c.newEnv(up, n)
	}
	s := &c.spareFrames[n]
	if s.n == 0 {
		return c.newEnv(up, n)
	}
	c.Stats.EnvsReused++
	s.n--
	e := s.free[s.n]
	e.up, e.flags = up, 0
	return e
}

// recycleFrame takes a frame of n slots that was made by callFrame and whose
// body has run.
func (c *Ctx) recycleFrame(e *env, n int) {
	if e.flags&envKept == 0 && n < spareSizes {
		if checkRecycled {
			spoilFrame(e, n)
			return
		}
		if s := &c.spareFrames[n]; s.n < spareMax {
			for i := range n {
				*e.slot(i) = Value{}
			}
			s.free[s.n] = e
			s.n++
		}
	}
}

// recycleThunk takes a thunk that was lent and that nobody has any more.
func (c *Ctx) recycleThunk(v Value) {
	if checkRecycled {
		spoilThunk((*Thunk)(v.p))
		return
	}
	if s := &c.spareThunks; s.n < spareMax {
		t := (*Thunk)(v.p)
		t.p = nil
		s.free[s.n] = t
		s.n++
	}
}

// callLending calls a simple function, with exactly its number of arguments,
// which are in e.
func (c *Ctx) callLending(cl *closure, args []argument, e *env, pos Pos) Value {
	c.enter(pos)
	g := c.callFrame(cl.env, len(args))
	for i := range args {
		*g.slot(i) = args[i].lend(c, e)
	}
	v := c.runBody(cl.fn, g, pos)
	c.depth--
	for i := range args {
		if args[i].code == nil {
			continue
		}
		if g.flags == 0 {
			c.recycleThunk(*g.slot(i))
		} else {
			e.keep()
		}
	}
	c.recycleFrame(g, len(args))
	return v
}

// callFormals calls a function with a set pattern with an argument that is in e.
// The thunk of the argument is of no more use when the frame has been filled.
func (c *Ctx) callFormals(cl *closure, arg *argument, e *env, pos Pos) Value {
	c.enter(pos)
	slot := arg.lend(c, e)
	g := c.callFrame(cl.env, cl.fn.slots)
	c.bindFormals(cl.fn, g, slot, pos)
	if arg.code != nil {
		c.recycleThunk(slot)
	}
	v := c.runBody(cl.fn, g, pos)
	c.depth--
	c.recycleFrame(g, cl.fn.slots)
	return v
}

// callTransient calls a builtin, with exactly its number of arguments, that
// does not keep all of them.
func (c *Ctx) callTransient(p *PrimOp, args []argument, e *env, pos Pos) Value {
	c.enter(pos)
	base := len(c.args)
	for i := range args {
		if p.Transient>>i&1 != 0 {
			c.args = append(c.args, args[i].lend(c, e))
		} else {
			c.args = append(c.args, args[i].delay(c, e))
		}
	}
	end := len(c.args)
	v := c.runPrimOp(p, c.args[base:end:end], pos)
	c.depth--
	for i := range args {
		if p.Transient>>i&1 != 0 && args[i].code != nil {
			c.recycleThunk(c.args[base+i])
		}
	}
	c.args = c.args[:base]
	return v
}
