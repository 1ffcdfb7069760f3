// Package flakecmd has the commands about flakes themselves: isomorph flake
// lock, update, metadata, show, check, init, new, clone, prefetch and archive,
// and isomorph registry. What they print is what Nix's commands of the same names
// print.
package flakecmd

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"isomorph/internal/cli"
	"isomorph/internal/cli/classic"
	"isomorph/internal/cli/installable"
	"isomorph/internal/flake"
	"isomorph/internal/flakeref"
	"isomorph/internal/pipeline"
	"isomorph/internal/store/localstore"
)

// Deps is what the commands need from outside.
type Deps struct {
	// Open opens what a command works in.
	Open func(ctx context.Context, common *classic.Common) (*pipeline.Session, error)

	// OpenStore opens a store on this machine.
	OpenStore func(ctx context.Context, common *classic.Common) (*localstore.Store, error)

	// UserRegistry is the file of the user's registry, "" if there is no place
	// for one.
	UserRegistry string
}

// command is what all of them share.
type command struct {
	env    *cli.Env
	deps   Deps
	shared cli.EvalFlags
	flags  cli.FlakeFlags
	ref    string // the flake, "" for that of the working directory
	json   bool
}

// New returns the command flake with those below it.
func New(env *cli.Env, deps Deps) *cobra.Command {
	root := &cobra.Command{
		Use:   "flake",
		Short: "Lock flakes, look at them, begin new ones",
		Long: `Flakes are source trees with a flake.nix and a flake.lock. A FLAKE is named as in Nix:
a directory, "nixpkgs" or another name of a registry, github:OWNER/REPO[/BRANCH],
git+https://HOST/PATH?ref=BRANCH, path:DIR, https://HOST/FILE.tar.gz ..., with ?dir=DIR if it lies
in a directory of its tree. Without one it is that of the working directory. To build one:
isomorph build FLAKE#ATTRIBUTE.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.AddCommand(
		newLock(env, deps), newUpdate(env, deps), newMetadata(env, deps), newShow(env, deps), newCheck(env, deps),
		newInit(env, deps), newNew(env, deps), newClone(env, deps), newPrefetch(env, deps), newArchive(env, deps),
	)
	return root
}

// register adds the flags that all of them have.
func (c *command) register(cmd *cobra.Command) {
	c.shared.Register(cmd.Flags())
	c.flags.Register(cmd.Flags())
}

// oneFlake is the Args of commands that take one flake.
func (c *command) oneFlake(cmd *cobra.Command, args []string) error {
	if err := cobra.MaximumNArgs(1)(cmd, args); err != nil {
		return err
	}
	if len(args) == 1 {
		c.ref = args[0]
	}
	return nil
}

// session opens a session for the flake. done closes it.
func (c *command) session(ctx context.Context, readOnly bool) (s *pipeline.Session, done func(), err error) {
	common, err := classic.FromFlags(&c.shared)
	if err != nil {
		return nil, nil, err
	}
	if len(common.Args) > 0 {
		return nil, nil, &cli.ExitError{Code: cli.ExitUsage, Err: fmt.Errorf("'--arg' and '--argstr' are incompatible with flakes")}
	}
	installable.Settings(&c.flags, common)
	common.ReadOnly = readOnly
	s, err = c.deps.Open(ctx, common)
	if err != nil {
		return nil, nil, err
	}
	if err := installable.Prepare(c.env, &c.flags, func() *pipeline.Evaluator { return s.Evaluator(ctx) }); err != nil {
		return nil, nil, closing(s, err)
	}
	return s, func() { s.Close() }, nil
}

func closing(s *pipeline.Session, err error) error {
	s.Close()
	return err
}

// parse reads the reference to the flake.
func (c *command) parse() (flakeref.Ref, error) {
	text := c.ref
	if text == "" {
		text = "."
	}
	return installable.ParseRef(c.env, text)
}

// lock locks the flake; change may alter the flags.
func (c *command) lock(ctx context.Context, s *pipeline.Session, change func(*flake.Flags)) (*flake.Locked, error) {
	ref, err := c.parse()
	if err != nil {
		return nil, err
	}
	flags, err := installable.Flags(c.env, &c.flags)
	if err != nil {
		return nil, err
	}
	if change != nil {
		change(&flags)
	}
	return s.Evaluator(ctx).LockFlake(ref, flags)
}

func newLock(env *cli.Env, deps Deps) *cobra.Command {
	c := &command{env: env, deps: deps}
	cmd := &cobra.Command{
		Use:   "lock [FLAKE]",
		Short: "Add what is missing to a flake's lock file",
		Long: `Locks the inputs of a flake that its flake.lock does not have yet, or has otherwise than
flake.nix. Inputs that are locked stay as they are; "isomorph flake update" renews them.`,
		Example: `  isomorph flake lock
  isomorph flake lock --override-input nixpkgs github:NixOS/nixpkgs/nixos-24.05`,
		Args: c.oneFlake,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.write(cmd.Context(), func(f *flake.Flags) { f.FailUnlocked = true })
		},
	}
	c.register(cmd)
	return cmd
}

// write locks and writes the lock file, whatever else the flags say.
func (c *command) write(ctx context.Context, change func(*flake.Flags)) error {
	s, done, err := c.session(ctx, false)
	if err != nil {
		return err
	}
	defer done()
	_, err = c.lock(ctx, s, func(f *flake.Flags) {
		f.NoWrite, f.ApplyConfig = false, true
		change(f)
	})
	return err
}

func newUpdate(env *cli.Env, deps Deps) *cobra.Command {
	c := &command{env: env, deps: deps}
	cmd := &cobra.Command{
		Use:   "update [INPUT...]",
		Short: "Renew the inputs in a flake's lock file",
		Long: `Locks the named inputs of a flake anew, or all of them if none is named. An input of an input
is named with a slash: "nixops/nixpkgs".`,
		Example: `  isomorph flake update
  isomorph flake update nixpkgs --commit-lock-file
  isomorph flake update --flake path/to/flake`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c.flags.Renew, c.shared.Refresh = args, true
			return c.write(cmd.Context(), func(f *flake.Flags) { f.Recreate = len(args) == 0 })
		},
	}
	c.register(cmd)
	cmd.Flags().StringVar(&c.ref, "flake", "", "the `FLAKE` to update")
	return cmd
}

func newMetadata(env *cli.Env, deps Deps) *cobra.Command {
	c := &command{env: env, deps: deps}
	cmd := &cobra.Command{
		Use:     "metadata [FLAKE]",
		Aliases: []string{"info"},
		Short:   "Show where a flake comes from and what its inputs are",
		Args:    c.oneFlake,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, done, err := c.session(cmd.Context(), false)
			if err != nil {
				return err
			}
			defer done()
			l, err := c.lock(cmd.Context(), s, nil)
			if err != nil {
				return err
			}
			m := metadata{l: l, path: s.PrintPath(l.Tree), locked: s.Evaluator(cmd.Context()).IsLockedInput, zone: env.Now().Location()}
			text := m.text()
			if c.json {
				text = flake.CompactJSON(m.json()) + "\n"
			}
			_, err = io.WriteString(env.Stdout, text)
			return err
		},
	}
	c.register(cmd)
	cmd.Flags().BoolVar(&c.json, "json", false, "print JSON")
	return cmd
}
