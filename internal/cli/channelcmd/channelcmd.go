// Package channelcmd is "isomorph channel": where the channel lies on the disk,
// what it pins, and what packages and options it has.
package channelcmd

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"isomorph/internal/channelfs"
	"isomorph/internal/cli"
	"isomorph/internal/cli/lockcmd"
	"isomorph/internal/debian/lock"
)

// Deps is what the commands need from outside.
type Deps struct {
	// Materialise makes sure that the channel is on the disk and returns its
	// directory.
	Materialise func(ctx context.Context) (string, error)
	// Evaluate evaluates an expression of the Nix language and returns its
	// value as JSON (what builtins.toJSON makes of it).
	Evaluate func(ctx context.Context, expr string) ([]byte, error)
}

type command struct {
	env    *cli.Env
	deps   Deps
	asJSON bool
}

// New returns the command with its subcommands.
func New(env *cli.Env, deps Deps) *cobra.Command {
	c := &command{env: env, deps: deps}
	root := &cobra.Command{
		Use:   "channel",
		Short: "Tell where the channel lies, what it pins and what it has",
		Long: `The channel is the package collection built into this program. This command
prints the directory in which it lies, writing it there if need be, so that

    nix-build -I nixpkgs=$(isomorph channel) ...

lets another implementation of Nix use the very same expressions. What the
channel pins is told on standard error.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.show(cmd.Context()) },
	}
	root.PersistentFlags().BoolVar(&c.asJSON, "json", false, "print JSON")
	root.AddCommand(
		&cobra.Command{
			Use: "packages", Short: "List the packages: name, version, description", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return c.packages(cmd.Context()) },
		},
		&cobra.Command{
			Use: "options [PREFIX]", Short: "List the options of the module system", Args: cobra.MaximumNArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				return c.options(cmd.Context(), append(args, "")[0])
			},
		},
		&cobra.Command{
			Use: "search WORD", Short: "Find packages and options by name or description", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error { return c.search(cmd.Context(), args[0]) },
		},
	)
	return root
}

// info is what "isomorph channel --json" prints.
type info struct {
	Directory    string                      `json:"directory"`
	Packages     int                         `json:"packages"`
	Repositories map[string]*lock.Repository `json:"repositories"`
}

func (c *command) show(ctx context.Context) error {
	dir, err := c.deps.Materialise(ctx)
	if err != nil {
		return err
	}
	l, err := lock.Read(filepath.Join(dir, channelfs.LockFile))
	if err != nil {
		return err
	}
	if c.asJSON {
		return c.printJSON(info{dir, len(l.Packages), l.Repositories})
	}
	fmt.Fprintln(c.env.Stdout, dir)
	fmt.Fprintf(c.env.Stderr, "pins %d Debian packages and %d source archives\n", len(l.Packages), len(l.Sources))
	for _, line := range lockcmd.Ages(l, c.env.Now()) {
		fmt.Fprintln(c.env.Stderr, line)
	}
	return nil
}

func (c *command) printJSON(v any) error {
	e := json.NewEncoder(c.env.Stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// evaluate evaluates an expression and decodes what comes out.
func (c *command) evaluate(ctx context.Context, expr string, into any) error {
	b, err := c.deps.Evaluate(ctx, expr)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("the channel's list has not the expected form: %w", err)
	}
	return nil
}
