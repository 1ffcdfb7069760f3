package pipeline

import (
	"sync"

	"isomorph/internal/nixlang/eval"
)

// What several workers do of one query (see eval.Team): its inputs, or if there
// is one the parts of its value. Whatever they do, the answers, messages and
// errors are those of one worker. So an evaluation in which helpers may have had
// an influence is done again without them: when there was an error, whose trace
// tells of the order of evaluation, or when eval.State.InDoubt says so.

// fewParts is how many parts a set or list below the top of a value must have
// to be worth the start of helpers.
const fewParts = 16

// Ahead lets helpers do something with each of several parts of a value, the
// last first, while the caller goes through them in order. do runs on the
// helpers' goroutines; it may throw. The caller ends the team when it is done.
func (e *Evaluator) Ahead(c *eval.Ctx, parts []eval.Value, do func(c *eval.Ctx, part eval.Value)) *eval.Team {
	return c.Ahead(e.cores-1, len(parts), func(c *eval.Ctx, job int) { do(c, parts[job]) })
}

// Parts returns the elements of a list or the values of a set in the order of
// their names; nothing for other values, and for a set that stands for a string.
func Parts(c *eval.Ctx, v eval.Value) []eval.Value {
	switch v.Type() {
	case eval.TypeList:
		return v.AsList()
	case eval.TypeSet:
		a := v.AsAttrs()
		if a.Has(eval.SymToString) || a.Has(eval.SymOutPath) {
			return nil
		}
		parts := make([]eval.Value, 0, a.Len())
		for at := range c.Sorted(a) {
			parts = append(parts, at.Value)
		}
		return parts
	}
	return nil
}

// with returns the evaluator for the use of another worker.
func (e *Evaluator) with(c *eval.Ctx) *Evaluator {
	h := *e
	h.c = c
	return &h
}

// answers are the answers to the inputs of a query as helpers find them.
type answers struct {
	mu   sync.Mutex
	cond sync.Cond
	all  []aheadAnswer
}

type aheadAnswer struct {
	begun, ended, ok bool
	Answer
}

// lookAhead starts helpers on the inputs of a query.
func (e *Evaluator) lookAhead(q *Query) (*answers, *eval.Team) {
	s := &answers{all: make([]aheadAnswer, len(q.Inputs))}
	s.cond.L = &s.mu
	return s, e.c.Ahead(e.cores-1, len(q.Inputs), func(c *eval.Ctx, i int) {
		if !s.begin(i) {
			return
		}
		var a aheadAnswer
		defer func() { s.end(i, a) }()
		found, err := q.Answer(e.with(c), q.Inputs[i])
		a = aheadAnswer{ok: err == nil, Answer: found}
	})
}

// begin tells whether input i is still to be answered, and takes it.
func (s *answers) begin(i int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	begun := s.all[i].begun
	s.all[i].begun = true
	return !begun
}

func (s *answers) end(i int, a aheadAnswer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a.begun, a.ended = true, true
	s.all[i] = a
	s.cond.Broadcast()
}

// take returns the answer of a helper to input i, waiting for it; ok is false if
// there is none, and the caller has to find it.
func (s *answers) take(i int) (a Answer, ok bool) {
	if s.begin(i) {
		return Answer{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.all[i].ended {
		s.cond.Wait()
	}
	return s.all[i].Answer, s.all[i].ok
}

// messageGate passes messages on. When an evaluation is repeated it keeps back
// those that have been shown before.
type messageGate struct {
	mu    sync.Mutex
	shown []string
	again int // how many of shown have come once more; -1 in the first run
}

// over puts the gate before what shows messages of one kind.
func (g *messageGate) over(kind string, show *func(string)) {
	inner := *show
	*show = func(msg string) {
		if g.pass(kind + msg) {
			inner(msg)
		}
	}
}

func (g *messageGate) pass(msg string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.again < 0 {
		g.shown = append(g.shown, msg)
		return true
	}
	if g.again < len(g.shown) && g.shown[g.again] == msg {
		g.again++
		return false
	}
	return true
}
