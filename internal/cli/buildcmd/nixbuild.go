package buildcmd

import (
	"context"
	"errors"
	"fmt"
	"io"

	"isomorph/internal/cli"
	"isomorph/internal/cli/classic"
	"isomorph/internal/pipeline"
	"isomorph/internal/realise"
)

// NixBuild runs the classic nix-build with the given arguments.
func NixBuild(ctx context.Context, env *cli.Env, open Opener, args []string) error {
	c := &command{env: env, open: open, outLink: "result"}
	var isExpr bool
	spec := classic.Spec{
		Command: "nix-build",
		Flags: map[string]*bool{
			"-E": &isExpr, "--expr": &isExpr, "--no-out-link": &c.noOutLink, "--no-link": &c.noOutLink,
		},
		Values: map[string]func(string){
			"-A": func(v string) { c.attrs = append(c.attrs, v) }, "--attr": func(v string) { c.attrs = append(c.attrs, v) },
			"-o": func(v string) { c.outLink = v }, "--out-link": func(v string) { c.outLink = v },
			"--add-root": func(v string) { c.outLink = v },
		},
	}
	common, operands, err := classic.Parse(spec, args)
	if err == nil {
		err = common.ReadArgs(env.Stdin, env.Dir)
	}
	if err != nil {
		return err
	}
	common.PrintLogs, common.RawLogs = !common.NoOutput, true
	if len(operands) == 0 {
		operands = []string{"./default.nix"}
	}
	s, err := open(ctx, common)
	if err != nil {
		return err
	}
	defer s.Close()
	found, err := c.instantiateAll(ctx, s, common, operands, isExpr)
	if err != nil {
		return err
	}
	s.Release()
	if common.DryRun {
		return s.ShowPlan(ctx, found)
	}
	outs, err := s.Realise(ctx, found)
	s.CloseDisplay()
	if err != nil {
		return &cli.ExitError{Code: realise.ExitCode(err), Err: err}
	}
	if err := c.link(ctx, s, outs); err != nil {
		return err
	}
	for _, o := range outs {
		fmt.Fprintln(env.Stdout, s.PrintPath(o.Path))
	}
	return nil
}

// instantiateAll evaluates each operand of nix-build.
func (c *command) instantiateAll(ctx context.Context, s *pipeline.Session, common *classic.Common, operands []string, isExpr bool) ([]pipeline.Found, error) {
	attrs := c.attrs
	if len(attrs) == 0 {
		attrs = []string{""}
	}
	var found []pipeline.Found
	var inputs []pipeline.Input // not instantiated yet
	instantiate := func() error {
		if len(inputs) == 0 {
			return nil
		}
		more, err := s.InstantiateAll(ctx, inputs)
		found, inputs = append(found, more...), nil
		return err
	}
	for _, op := range operands {
		if drv, ok, err := s.DerivationOperand(abs(c.env.Dir, op)); !isExpr && ok {
			if err = errors.Join(err, instantiate()); err != nil {
				return nil, err
			}
			found = append(found, drv)
			continue
		}
		in := pipeline.Input{Dir: c.env.Dir}
		switch {
		case isExpr:
			in.Source.Text = op
		case op == "-":
			text, err := io.ReadAll(c.env.Stdin)
			if err != nil {
				return nil, fmt.Errorf("read standard input: %w", err)
			}
			in.Source.Text, in.Source.Stdin = string(text), true
		default:
			in.Source.File = op
		}
		for _, a := range common.Args {
			in.Args = append(in.Args, pipeline.Arg(a))
		}
		inputs = append(inputs, in.Select(attrs)...)
	}
	err := instantiate()
	return found, err
}
