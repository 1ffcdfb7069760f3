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
	if err := installable.Prepare(env, flags, func() *pipeline.Evaluator { return s.Evaluator(ctx) }); err != nil {
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
	answer := func(ev *pipeline.Evaluator, i pipeline.Installable) (pipeline.Answer, error) {
		return r.output(env, ev, i)
	}
	return s.AskFlakes(ctx, r.list, r.flags, r.valueForm(), answer, func(a pipeline.Answer) error {
		s.CloseDisplay()
		_, err := io.WriteString(env.Stdout, a.Text)
		return err
	})
}

// output writes a value as "nix eval" does.
func (r *flakeRun) output(env *cli.Env, ev *pipeline.Evaluator, i pipeline.Installable) (a pipeline.Answer, err error) {
	err = ev.Do(func(c *eval.Ctx) {
		o := ev.Output(c, i, r.flags)
		o.Value = r.applied(ev, c, env.Dir, o.Value)
		var ctx eval.ContextSet
		switch r.form {
		case formRaw:
			a.Text = c.CoerceToString(0, o.Value, &ctx, "while generating the eval command output", 0)
		case formXML:
			a.Text = builtins.ToXML(c, o.Value, &ctx, true, !r.noLocation)
		case formJSON:
			a.Text = r.json(builtins.ToJSONWithNames(c, o.Value))
		default:
			a.Text = c.PrintWith(o.Value, eval.PrintOptions{Force: true, DerivationPaths: true}) + "\n"
		}
	})
	return a, err
}

// printFoundDerivations prints one derivation a line, each once.
func (r *request) printFoundDerivations(ctx context.Context, env *cli.Env, s *pipeline.Session, found []pipeline.Found) error {
	last := ""
	for i, f := range found {
		line := s.PrintPath(f.Object())
		if line == last {
			continue
		}
		last = line
		if r.addRoot != "" {
			link := rootName(env.Dir, r.addRoot, i)
			if err := s.AddRoot(ctx, link, f.Object()); err != nil {
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
