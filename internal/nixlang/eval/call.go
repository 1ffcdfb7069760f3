package eval

import (
	"slices"
	"sync/atomic"
	"unsafe"
)

func ptr[T any](p *T) unsafe.Pointer { return unsafe.Pointer(p) }

// lambda is a compiled function: one parameter with or without a set pattern,
// or several curried ones that share a frame ("fused").
type lambda struct {
	params   []param // one for each fused parameter
	name     Sym     // of the innermost member
	innerPos Pos     // of the innermost member
	body     node
	slots    int // size of the frame
	height   int // of a very high body, else 0

	hasFormals bool
	ellipsis   bool
	hasArg     bool // with formals: the whole set has a name, in the last slot
	formals    []formal
	plan       atomic.Pointer[formalsPlan]
}

// param describes one of the nested functions that a lambda stands for.
type param struct {
	arg  Sym
	name Sym
	pos  Pos
}

type formal struct {
	name Sym
	pos  Pos
	def  node // nil: required
}

// formalsPlan tells, for arguments of one shape, where each formal finds its
// value; -1 means the default.
type formalsPlan struct {
	sh   *shape
	from []int32
}

type closure struct {
	fn  *lambda
	env *env
}

// Call calls a function with arguments, which may be thunks, and returns the
// finished result. pos is where the call is written, zero for none.
func (c *Ctx) Call(pos Pos, f Value, args ...Value) Value {
	base := len(c.args)
	c.args = append(c.args, args...)
	v := c.callN(f, c.args[base:len(c.args):len(c.args)], pos)
	c.args = c.args[:base]
	return v
}

// Call1 is Call with one argument.
func (c *Ctx) Call1(pos Pos, f, arg Value) Value { return c.call1(f, arg, pos) }

// Call2 is Call with two arguments.
func (c *Ctx) Call2(pos Pos, f, a, b Value) Value { return c.call2(f, a, b, pos) }

func (c *Ctx) call1(f, arg Value, pos Pos) Value {
	if f.kind() == kLambda {
		cl := (*closure)(f.p)
		if fn := cl.fn; len(fn.params) == 1 {
			c.enter(pos)
			v := c.runLambda1(cl, arg, pos)
			c.depth--
			return v
		}
	}
	base := len(c.args)
	c.args = append(c.args, arg)
	v := c.callN(f, c.args[base:], pos)
	c.args = c.args[:base]
	return v
}

func (c *Ctx) call2(f, a, b Value, pos Pos) Value {
	if f.kind() == kLambda {
		cl := (*closure)(f.p)
		if fn := cl.fn; len(fn.params) == 2 {
			c.enter(pos)
			e := c.callFrame(cl.env, 2)
			*e.slot(0) = a
			*e.slot(1) = b
			v := c.runBody(fn, e, pos)
			c.depth--
			c.recycleFrame(e, 2)
			return v
		}
	}
	base := len(c.args)
	c.args = append(c.args, a, b)
	v := c.callN(f, c.args[base:], pos)
	c.args = c.args[:base]
	return v
}

// callN calls f with all args. The slice may be the top of c.args.
func (c *Ctx) callN(f Value, args []Value, pos Pos) Value {
	c.enter(pos)
	f = c.ForceAt(f, pos)
	for len(args) > 0 {
		switch f.kind() {
		case kLambda:
			f, args = c.callLambda(f, args, pos)
		case kPrimOp:
			f, args = c.callPrimOp(f, args, pos)
		case kPartial:
			f, args = c.callPartial(f, args, pos)
		case kAttrs:
			f = c.callFunctor(f, args[0], pos)
			args = args[1:]
		default:
			c.throwNotFunction(f, pos)
		}
	}
	c.depth--
	return f
}

func (c *Ctx) callLambda(f Value, args []Value, pos Pos) (Value, []Value) {
	cl := (*closure)(f.p)
	n := len(cl.fn.params)
	if n == 1 {
		return c.runLambda1(cl, args[0], pos), args[1:]
	}
	if len(args) < n {
		return makePartial(f, args), nil
	}
	e := c.callFrame(cl.env, n)
	for i, a := range args[:n] {
		*e.slot(i) = a
	}
	v := c.runBody(cl.fn, e, pos)
	c.recycleFrame(e, n)
	return v, args[n:]
}

func makePartial(f Value, args []Value) Value {
	return Value{ptr(&partial{f, slices.Clone(args)}), uint64(kPartial)}
}

func (c *Ctx) callPrimOp(f Value, args []Value, pos Pos) (Value, []Value) {
	p := (*PrimOp)(f.p)
	if len(args) < p.Arity {
		return makePartial(f, args), nil
	}
	return c.runPrimOp(p, args[:p.Arity:p.Arity], pos), args[p.Arity:]
}

func (c *Ctx) callPartial(f Value, args []Value, pos Pos) (Value, []Value) {
	pa := (*partial)(f.p)
	need := pa.arity() - len(pa.args)
	if len(args) < need {
		return Value{ptr(&partial{pa.fn, slices.Concat(pa.args, args)}), uint64(kPartial)}, nil
	}
	if pa.fn.kind() == kLambda {
		cl := (*closure)(pa.fn.p)
		n := len(cl.fn.params)
		e := c.callFrame(cl.env, n)
		for i, a := range pa.args {
			*e.slot(i) = a
		}
		for i, a := range args[:need] {
			*e.slot(len(pa.args) + i) = a
		}
		v := c.runBody(cl.fn, e, pos)
		c.recycleFrame(e, n)
		return v, args[need:]
	}
	base := len(c.args)
	c.args = append(append(c.args, pa.args...), args[:need]...)
	v := c.runPrimOp((*PrimOp)(pa.fn.p), c.args[base:len(c.args):len(c.args)], pos)
	c.args = c.args[:base]
	return v, args[need:]
}

func (p *partial) arity() int {
	if p.fn.kind() == kPrimOp {
		return (*PrimOp)(p.fn.p).Arity
	}
	return len((*closure)(p.fn.p).fn.params)
}

func (c *Ctx) runPrimOp(p *PrimOp, args []Value, pos Pos) Value {
	c.Stats.PrimOpCalls++
	if c.sp >= c.segEnd {
		var v Value
		c.onNewStack(func() { v = c.runPrimOp(p, args, pos) })
		return v
	}
	c.push(frame{kn: uint32(frPrim), pos: pos, p: ptr(p)})
	v := c.Force(p.Fn(c, pos, args))
	c.sp--
	return v
}

// runLambda1 calls a function of one parameter, with or without formals.
func (c *Ctx) runLambda1(cl *closure, arg Value, pos Pos) Value {
	fn := cl.fn
	if fn.hasFormals {
		e := c.callFrame(cl.env, fn.slots)
		c.bindFormals(fn, e, arg, pos)
		v := c.runBody(fn, e, pos)
		c.recycleFrame(e, fn.slots)
		return v
	}
	e := c.callFrame(cl.env, 1)
	*e.slot(0) = arg
	v := c.runBody(fn, e, pos)
	c.recycleFrame(e, 1)
	return v
}

// simple tells whether a function has n parameters without a set pattern.
func (fn *lambda) simple(n int) bool { return len(fn.params) == n && !fn.hasFormals }

func (c *Ctx) runBody(fn *lambda, e *env, pos Pos) Value {
	c.Stats.Calls++
	if c.sp >= c.segEnd {
		return c.runBodyOnNewStack(fn, e, pos)
	}
	c.push(frame{kn: uint32(frCall), pos: pos, p: ptr(fn)})
	var v Value
	if fn.height == 0 {
		v = fn.body.eval(c, e)
	} else {
		v = c.heavy(fn.body, e, fn.height)
	}
	c.sp--
	return v
}

func (c *Ctx) runBodyOnNewStack(fn *lambda, e *env, pos Pos) (v Value) {
	c.onNewStack(func() { v = c.runBody(fn, e, pos) })
	return v
}

func (c *Ctx) callFunctor(f, arg Value, pos Pos) Value {
	at, ok := f.AsAttrs().GetAttr(SymFunctor)
	if !ok {
		c.throwNotFunction(f, pos)
	}
	c.push(frame{kn: uint32(frFunctor), pos: pos})
	v := c.call2(c.ForceAt(at.Value, at.Pos), f, arg, at.Pos)
	c.sp--
	return v
}

func (c *Ctx) throwNotFunction(f Value, pos Pos) {
	panic(Errorf(KindType, pos, "attempt to call something which is not a function but %s: %s",
		c.ShowType(f), c.PrintForError(f)).Advise("%s", c.adviceOnCall(f)))
}
