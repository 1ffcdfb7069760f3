package evalcmd

import (
	"context"
	"fmt"
	"io"

	"isomorph/internal/cli"
	"isomorph/internal/cli/installable"
	"isomorph/internal/flake"
	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/nixlang/eval"
	"isomorph/internal/pipeline"
)

// flakeRun is one run of eval or instantiate on outputs of flakes.
type flakeRun struct {
	*request
	list  []pipeline.Installable
	flags flake.Flags
}

// asFlakes returns the run if the operands are outputs of flakes, else nil.
func (f *evalFlags) asFlakes(env *cli.Env, args []string) (*flakeRun, error) {
	if f.expr != "" || f.file != "" {
		return nil, nil
	}
	if len(args) == 0 && !installable.DefaultIsFlake(env) || len(args) > 0 && !installable.IsFlake(env, args[0]) {
		return nil, nil
	}
	r, err := f.request(env, nil)
	if err != nil {
		return nil, err
	}
	run := &flakeRun{request: r}
	if run.list, err = installable.List(env, args, f.r.attrs, r.common); err != nil {
		return nil, err
	}
	if run.flags, err = installable.Flags(env, &f.flakes); err != nil {
		return nil, err
	}
	installable.Settings(&f.flakes, r.common)
	return run, nil
}

func (r *flakeRun) run(ctx context.Context, env *cli.Env, open Opener, flags *cli.FlakeFlags) error {
	s, err := open(ctx, env, r.common)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := installable.Prepare(env, flags, s.Evaluator(ctx)); err != nil {
		return err
	}
	if !r.evalOnly {
		found, err := s.InstantiateFlakes(ctx, r.list, r.flags)
		s.CloseDisplay()
		if err != nil {
			return err
		}
		return r.printFoundDerivations(ctx, env, s, found)
	}
	for _, i := range r.list {
		if err := r.printOutput(env, s.Evaluator(ctx), i); err != nil {
			return err
		}
	}
	return nil
}

// printOutput prints a value as "nix eval" does.
func (r *flakeRun) printOutput(env *cli.Env, ev *pipeline.Evaluator, i pipeline.Installable) error {
	var text string
	err := ev.Do(func(c *eval.Ctx) {
		o := ev.Output(c, i, r.flags)
		o.Value = r.applied(ev, c, env.Dir, o.Value)
		var ctx eval.ContextSet
		switch r.form {
		case formRaw:
			text = c.CoerceToString(0, o.Value, &ctx, "while generating the eval command output", 0)
		case formXML:
			text = builtins.ToXML(c, o.Value, &ctx, true, !r.noLocation)
		case formJSON:
			text = r.json(c, o.Value)
		default:
			text = c.PrintWith(o.Value, eval.PrintOptions{Force: true, DerivationPaths: true}) + "\n"
		}
	})
	if err != nil {
		return err
	}
	_, err = io.WriteString(env.Stdout, text)
	return err
}

// printFoundDerivations prints one derivation a line, each once.
func (r *request) printFoundDerivations(ctx context.Context, env *cli.Env, s *pipeline.Session, found []pipeline.Found) error {
	last := ""
	for i, f := range found {
		line := s.PrintPath(f.Drv)
		if line == last {
			continue
		}
		last = line
		if r.addRoot != "" {
			link := rootName(env.Dir, r.addRoot, i)
			if err := s.AddRoot(ctx, link, f.Drv); err != nil {
				return err
			}
			line = link
		}
		if _, err := fmt.Fprintln(env.Stdout, line); err != nil {
			return err
		}
	}
	return nil
}
