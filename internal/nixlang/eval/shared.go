package eval

import (
	"sync/atomic"
	"unsafe"
)

// Thunks that several workers may want at once. While there is a team, all that
// is written to a thunk that others can have is written here: the code word by
// atomic stores, and last, so that who finds it nil finds the value, too. A
// worker that is alone uses plain stores (force.go).

func (t *Thunk) loadCode() *code {
	return (*code)(atomic.LoadPointer((*unsafe.Pointer)(unsafe.Pointer(&t.code))))
}

func (t *Thunk) storeCode(k *code) {
	atomic.StorePointer((*unsafe.Pointer)(unsafe.Pointer(&t.code)), unsafe.Pointer(k))
}

func (t *Thunk) storeP(p unsafe.Pointer) { atomic.StorePointer(&t.p, p) }

// claim makes the thunk, whose code is k, the worker's.
func (c *Ctx) claim(t *Thunk, k *code) bool {
	return atomic.CompareAndSwapPointer((*unsafe.Pointer)(unsafe.Pointer(&t.code)), unsafe.Pointer(k), unsafe.Pointer(c.hole))
}

// The code of thunks that have failed in a helper, by kind of error: all those
// that do not end the helper's job. p is *aheadFailure.
var aheadFailed = map[ErrorKind]*code{KindThrown: aheadThrown, KindAssertion: aheadAsserted, KindRestricted: aheadRestricted}

var aheadThrown, aheadAsserted, aheadRestricted = &code{}, &code{}, &code{}

// aheadKind returns the kind of error of code in aheadFailed.
func aheadKind(k *code) (kind ErrorKind, ok bool) {
	switch k {
	case aheadThrown:
		return KindThrown, true
	case aheadAsserted:
		return KindAssertion, true
	case aheadRestricted:
		return KindRestricted, true
	}
	return 0, false
}

// aheadFailure is what a thunk needs that is to be tried again.
type aheadFailure struct {
	p    unsafe.Pointer
	code *code
}

// forceShared is forceThunk, for a thunk that has the code k, while there is a
// team.
func (c *Ctx) forceShared(t *Thunk, k *code, pos Pos) Value {
	for ; k != nil; k = t.loadCode() {
		kind, ahead := aheadKind(k)
		switch {
		case k.node != nil || ahead && !c.helper:
			if c.sp >= c.segEnd {
				return c.forceOnNewStack(t, pos)
			}
			if c.claim(t, k) {
				return c.runShared(t, k, pos)
			}
		case k == c.hole || k == failedCode && !c.helper:
			c.throwUnready(t, k, pos)
		case ahead:
			panic(&Error{Kind: kind, Msg: "failed in a helper"})
		case k == failedCode:
			panic(&Error{Kind: (*failure)(t.p).kind, Msg: "failed before"})
		default:
			c.await(t)
		}
	}
	return Value{t.p, t.n}
}

// runShared evaluates a thunk that the worker has claimed.
func (c *Ctx) runShared(t *Thunk, k *code, pos Pos) Value {
	if k.node == nil {
		f := (*aheadFailure)(t.p)
		k = f.code
		t.storeP(f.p)
	}
	c.Stats.Forced++
	c.push(frame{kn: uint32(frThunk), pos: pos, p: unsafe.Pointer(t), q: unsafe.Pointer(k)})
	var v Value
	if k.height == 0 {
		v = k.node.eval(c, (*env)(t.p))
	} else {
		v = c.heavy(k.node, (*env)(t.p), k.height)
	}
	c.sp--
	t.storeP(v.p)
	t.n = v.n
	c.release(t, nil)
	return v
}

// release gives a claimed thunk a new code and tells who waits for that.
func (c *Ctx) release(t *Thunk, k *code) {
	t.storeCode(k)
	if tm := c.team; tm.waiting.Load() != 0 {
		tm.wake(t)
	}
}

// settleShared is settle while there is a team.
func (c *Ctx) settleShared(t *Thunk, k *code, e *Error) {
	if c.helper {
		if failed := aheadFailed[e.Kind]; failed != nil {
			t.storeP(unsafe.Pointer(&aheadFailure{p: t.p, code: k}))
			k = failed
		}
	} else if !e.forgotten() {
		t.storeP(unsafe.Pointer(newFailure(e)))
		k = failedCode
	}
	c.release(t, k)
}

// unwindAhead does for a helper what unwindFrame does: nobody sees its traces.
func (c *Ctx) unwindAhead(f frame, e *Error) {
	switch f.kind() {
	case frThunk:
		c.settleShared((*Thunk)(f.p), (*code)(f.q), e)
	case frAttr:
		c.doubtCaught(Sym(f.n()), e)
	}
}

// await waits until a thunk is not claimed by another worker any more.
func (c *Ctx) await(t *Thunk) {
	tm := c.team
	tm.mu.Lock()
	defer tm.mu.Unlock()
	c.wait.thunk = t
	tm.waiting.Add(1)
	defer func() {
		c.wait.thunk, c.wait.yield = nil, false
		tm.waiting.Add(-1)
	}()
	for tm.holder(t) != nil {
		if c.helper && (c.wait.yield || tm.ended.Load()) {
			c.giveUp(t)
		}
		if last := tm.circle(c); last != nil {
			if c.helper {
				c.giveUp(t)
			}
			last.wait.yield = true
			last.wait.woken.Signal()
		}
		c.wait.woken.Wait()
	}
}

// awaitEnd waits until somebody has evaluated a thunk, or the team has ended.
func (c *Ctx) awaitEnd(t *Thunk) {
	tm := c.team
	tm.mu.Lock()
	defer tm.mu.Unlock()
	c.wait.thunk = t
	tm.waiting.Add(1)
	for !tm.ended.Load() {
		if k := t.loadCode(); k == nil || k == failedCode {
			break
		}
		c.wait.woken.Wait()
	}
	c.wait.thunk = nil
	tm.waiting.Add(-1)
}

// wake wakes who waits for t.
func (tm *Team) wake(t *Thunk) {
	tm.mu.Lock()
	defer tm.mu.Unlock()
	if tm.lead.wait.thunk == t {
		tm.lead.wait.woken.Signal()
	}
	for _, h := range tm.helpers {
		if h.wait.thunk == t {
			h.wait.woken.Signal()
		}
	}
}

// holder returns the worker that has claimed a thunk, nil if none has.
func (tm *Team) holder(t *Thunk) *Ctx {
	k := t.loadCode()
	if k == blackholed {
		return tm.lead
	}
	for _, h := range tm.helpers {
		if k == h.hole {
			return h
		}
	}
	return nil
}

// circle returns the worker that waits for a thunk of c if c, directly or not,
// waits for that worker; else nil.
func (tm *Team) circle(c *Ctx) *Ctx {
	u := c
	for range len(tm.helpers) + 1 {
		if u.wait.thunk == nil {
			return nil
		}
		next := tm.holder(u.wait.thunk)
		if next == c {
			return u
		}
		if next == nil {
			return nil
		}
		u = next
	}
	return nil
}
