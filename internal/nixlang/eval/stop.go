package eval

import "sync/atomic"

// brake is how an evaluation is stopped from outside. Workers look at one
// number on each call of a function, the limit of nested calls; to stop them
// it is set so low that all of them go the way of a call too deep, where the
// reason is found. So being stoppable costs nothing. The same way leads them to
// the limits of steps and memory when these have to be looked at.
type brake struct {
	maxDepth atomic.Int64
	reason   atomic.Pointer[Error]
}

// alwaysAsk as the limit of nested calls sends every call to [Ctx.overLimit].
const alwaysAsk = -1

func (b *brake) init(opts Options) {
	b.maxDepth.Store(int64(opts.MaxCallDepth))
	if opts.MaxSteps > 0 {
		b.maxDepth.Store(alwaysAsk)
	}
}

// Stop ends the evaluation: each worker throws an error with this message,
// which tryEval does not catch, when it next calls a function. err is what
// errors.Is finds behind it; it may be nil. The first Stop counts. It may be
// called from any goroutine.
func (s *State) Stop(msg string, err error) {
	s.brake.reason.CompareAndSwap(nil, &Error{Kind: KindStopped, Msg: msg, Err: err})
	s.brake.maxDepth.Store(alwaysAsk)
}

// Poll throws if the evaluation has been stopped. Builtins call it in loops
// that take long without calling a function.
func (c *Ctx) Poll() {
	if c.st.brake.maxDepth.Load() == alwaysAsk {
		c.throwIfStopped(0)
		if c.polls++; c.polls%closeLook == 0 {
			c.lookAtMemory(0)
		}
	}
}

// pull makes all workers ask whether they are to go on, until the returned
// function is called.
func (b *brake) pull() (release func()) {
	before := b.maxDepth.Swap(alwaysAsk)
	return func() {
		b.maxDepth.Store(before)
		if b.reason.Load() != nil {
			b.maxDepth.Store(alwaysAsk)
		}
	}
}

func (c *Ctx) throwIfStopped(pos Pos) {
	if c.helper && c.team.ended.Load() {
		c.giveUp(nil)
	}
	if r := c.st.brake.reason.Load(); r != nil {
		e := r.clone()
		e.Pos = c.whereabouts(pos)
		panic(e)
	}
}

// whereabouts returns pos, or if that is none the innermost place that is being
// evaluated.
func (c *Ctx) whereabouts(pos Pos) Pos {
	for i := c.sp - 1; i >= 0 && pos == 0; i-- {
		if p := c.frames[i].pos; p != 0 && !c.st.isInternal(p) {
			pos = p
		}
	}
	return pos
}

// overLimit throws what ends the evaluation, if anything does.
func (c *Ctx) overLimit(pos Pos) {
	c.throwIfStopped(pos)
	c.steps++
	if limit := c.st.opts.MaxSteps; limit > 0 && c.steps > limit {
		panic(Errorf(KindStopped, c.whereabouts(pos), "the evaluation takes more than %d steps, the limit that the setting max-eval-steps sets", limit))
	}
	if c.steps%closeLook == 0 {
		c.lookAtMemory(pos)
	}
	if c.depth > c.st.opts.MaxCallDepth {
		throwTooDeep(pos)
	}
}
