package eval

import (
	"sync/atomic"
	"unsafe"
)

// Force returns the finished value of a slot: v itself unless it is a thunk,
// else what the thunk computes, computing it if nobody has yet.
func (c *Ctx) Force(v Value) Value {
	if v.kind() != kThunk {
		return v
	}
	return c.forceThunk((*Thunk)(v.p), 0)
}

// ForceAt is Force at a place in the program, for the message of an infinite
// recursion.
func (c *Ctx) ForceAt(v Value, pos Pos) Value {
	if v.kind() != kThunk {
		return v
	}
	return c.forceThunk((*Thunk)(v.p), pos)
}

// Peek returns the finished value of a slot if it is there without any
// computation, else ok is false.
func Peek(v Value) (w Value, ok bool) {
	if v.kind() != kThunk {
		return v, true
	}
	t := (*Thunk)(v.p)
	if t.loadCode() != nil {
		return Value{}, false
	}
	return Value{t.p, t.n}, true
}

func (c *Ctx) forceThunk(t *Thunk, pos Pos) Value {
	k := t.loadCode()
	if k == nil {
		return Value{t.p, t.n}
	}
	if c.team != nil {
		return c.forceShared(t, k, pos)
	}
	if k.node == nil {
		k = c.reopen(t, k, pos)
	}
	if c.sp >= c.segEnd {
		return c.forceOnNewStack(t, pos)
	}
	t.code = blackholed
	c.Stats.Forced++
	c.push(frame{kn: uint32(frThunk), pos: pos, p: unsafe.Pointer(t), q: unsafe.Pointer(k)})
	var v Value
	if k.height == 0 {
		v = k.node.eval(c, (*env)(t.p))
	} else {
		v = c.heavy(k.node, (*env)(t.p), k.height)
	}
	c.sp--
	t.p, t.n = v.p, v.n
	t.code = nil
	return v
}

// heavy evaluates an expression whose branches are nested so deeply that one
// frame stands for a lot of Go stack: it counts for as many frames as it is
// high.
func (c *Ctx) heavy(n node, e *env, height int) Value {
	c.segEnd -= height
	v := n.eval(c, e)
	c.segEnd += height
	return v
}

func (c *Ctx) forceOnNewStack(t *Thunk, pos Pos) (v Value) {
	c.onNewStack(func() { v = c.forceThunk(t, pos) })
	return v
}

// failure is what a failed thunk holds: the error, with all the frames that it
// collected on its first way up, as in C++ Nix.
type failure struct {
	err  *Error
	kind ErrorKind // of err, which others must not look at while it collects frames
}

func newFailure(e *Error) *failure { return &failure{e, e.Kind} }

// reopen makes a thunk ready that only a helper has failed to evaluate, and
// throws for others that are not ready.
func (c *Ctx) reopen(t *Thunk, k *code, pos Pos) *code {
	if _, ahead := aheadKind(k); !ahead {
		c.throwUnready(t, k, pos)
	}
	f := (*aheadFailure)(t.p)
	t.p = f.p
	return f.code
}

// throwUnready throws for a thunk that is being evaluated or has failed.
func (c *Ctx) throwUnready(t *Thunk, k *code, pos Pos) {
	if k == failedCode {
		panic((*failure)(t.p).err.clone())
	}
	e := Errorf(KindInfiniteRec, pos, "infinite recursion encountered")
	e.loop = t
	panic(e)
}

// ForceDeep forces a value and all that it contains, as builtins.deepSeq does.
func (c *Ctx) ForceDeep(v Value) Value { return c.forceDeep(v, map[Value]struct{}{}) }

func (c *Ctx) forceDeep(v Value, seen map[Value]struct{}) Value {
	pos := origin(v)
	c.enter(pos)
	if _, ok := seen[v]; ok && v.p != nil {
		c.depth--
		return c.Force(v)
	}
	if v.p != nil {
		seen[v] = struct{}{}
	}
	w := c.ForceAt(v, pos)
	switch w.kind() {
	case kAttrs:
		a := w.AsAttrs()
		for i := range a.Len() {
			at := a.At(i)
			if isPlain(at.Value) {
				continue
			}
			c.push(frame{kn: uint32(frAttr) | uint32(at.Name)<<4, pos: at.Pos})
			c.forceDeepGuarded(at.Value, seen)
			c.sp--
		}
	case kList:
		for i, x := range w.AsList() {
			if isPlain(x) {
				continue
			}
			c.push(frame{kn: uint32(frIndex) | uint32(i)<<4})
			c.forceDeepGuarded(x, seen)
			c.sp--
		}
	}
	c.depth--
	return w
}

func (c *Ctx) forceDeepGuarded(v Value, seen map[Value]struct{}) {
	if c.sp >= c.segEnd {
		c.onNewStack(func() { c.forceDeep(v, seen) })
		return
	}
	c.forceDeep(v, seen)
}

// origin returns where a value comes from as far as it tells by itself: a set
// and a function know where they were written, and a suspended call where its
// function was (Value::determinePos).
func origin(v Value) Pos {
	for range 10 {
		switch v.kind() {
		case kAttrs:
			return v.AsAttrs().Pos()
		case kLambda:
			if v.early() {
				return 0 // C++ Nix has a thunk here
			}
			return (*closure)(v.p).fn.params[0].pos
		case kPartial:
			pa := (*partial)(v.p)
			if pa.fn.kind() != kLambda {
				return 0
			}
			return (*closure)(pa.fn.p).fn.params[len(pa.args)].pos
		case kThunk:
			t := (*Thunk)(v.p)
			k := t.loadCode()
			if k == nil {
				v = Value{t.p, t.n}
				continue
			}
			p := atomic.LoadPointer(&t.p)
			if call, ok := k.node.(suspendedCall); ok && t.loadCode() == k { // so p is still its own
				v = call.function(p)
				continue
			}
		}
		return 0
	}
	return 0
}

// isPlain tells whether v is finished and contains no other value.
func isPlain(v Value) bool { return v.kind() < kList }
