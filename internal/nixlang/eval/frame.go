package eval

import (
	"fmt"
	"unsafe"
)

// frame is an entry of the stack of what is being evaluated. It costs a few
// stores to push one, and tells all that a trace needs if an error comes by;
// no code runs, and no defer is needed, to leave it.
type frame struct {
	p, q unsafe.Pointer
	pos  Pos
	kn   uint32 // kind in the low 4 bits, above them a number whose meaning is the kind's
}

func (f *frame) kind() frameKind { return frameKind(f.kn & 15) }
func (f *frame) n() uint32       { return f.kn >> 4 }

type frameKind uint32

const (
	frNone    frameKind = iota
	frThunk             // p = *Thunk, q = *code: restored on error
	frMsg               // p, n: a message
	frCall              // p = *lambda called at pos
	frPrim              // p = *PrimOp called at pos
	frSelect            // p = *selectNode, q = *env, n = names found, pos = of the last attribute found
	frAttr              // n = Sym: while evaluating the attribute
	frIndex             // n: while evaluating list element at index
	frFunctor           // a set with __functor called at pos
	frFunc              // p = *func() string
	frAlways            // p, n: a message that is always shown
)

func (c *Ctx) push(f frame) {
	if c.sp == len(c.frames) {
		c.growFrames()
	}
	c.frames[c.sp] = f
	c.sp++
}

func (c *Ctx) growFrames() {
	bigger := make([]frame, 2*len(c.frames))
	copy(bigger, c.frames)
	c.frames = bigger
}

func (c *Ctx) pushMsg(pos Pos, msg string) {
	c.push(frame{kn: uint32(frMsg) | uint32(len(msg))<<4, pos: pos, p: unsafe.Pointer(unsafe.StringData(msg))})
}

// PushTrace announces what is about to be done, as errors will tell it: "while
// ...". Each needs a [Ctx.PopTrace] on the normal way out.
func (c *Ctx) PushTrace(pos Pos, msg string) { c.pushMsg(pos, msg) }

// PushTraceFunc is PushTrace for a message that costs something to make; f is
// called only when an error passes.
func (c *Ctx) PushTraceFunc(pos Pos, f func() string) {
	// A func is a pointer to its closure; a pointer to f would be one more object.
	c.push(frame{kn: uint32(frFunc), pos: pos, p: *(*unsafe.Pointer)(unsafe.Pointer(&f))})
}

// PopTrace undoes one [Ctx.PushTrace] or [Ctx.PushTraceFunc].
func (c *Ctx) PopTrace() { c.sp-- }

// unwind takes the frames above sp off the stack, adding to the error what
// they say and settling thunks that were under evaluation.
func (c *Ctx) unwind(sp int, e *Error) {
	for i := c.sp - 1; i >= sp; i-- {
		if c.helper {
			c.unwindAhead(c.frames[i], e)
		} else {
			c.unwindFrame(c.frames[i], e)
		}
		c.frames[i] = frame{}
	}
	c.sp = sp
}

func (c *Ctx) unwindFrame(f frame, e *Error) {
	if e.loop != nil && f.kind() == frSelect {
		e.cycle = append(e.cycle, (*selectNode)(f.p).pos)
	} else if e.loop != nil && f.pos != 0 {
		e.cycle = append(e.cycle, f.pos)
	}
	switch f.kind() {
	case frThunk:
		t := (*Thunk)(f.p)
		if e.loop == t && t.loadCode() == blackholed {
			e.Trace = append(e.Trace, Trace{Msg: "entering the infinite recursion", Always: true})
			e.loop = nil
		}
		c.settle(t, (*code)(f.q), e)
	case frMsg, frAlways:
		e.addTrace(f.pos, unsafe.String((*byte)(f.p), int(f.n())), f.kind() == frAlways)
	case frCall:
		c.traceCall(e, (*lambda)(f.p), f.pos)
	case frPrim:
		if p := (*PrimOp)(f.p); !p.NoTrace {
			e.addTrace(f.pos, "while calling the '"+p.ShortName()+"' builtin", false)
		}
	case frSelect:
		(*selectNode)(f.p).trace(c, e, f)
	case frAttr:
		c.doubtCaught(Sym(f.n()), e)
		e.addTrace(f.pos, "while evaluating the attribute '"+c.ShowName(Sym(f.n()))+"'", false)
	case frIndex:
		e.addTrace(f.pos, fmt.Sprintf("while evaluating list element at index %d", f.n()), false)
	case frFunctor:
		e.addTrace(f.pos, "while calling a functor (an attribute set with a '__functor' attribute)", false)
	case frFunc:
		e.addTrace(f.pos, c.messageOf(*(*func() string)(unsafe.Pointer(&f.p))), false)
	}
}

// messageOf returns the message of a frame, none if it cannot be made: making
// it may evaluate, and nothing may be thrown while an error is on its way.
func (c *Ctx) messageOf(f func() string) (msg string) {
	if err := c.Try(func() { msg = f() }); err != nil {
		return ""
	}
	return msg
}

func (e *Error) addTrace(pos Pos, msg string, always bool) {
	if msg != "" {
		e.Trace = append(e.Trace, Trace{Pos: pos, Msg: msg, Always: always})
	}
}

// settle makes a thunk remember the error that left it. Running out of stack
// depends on who asked, so such a thunk may be tried again.
func (c *Ctx) settle(t *Thunk, k *code, e *Error) {
	switch {
	case c.team != nil:
		c.settleShared(t, k, e)
	case e.forgotten():
		t.code = k
	default:
		t.p = unsafe.Pointer(newFailure(e))
		t.code = failedCode
	}
}

// forgotten tells whether a thunk that an error has left may be tried again.
func (e *Error) forgotten() bool {
	return e.Kind == KindStackOverflow || e.Kind == KindStopped || e.Kind == KindIFD || e.Kind == KindOther
}

func (c *Ctx) traceCall(e *Error, fn *lambda, pos Pos) {
	if !c.st.opts.ShowTrace {
		return
	}
	what := "anonymous lambda"
	if fn.name != 0 {
		what = "'" + c.Name(fn.name) + "'"
	}
	e.addTrace(fn.innerPos, "while calling "+what, false)
	if pos != 0 {
		e.addTrace(pos, "from call site", false)
	}
}
