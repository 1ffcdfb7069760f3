package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"isomorph/internal/fetchtree"
	"isomorph/internal/gitrepo"
	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/nixlang/eval"
	"isomorph/internal/nixlang/syntax"
	"isomorph/internal/pipeline"
)

// ours is this evaluator, with a store that is empty and stays so.
type ours struct {
	dir      string
	session  *pipeline.Session
	ev       *pipeline.Evaluator
	messages []string
}

// patience is how long one program may take. Few should take a second, but the
// machine may be busy.
const patience = 30 * time.Minute

// nothing is an environment without variables.
func nothing(string) (string, bool) { return "", false }

// batchMemory is what one batch may use before garbage is collected, and twice that.
const batchMemory = 256 << 20

// newOurs makes an evaluator. Only the files of allow may be read, if there are
// any.
func newOurs(ctx context.Context, dir string, memory int64, allow []string) (*ours, error) {
	o := &ours{dir: dir}
	say := func(prefix string) func(string) {
		return func(msg string) { o.messages = append(o.messages, firstLine(prefix+msg)) }
	}
	cfg := pipeline.Config{
		NoStore: true,
		Eval: pipeline.EvalConfig{
			System: "x86_64-linux", Dir: dir, AllowIFD: true, PipeOperators: true, Flakes: true, Home: home(dir), Memory: memory,
			LookupEnv: nothing,
			Trace:     say("trace: "), Warn: say("warning: "), EvalWarn: say("evaluation warning: "),
		},
		Inputs: fetchtree.Options{Git: gitrepo.Options{LookupEnv: nothing}},
		Now:    func() time.Time { return time.Unix(1, 0) },
	}
	cfg.Eval.Restricted = allow != nil
	for _, file := range allow {
		cfg.Eval.SearchPath = append(cfg.Eval.SearchPath, builtins.SearchPathEntry{Path: file})
	}
	s, err := pipeline.Open(ctx, cfg, true)
	if err != nil {
		return nil, err
	}
	o.session, o.ev = s, s.Evaluator(ctx)
	return o, nil
}

func (o *ours) close() {
	o.session.Release()
	o.session.Close()
}

// run evaluates the i-th program of the batch by the driver.
func (o *ours) run(i int) (answer, error) {
	return o.answer(func(c *eval.Ctx) string {
		return c.PrintStrict(o.eval(c, fmt.Sprintf("import %s/driver.nix %q", o.dir, number(i))))
	})
}

func (o *ours) eval(c *eval.Ctx, text string) eval.Value {
	return o.ev.Library.EvalString(c, text, o.dir, syntax.Origin{Kind: syntax.OriginString})
}

// print evaluates the i-th program and prints its value.
func (o *ours) print(i int, f form) (answer, error) {
	return o.answer(func(c *eval.Ctx) string {
		v := c.Force(o.ev.Library.EvalRootFile(c, filepath.Join(o.dir, number(i)+".nix")))
		return f.ours(c, v)
	})
}

func (f form) ours(c *eval.Ctx, v eval.Value) string {
	var ctx eval.ContextSet
	switch f {
	case formJSON:
		return builtins.ToJSON(c, 0, v, &ctx)
	case formXML:
		return builtins.ToXML(c, v, &ctx, true, false)
	case formLazy:
		return c.Print(v)
	}
	c.ForceDeep(v)
	return c.PrintStrict(v)
}

// answer runs f, which ends soon or not at all.
func (o *ours) answer(f func(c *eval.Ctx) string) (a answer, err error) {
	o.messages = nil
	done := make(chan error, 1)
	go func() { done <- o.ev.Do(func(c *eval.Ctx) { a.value = f(c) }) }()
	select {
	case err = <-done:
	case <-time.After(patience):
		return a, fmt.Errorf("ours has not ended after %s", patience)
	}
	a.messages = o.messages
	if err != nil {
		a.value = ""
		a.err = cmp.Or(firstLine(message(err)), noMessage)
		a.text = behindTrace(o.ev.State.RenderError(err, false))
	}
	return a, nil
}

// message returns what an error says without its trace.
func message(err error) string {
	if e, ok := errors.AsType[*eval.Error](err); ok {
		return e.Msg
	}
	return err.Error()
}
