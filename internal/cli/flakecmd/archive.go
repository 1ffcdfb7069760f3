package flakecmd

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"isomorph/internal/cli"
	"isomorph/internal/cli/classic"
	"isomorph/internal/flake"
	"isomorph/internal/pipeline"
	"isomorph/internal/storepath"
)

func newArchive(env *cli.Env, deps Deps) *cobra.Command {
	c := &command{env: env, deps: deps}
	var to string
	var dry bool
	cmd := &cobra.Command{
		Use:   "archive [FLAKE]",
		Short: "Bring a flake and all its inputs into the store, or another one",
		Long: `Fetches the source of a flake and those of all its inputs into the store, so that it can be used
without a network. --to copies them to another store on this machine, too.`,
		Example: `  isomorph flake archive
  isomorph flake archive --json --dry-run github:OWNER/REPO
  isomorph flake archive --to /mnt/stick/store .`,
		Args: c.oneFlake,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.archive(cmd.Context(), to, dry) },
	}
	c.register(cmd)
	fl := cmd.Flags()
	fl.BoolVar(&c.json, "json", false, "print where the sources are, as JSON")
	fl.BoolVar(&dry, "dry-run", false, "fetch no inputs, and copy nothing")
	fl.StringVar(&to, "to", "", "copy the sources to the store at this `DIR`")
	return cmd
}

func (c *command) archive(ctx context.Context, to string, dry bool) error {
	s, done, err := c.session(ctx, false)
	if err != nil {
		return err
	}
	defer done()
	l, err := c.lock(ctx, s, nil)
	if err != nil {
		return err
	}
	a := archiver{s: s, ev: s.Evaluator(ctx), dry: dry, made: map[*flake.Node]object{}, trees: map[storepath.Path]bool{l.Tree: true}}
	inputs, err := a.inputs(l.Lock.Root, 0)
	if err != nil {
		return err
	}
	if c.json {
		text := flake.CompactJSON(object{"path": s.PrintPath(l.Tree), "inputs": inputs})
		if _, err := fmt.Fprintln(c.env.Stdout, text); err != nil {
			return err
		}
	}
	if dry || to == "" {
		return nil
	}
	return c.copyTo(ctx, s, to, slices.Sorted(maps.Keys(a.trees)))
}

// archiver goes through the inputs of a lock file.
type archiver struct {
	s     *pipeline.Session
	ev    *pipeline.Evaluator
	dry   bool
	made  map[*flake.Node]object // what has been gone through
	trees map[storepath.Path]bool
}

// maxInputs bounds how deeply inputs nest; each level is another flake.
const maxInputs = 1000

func (a *archiver) inputs(n *flake.Node, depth int) (object, error) {
	if o, ok := a.made[n]; ok {
		return o, nil
	}
	if depth > maxInputs {
		return nil, errors.New("flake inputs nest too deeply")
	}
	all := object{}
	a.made[n] = all
	for _, name := range n.Names() {
		input := n.Inputs[name].Node
		if input == nil {
			continue
		}
		o := object{}
		if _, relative := input.Locked.Relative(); !relative {
			p, err := a.ev.FetchInput(input, a.dry)
			if err != nil {
				return nil, err
			}
			a.trees[p] = true
			o["path"] = a.s.PrintPath(p)
		}
		inputs, err := a.inputs(input, depth+1)
		if err != nil {
			return nil, err
		}
		o["inputs"], all[name] = inputs, o
	}
	return all, nil
}

func (c *command) copyTo(ctx context.Context, s *pipeline.Session, to string, trees []storepath.Path) error {
	common, err := classic.FromFlags(&c.shared)
	if err != nil {
		return err
	}
	common.StoreURI = to
	st, err := c.deps.OpenStore(ctx, common)
	if err != nil {
		return err
	}
	err = s.CopySources(ctx, st, trees, func(p storepath.Path) {
		fmt.Fprintf(c.env.Stderr, "copying path '%s' to '%s'...\n", s.PrintPath(p), to)
	})
	return errors.Join(err, st.Close())
}
