package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"isomorph/internal/evalcache"
	"isomorph/internal/nixlang/builtins"
)

// Query is what one command asks of the evaluator: several inputs, in order.
type Query struct {
	Inputs []Input

	// Answer evaluates one input. Form says what it makes of it: with the
	// inputs and the settings it decides about the answer, and so it must
	// name all options that have an influence.
	Form   string
	Answer func(e *Evaluator, in Input) (Answer, error)

	// Evaluating, if not nil, is called before the evaluation begins; not if
	// the answers are remembered.
	Evaluating func(e *Evaluator)

	// Partial asks for what there is of an answer before an error, too.
	Partial bool

	// Prepare, if not nil, does what the answer to the first input begins with,
	// so that helpers need not wait for it. What is wrong is left for Answer to say.
	Prepare func(e *Evaluator)

	// NoCache evaluates whatever is known, and remembers nothing.
	NoCache bool
}

// Answer is what an input evaluates to: a text, or derivations, which are valid
// in a session that writes.
type Answer struct {
	Text  string
	Found []Found
}

// CacheConfig says where evaluations are remembered (package evalcache).
type CacheConfig struct {
	Dir string // absolute; "" for no cache
	UID int

	// Engine returns what no two builds of the program have in common that
	// evaluate differently.
	Engine func() (string, error)

	// Refresh evaluates even if the answer is known, and remembers the new
	// one.
	Refresh bool
}

// Ask answers a query, and calls each with every answer as it comes. remembered
// tells that nothing was evaluated: the same query has been answered before,
// and nothing that the evaluation saw has changed. Messages are shown then, too.
func (s *Session) Ask(ctx context.Context, q Query, each func(Answer) error) (remembered bool, err error) {
	m := s.memo(ctx, &q)
	defer m.close()
	if answers, ok := m.recall(ctx); ok {
		s.remembered = true
		for _, a := range answers {
			if err := each(a); err != nil {
				return true, err
			}
		}
		return true, nil
	}
	var answers []Answer
	if s.cfg.Eval.Cores > 1 && s.eval == nil {
		answers, err = s.answerAided(ctx, m, &q, each)
	} else {
		answers, err = s.answer(ctx, s.evaluatorFor(ctx, m, &q), &q, each)
	}
	if err != nil {
		return false, err
	}
	m.remember(answers)
	return false, nil
}

func (s *Session) evaluatorFor(ctx context.Context, m *memo, q *Query) *Evaluator {
	ev := s.evaluator(ctx, m.record(ctx))
	if q.Evaluating != nil {
		q.Evaluating(ev)
	}
	return ev
}

// answerAided answers a query with helpers and, where these may have had an
// influence, once more without. Answers that have been given are not given
// again.
func (s *Session) answerAided(ctx context.Context, m *memo, q *Query, each func(Answer) error) ([]Answer, error) {
	s.gate = &messageGate{again: -1}
	defer func() { s.gate = nil }()
	ev := s.evaluatorFor(ctx, m, q)
	ev.cores = s.cfg.Eval.Cores
	given := 0
	whole := *q
	whole.Partial = false // for it may come again
	answers, err := s.answer(ctx, ev, &whole, func(a Answer) error {
		given++
		return each(a)
	})
	ev.cores = 0
	repeat := err == errInDoubt || errors.As(err, new(*EvalError)) && (ev.State.Aided() || q.Partial)
	if !repeat || ctx.Err() != nil {
		return answers, err
	}
	s.Release()
	s.gate.again = 0
	return s.answer(ctx, s.evaluatorFor(ctx, m, q), q, func(a Answer) error {
		if given--; given >= 0 {
			return nil
		}
		return each(a)
	})
}

// errInDoubt says that an evaluation has to be repeated without helpers.
var errInDoubt = errors.New("helpers may have had an influence on the answer")

// answer evaluates the inputs of a query, in order.
func (s *Session) answer(ctx context.Context, ev *Evaluator, q *Query, each func(Answer) error) (all []Answer, err error) {
	if q.Prepare != nil && ev.cores > 1 && len(q.Inputs) > 1 {
		q.Prepare(ev)
	}
	ahead, team := ev.lookAhead(q)
	defer team.End()
	for i, in := range q.Inputs {
		a, ok := ahead.take(i)
		if !ok {
			a, err = q.Answer(ev, in)
		}
		if ev.State.InDoubt() {
			err = errInDoubt
		}
		if err == nil {
			err = ev.Commit(ctx)
		}
		if err == nil {
			err = each(a)
		}
		if err != nil {
			return nil, s.partly(ctx, ev, q, a, err, each)
		}
		all = append(all, a)
	}
	return all, nil
}

// partly gives what there is of an answer before an error of the evaluation, and
// returns the error.
func (s *Session) partly(ctx context.Context, ev *Evaluator, q *Query, a Answer, err error, each func(Answer) error) error {
	if !q.Partial || len(a.Found) == 0 || !errors.As(err, new(*EvalError)) || ctx.Err() != nil {
		return err
	}
	if failed := ev.Commit(ctx); failed != nil {
		return failed
	}
	if failed := each(a); failed != nil {
		return failed
	}
	return err
}

// memo is the evaluation cache as one query sees it; nil if there is none.
type memo struct {
	s        *Session
	cache    *evalcache.Cache
	key      evalcache.Key
	world    *cacheWorld
	start    time.Time
	recorder *evalcache.Recorder
}

// memo opens the cache for a query. An evaluator that has been at work has
// seen things that no record of this query would tell of.
func (s *Session) memo(ctx context.Context, q *Query) *memo {
	cfg := &s.cfg.EvalCache
	if cfg.Dir == "" || s.eval != nil || q.NoCache {
		return nil
	}
	engine, err := cfg.Engine()
	if err != nil {
		s.cfg.Eval.Warn("evaluations are not remembered: " + err.Error())
		return nil
	}
	cache, err := evalcache.Open(evalcache.Options{Dir: cfg.Dir, UID: cfg.UID, Random: s.cfg.Random, Now: s.cfg.Now})
	if err != nil {
		s.cacheWarning(err)
		return nil
	}
	return &memo{s: s, cache: cache, key: s.key(engine, q), world: newCacheWorld(ctx, s), start: s.cfg.Now()}
}

// cacheWarning says that the cache does not work. Where nothing can be written
// nobody expects one.
func (s *Session) cacheWarning(err error) {
	if isReadOnly(err) {
		return
	}
	s.cfg.Eval.Warn(fmt.Sprintf("%v; evaluations are not remembered ('--option eval-cache false' stops this warning)", err))
}

func (m *memo) close() {
	if m != nil {
		m.cache.Close()
	}
}

// recall returns the answers of a record that still holds.
func (m *memo) recall(ctx context.Context) ([]Answer, bool) {
	if m == nil || m.s.cfg.EvalCache.Refresh {
		return nil, false
	}
	rec := m.cache.Get(m.key)
	if rec == nil {
		return nil, false
	}
	fresher, err := rec.Check(ctx, m.world, m.start)
	if err != nil {
		return nil, false // whatever is wrong, evaluation meets it again and says so
	}
	if fresher {
		m.put(rec)
	}
	m.cache.Used(m.key)
	for _, msg := range m.world.warnings {
		m.s.cfg.Inputs.Warn(msg)
	}
	rec.Replay(m.s.showMessage)
	answers := make([]Answer, len(rec.Answers))
	for i, a := range rec.Answers {
		answers[i] = Answer{Text: a.Text}
		for _, d := range a.Derivations {
			f := Found{Drv: d.Path, Name: d.Name, Output: d.Output}
			if !d.Path.IsDerivation() || d.Output == "" {
				f = Found{Plain: d.Path, Name: d.Name}
			}
			answers[i].Found = append(answers[i].Found, f)
		}
	}
	return answers, true
}

// showMessage shows a message of a remembered evaluation the way that the
// evaluation did.
func (s *Session) showMessage(kind evalcache.MessageKind, msg string) {
	switch kind {
	case evalcache.Trace:
		s.cfg.Eval.Trace(msg)
	case evalcache.Warn:
		s.cfg.Eval.Warn(msg)
	case evalcache.EvaluationWarning:
		s.cfg.Eval.EvalWarn(msg)
	}
}

// record returns what puts a recorder before the evaluator's host.
func (m *memo) record(ctx context.Context) func(builtins.Host) builtins.Host {
	if m == nil {
		return func(h builtins.Host) builtins.Host { return h }
	}
	return func(h builtins.Host) builtins.Host {
		m.recorder = evalcache.NewRecorder(ctx, h, m.world, m.s.writable() != nil, m.start)
		return m.recorder
	}
}

// remember writes the record of the evaluation that has given the answers.
func (m *memo) remember(answers []Answer) {
	if m == nil || m.recorder == nil {
		return
	}
	if m.s.cfg.Eval.Channel.Err() != nil {
		m.recorder.Spoil("the embedded channel is not there") // it may be next time
	}
	all := make([]evalcache.Answer, len(answers))
	for i, a := range answers {
		all[i].Text = a.Text
		for _, f := range a.Found {
			all[i].Derivations = append(all[i].Derivations, evalcache.Derivation{Path: f.Object(), Name: f.Name, Output: f.Output})
		}
	}
	if rec, ok := m.recorder.Record(all); ok {
		m.put(rec)
	}
}

func (m *memo) put(rec *evalcache.Record) {
	if err := m.cache.Put(m.key, rec); err != nil {
		m.s.cacheWarning(err)
	}
}

// key makes the key of a query.
func (s *Session) key(engine string, q *Query) evalcache.Key {
	b := evalcache.NewKey()
	b.Add("engine", engine)
	b.Add("store", string(s.reader.Dir()), s.cfg.Store.Root, s.cfg.Store.RealStoreDir, s.cfg.Store.StateDir)
	b.Flag("writes", s.writable() != nil)
	b.Flag("builds again", s.cfg.Build.Check)
	s.cfg.Eval.addTo(b)
	b.Add("form", q.Form)
	for _, in := range q.Inputs {
		in.addTo(b)
	}
	return b.Key()
}

func (in *Input) addTo(b *evalcache.KeyBuilder) {
	b.Add("input", in.Source.File, in.Source.Text, in.Dir, in.Attr)
	b.Flag("standard input", in.Source.Stdin)
	for _, a := range in.Args {
		b.Add("argument", a.Name, a.Value)
		b.Flag("argument is a string", a.IsString)
	}
}

// addTo adds the settings that can have an influence on values. A test sees to
// it that none is forgotten.
func (c *EvalConfig) addTo(b *evalcache.KeyBuilder) {
	b.Add("system", c.System, c.EvalSystem)
	b.Add("version", c.NixVersion)
	for _, e := range c.SearchPath {
		b.Add("search path", e.Prefix, e.Path)
	}
	b.Add("directories", c.Home, c.Dir)
	b.Add("limits and lints", fmt.Sprintf("%d %d %d %+v", c.MaxCallDepth, c.MaxSteps, c.MaxMemory, c.Lints))
	b.Flag("show-trace", c.ShowTrace)
	b.Flag("advise", c.Advise)
	b.Flag("trace-verbose", c.TraceVerbose)
	b.Flag("abort-on-warn", c.AbortOnWarn)
	b.Flag("pure", c.Pure)
	b.Flag("restricted", c.Restricted)
	b.Flag("import from derivation", c.AllowIFD)
	b.Flag("told of", c.TraceIFD)
	b.Add("allowed", c.AllowedURIs...)
	b.Flag("pipes", c.PipeOperators)
	b.Flag("flakes", c.Flakes)
	c.Flake.addTo(b)
	b.Flag("fetch-tree", c.FetchTree)
	b.Flag("fetch-closure", c.FetchClosure)
	b.Flag("trust-tarballs-from-git-forges", c.TrustForges)
	b.Flag("timestamps", c.TOMLTimestamps)
	if c.Channel != nil {
		b.Add("channel", c.Channel.Dir())
	}
}

// addTo adds the settings of flakes that can have an influence on values.
func (c *FlakeConfig) addTo(b *evalcache.KeyBuilder) {
	b.Add("registries", c.UserRegistry, c.SystemRegistry, c.GlobalRegistry)
	b.Flag("no registries", c.NoRegistries)
	b.Flag("dirty flakes are refused", c.RefuseDirty)
	b.Flag("dirty flakes are no matter for a warning", c.QuietDirty)
	b.Flag("dirty lock files are allowed", c.AllowDirtyLock)
	b.Flag("nixConfig is trusted", c.AcceptConfig)
}
