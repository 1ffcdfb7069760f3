package realise

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"fmt"

	"isomorph/internal/build"
	"isomorph/internal/storepath"
)

// errStopped is why running builds end when another one has failed.
var errStopped = errors.New("stopped because another build failed")

// Run does the work of a plan. It returns nil, the cause of ctx's end, or an
// *[Error]. When it returns nothing is running any more.
func (r *Realiser) Run(ctx context.Context, plan *Plan) error {
	r.emit(Event{Kind: Planned, Plan: plan})
	if plan.Empty() {
		return nil
	}
	s := &scheduler{r: r, plan: plan, done: make(chan outcome), lend: make(chan *node), claim: make(chan claim)}
	return s.run(ctx)
}

// scheduler is one Run at work. Only its own goroutine touches it.
type scheduler struct {
	r      *Realiser
	plan   *Plan
	ready  [2]queue // builds, downloads
	busy   [2]int   // slots in use
	done   chan outcome
	lend   chan *node // its slot is free while it waits for another process
	claim  chan claim // it wants one again
	claims [2][]claim // not granted yet
	active int        // nodes at work, or waiting
	left   int        // nodes neither finished nor given up
	failed Error
	stop   context.CancelCauseFunc
}

type outcome struct {
	n   *node
	res *build.Result
	err error
}

// claim is a node that wants a slot; granted is closed when it has one.
type claim struct {
	n       *node
	granted chan struct{}
}

const (
	laneBuild = iota
	laneDownload
)

func (n *node) lane() int {
	if n.download() {
		return laneDownload
	}
	return laneBuild
}

func (s *scheduler) run(ctx context.Context) error {
	ctx, s.stop = context.WithCancelCause(ctx)
	defer s.stop(nil)
	s.left = len(s.plan.nodes)
	for _, n := range s.plan.nodes {
		if n.missing == 0 {
			heap.Push(&s.ready[n.lane()], n)
		}
	}
	for {
		if ctx.Err() == nil {
			s.startReady(ctx)
		}
		if s.active == 0 {
			break
		}
		select {
		case o := <-s.done:
			s.finish(o, ctx.Err() != nil)
		case n := <-s.lend:
			s.busy[n.lane()]--
			n.lent = true
		case c := <-s.claim:
			s.claims[c.n.lane()] = append(s.claims[c.n.lane()], c)
		}
	}
	if err := context.Cause(ctx); err != nil && err != errStopped {
		return err
	}
	if len(s.failed.Failures) > 0 {
		s.nameGoals()
		return &s.failed
	}
	return nil
}

func (s *scheduler) startReady(ctx context.Context) {
	limits := [2]int{laneBuild: s.r.o.Jobs, laneDownload: s.r.o.Downloads}
	for lane, limit := range limits {
		for s.busy[lane] < limit && len(s.claims[lane]) > 0 {
			c := s.claims[lane][0]
			s.claims[lane] = s.claims[lane][1:]
			s.busy[lane]++
			c.n.lent = false
			close(c.granted)
		}
		for s.busy[lane] < limit && s.ready[lane].Len() > 0 {
			n := heap.Pop(&s.ready[lane]).(*node)
			s.busy[lane]++
			s.active++
			n.started = true
			go func() {
				res, err := s.buildNode(ctx, n)
				s.done <- outcome{n, res, err}
			}()
		}
	}
}

// finish takes one result in. Builds that end because everything does are no
// failures of their own; when nothing has been stopped, any error is one.
func (s *scheduler) finish(o outcome, stopped bool) {
	if s.active--; !o.n.lent {
		s.busy[o.n.lane()]--
	}
	s.left--
	if o.err == nil {
		for _, d := range o.n.dependents {
			if d.missing--; d.missing == 0 && d.failedDeps == 0 {
				heap.Push(&s.ready[d.lane()], d)
			}
		}
		return
	}
	if stopped && (errors.Is(o.err, errStopped) || errors.Is(o.err, context.Canceled)) {
		return
	}
	s.failed.Failures = append(s.failed.Failures, o.err)
	s.giveUp(o.n)
	if !s.r.o.KeepGoing {
		s.stop(errStopped)
	}
}

// giveUp marks everything that needs n, directly or not.
func (s *scheduler) giveUp(n *node) {
	todo := []*node{n}
	for len(todo) > 0 {
		next := todo[0]
		todo = todo[1:]
		for _, d := range next.dependents {
			d.failedDeps++
			if d.failedDeps == 1 {
				todo = append(todo, d)
			}
		}
	}
}

// nameGoals adds a message for each goal that was asked for and did not come
// about because of something that it needs.
func (s *scheduler) nameGoals() {
	dir := s.r.o.Store.Dir()
	seen := map[storepath.Path]bool{}
	for _, g := range s.plan.goals {
		n := s.plan.nodes[g.Drv]
		if n == nil || n.failedDeps == 0 || seen[g.Drv] {
			continue
		}
		seen[g.Drv] = true
		noun := "dependencies"
		if n.failedDeps == 1 {
			noun = "dependency"
		}
		s.failed.Goals = append(s.failed.Goals, errors.New(
			build.CannotBuild(dir, n.drv, n.d, fmt.Sprintf("%d %s failed", n.failedDeps, noun))))
	}
}

// slot is what one build may work in: it is lent to another one while the build
// waits for another process, so that several processes with one job each share
// the work (build/derivation-building-goal.cc).
type slot struct {
	s    *scheduler
	n    *node
	lent bool
}

func (l *slot) lend() {
	if !l.lent {
		l.lent = true
		l.s.lend <- l.n
	}
}

func (l *slot) resume(ctx context.Context) error {
	if !l.lent {
		return nil
	}
	c := claim{l.n, make(chan struct{})}
	l.s.claim <- c
	l.lent = false
	select {
	case <-c.granted:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// buildNode has one derivation built and tells about it.
func (s *scheduler) buildNode(ctx context.Context, n *node) (*build.Result, error) {
	r, own := s.r, &slot{s: s, n: n}
	event := Event{Drv: n.drv, Name: n.d.Name, Download: n.download()}
	tell := func(kind EventKind, change func(*Event)) {
		e := event
		e.Kind = kind
		if change != nil {
			change(&e)
		}
		r.emit(e)
	}
	tell(Started, nil)
	inputs, err := r.inputPaths(ctx, n)
	var res *build.Result
	if err == nil {
		res, err = r.o.Builder.Build(ctx, build.Request{
			Drv: n.drv, Derivation: n.d, Inputs: inputs,
			Check: n.again && r.o.Check, Repair: n.again && r.o.Repair, KeepFailed: r.o.KeepFailed, Cores: r.o.Cores,
			Timeout: r.o.Timeout, MaxSilent: r.o.MaxSilent, MaxLog: r.o.MaxLog,
			Log:      func(line string) { tell(Log, func(e *Event) { e.Line = line }) },
			Phase:    func(name string) { tell(Phase, func(e *Event) { e.Line = name }) },
			Progress: func(done, total int64) { tell(Progress, func(e *Event) { e.Done, e.Total = done, total }) },
			Waiting: func(storepath.Path) {
				tell(Waiting, nil)
				own.lend()
			},
			Resume: own.resume,
		})
	}
	tell(Finished, func(e *Event) {
		e.Err = err
		if calledOff(ctx, err) {
			e.Err = context.Canceled
		}
		if res != nil {
			e.AlreadyValid, e.CPU, e.MaxRSS = res.AlreadyValid, res.CPU, res.MaxRSS
		}
	})
	return res, err
}

// calledOff tells whether an error says no more than that somebody stopped the
// work.
func calledOff(ctx context.Context, err error) bool {
	cause := context.Cause(ctx)
	return cause != nil && (errors.Is(err, cause) || errors.Is(err, context.Canceled))
}

// inputPaths lists what a derivation names directly.
func (r *Realiser) inputPaths(ctx context.Context, n *node) ([]storepath.Path, error) {
	inputs := append([]storepath.Path{}, n.d.InputSrcs...)
	for drv, outputs := range n.d.InputDrvs.All() {
		paths, err := r.Outputs(ctx, Goal{drv, outputs})
		if err != nil {
			return nil, err
		}
		for _, p := range paths {
			inputs = append(inputs, p)
		}
	}
	return inputs, nil
}

// queue is a heap of ready nodes, the longest way first.
type queue []*node

func (q queue) Len() int      { return len(q) }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q queue) Less(i, j int) bool {
	if c := cmp.Compare(q[j].height, q[i].height); c != 0 {
		return c < 0
	}
	return q[i].drv < q[j].drv
}

// Push and Pop are for container/heap.
func (q *queue) Push(x any) { *q = append(*q, x.(*node)) }

// Pop removes the last element.
func (q *queue) Pop() any {
	old := *q
	n := old[len(old)-1]
	*q = old[:len(old)-1]
	return n
}
