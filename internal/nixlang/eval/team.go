package eval

import (
	"sync"
	"sync/atomic"
)

// Several workers can share one heap: while a [Team] is at work, helpers
// evaluate what the worker that leads it will want later. The leader goes on in
// the order of the language and does everything itself that is not done yet, so
// that what it comes to, shows and throws is what it would have been without
// helpers; it only finds some thunks finished.
//
// That holds because of what helpers leave behind: values, which do not depend
// on when they are computed, and nothing else.
//
//   - An error in a helper is never the user's. A thunk that fails in one is,
//     for the leader, as if it had never been tried: it fails again with the
//     trace of its first way up in the leader. Other helpers are spared the
//     second try if it failed in a way that tryEval catches.
//   - What others can see (messages, builds, downloads) only the leader does: a
//     helper gives its job up before that, see [Ctx.Alone].
//   - An error that nothing in the language can catch ends a helper's job on the
//     spot, whoever wants to look at it on its way.
//
// Two things are known to depend on more than values, and [State.InDoubt] tells
// whether they have come up: the order of the names that have been met since
// the first team was made, where it decides which of several attributes is looked at
// first; and messages that show which thunks are finished. The caller has to
// evaluate again, alone, when that is in doubt, and also when there was an
// error: its text shows unfinished thunks as such.
//
// Thunks are claimed by a compare-and-swap of their code word, which then says
// whose they are. Who needs a thunk of somebody else waits for it. Workers that
// wait for each other in a circle are a value that needs itself, as each of
// them holds only thunks that need what it waits for; then a helper gives up and
// the leader finds the recursion by itself.

// Team is the helpers of one worker.
type Team struct {
	lead    *Ctx
	helpers []*Ctx
	ended   atomic.Bool
	wg      sync.WaitGroup

	waiting atomic.Int32 // workers that wait for a thunk of another
	mu      sync.Mutex   // held to change what a worker waits for
}

// wait is what a worker waits for.
type wait struct {
	thunk *Thunk // nil: nothing
	woken *sync.Cond
	yield bool // the leader waits for this helper, which so must give up
}

// Ahead starts helpers that do the jobs numbered from 0 to jobs-1, from the last
// to the first, each of them once; the leader is to do them in order, with the
// same effect on the values that the two share, and then to call [Team.End]. It
// does nothing and returns nil, on which End may be called, if that is of no use
// or the worker is evaluating a thunk. do runs in the helper's goroutine and may
// throw.
func (c *Ctx) Ahead(helpers, jobs int, do func(c *Ctx, job int)) *Team {
	helpers = min(helpers, jobs-1)
	if helpers <= 0 || c.team != nil || c.st.opts.MaxSteps > 0 || c.innermost() != nil {
		return nil
	}
	tm := &Team{lead: c}
	c.st.known.CompareAndSwap(0, uint32(c.st.symbols.Len()))
	for range helpers {
		h := c.st.NewCtx()
		h.team, h.helper, h.hole, h.depth = tm, true, &code{}, c.depth
		h.wait.woken = sync.NewCond(&tm.mu)
		tm.helpers = append(tm.helpers, h)
	}
	c.team, c.hole = tm, blackholed
	c.wait.woken = sync.NewCond(&tm.mu)
	left := new(atomic.Int64)
	left.Store(int64(jobs))
	for _, h := range tm.helpers {
		tm.wg.Go(func() { h.work(left, do) })
	}
	return tm
}

// patience is how many jobs in a row a helper gives up before it waits for the
// leader to get on.
const patience = 3

// work does jobs from the last to the first.
func (c *Ctx) work(left *atomic.Int64, do func(c *Ctx, job int)) {
	for lost := 0; ; {
		job := int(left.Add(-1))
		if job < 0 || c.team.ended.Load() {
			return
		}
		c.obstacle, c.gaveUp = nil, false
		if c.attempt(func() { do(c, job) }) {
			lost = 0
		} else if lost++; lost >= patience && c.obstacle != nil {
			c.awaitEnd(c.obstacle)
			lost = 0
		}
	}
}

// End ends the work of the helpers and waits for that. The leader is alone
// again.
func (tm *Team) End() {
	if tm == nil {
		return
	}
	tm.mu.Lock()
	tm.ended.Store(true)
	for _, h := range tm.helpers {
		h.wait.woken.Signal()
	}
	tm.mu.Unlock()
	release := tm.lead.st.brake.pull()
	tm.wg.Wait()
	release()
	for _, h := range tm.helpers {
		tm.lead.Stats.add(&h.Stats)
	}
	tm.lead.team = nil
}

// attempt runs a job of a helper. Errors end it and are forgotten: the leader
// does the job again and meets them, if they are not the helper's alone. It
// tells whether the job was not given up.
func (c *Ctx) attempt(job func()) (done bool) {
	depth := c.depth
	defer func() {
		if r := recover(); r != nil {
			e := asError(r)
			if e.internal {
				c.st.faults.Add(1)
			}
			done = !c.gaveUp
			c.unwind(0, e)
			c.depth, c.segEnd, c.args = depth, segment, c.args[:0]
		}
	}()
	job()
	return true
}

// innermost returns the innermost thunk that is being evaluated.
func (c *Ctx) innermost() *Thunk {
	for i := c.sp - 1; i >= 0; i-- {
		if f := &c.frames[i]; f.kind() == frThunk {
			return (*Thunk)(f.p)
		}
	}
	return nil
}

// IsHelper tells whether the worker works ahead for another one.
func (c *Ctx) IsHelper() bool { return c.helper }

// Alone announces something that must happen once and in order, because it can
// be seen from outside of the evaluation: a message, a build, a download. In a
// helper it throws; the leader will come here by itself.
func (c *Ctx) Alone() {
	if c.helper {
		c.giveUp(c.innermost())
	}
}

// giveUp ends a helper's job, which cannot go on until somebody else has
// evaluated the obstacle, if that is not nil.
func (c *Ctx) giveUp(obstacle *Thunk) {
	c.obstacle, c.gaveUp = obstacle, true
	panic(&Error{Kind: KindStopped, Msg: "a helper has given up its job"})
}

// Unaided announces that something is to be shown that depends on which thunks
// are finished by now. With helpers at work nobody can say which would be: it
// ends the evaluation, see [State.InDoubt].
func (c *Ctx) Unaided() {
	c.Alone()
	if c.st.Aided() {
		c.st.doubt.Store(true)
		panic(&Error{Kind: KindStopped, Msg: "the evaluation has to be repeated by one worker"})
	}
}

// Aided tells whether helpers have been at work in the evaluation. The messages
// of its errors may then differ from those of one worker alone.
func (s *State) Aided() bool { return s.known.Load() != 0 }

// InDoubt tells whether helpers may have had an influence on a value or a
// message: then the evaluation has to be repeated in a new State without any.
func (s *State) InDoubt() bool { return s.doubt.Load() }

func (s *Stats) add(o *Stats) {
	s.Thunks += o.Thunks
	s.Forced += o.Forced
	s.ThunksReused += o.ThunksReused
	s.Envs += o.Envs
	s.EnvSlots += o.EnvSlots
	s.EnvsReused += o.EnvsReused
	s.Calls += o.Calls
	s.PrimOpCalls += o.PrimOpCalls
	s.Sets += o.Sets
	s.SetAttrs += o.SetAttrs
	s.Lists += o.Lists
	s.ListElems += o.ListElems
	s.Lookups += o.Lookups
	s.LookupMisses += o.LookupMisses
	s.Updates += o.Updates
	s.UpdateCopied += o.UpdateCopied
	s.MergeHits += o.MergeHits
	s.MergeMisses += o.MergeMisses
	s.Concats += o.Concats
	s.PlanHits += o.PlanHits
	s.PlanMisses += o.PlanMisses
}
