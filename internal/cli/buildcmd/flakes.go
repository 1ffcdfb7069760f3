package buildcmd

import (
	"context"

	"isomorph/internal/cli/classic"
	"isomorph/internal/cli/installable"
	"isomorph/internal/pipeline"
)

// meansFlakes tells whether the operands are outputs of flakes.
func (c *command) meansFlakes(args []string) bool {
	if c.file != "" || c.expr != "" {
		return false
	}
	if len(args) == 0 {
		return installable.DefaultIsFlake(c.env)
	}
	return installable.IsFlake(c.env, args[0])
}

// flakeEvaluation returns what evaluates outputs of flakes.
func (c *command) flakeEvaluation(args []string, common *classic.Common) (func(context.Context, *pipeline.Session) ([]pipeline.Found, error), pipeline.BuildRequest, error) {
	req := pipeline.BuildRequest{Environ: c.env.Environ, OutDir: abs(c.env.Dir, c.outDir), Dir: c.env.Dir}
	list, err := installable.List(c.env, args, c.attrs, common)
	if err != nil {
		return nil, req, err
	}
	flags, err := installable.Flags(c.env, &c.flakes)
	if err != nil {
		return nil, req, err
	}
	installable.Settings(&c.flakes, common)
	return func(ctx context.Context, s *pipeline.Session) ([]pipeline.Found, error) {
		if err := installable.Prepare(c.env, &c.flakes, func() *pipeline.Evaluator { return s.Evaluator(ctx) }); err != nil {
			return nil, err
		}
		return s.InstantiateFlakes(ctx, list, flags)
	}, req, nil
}
