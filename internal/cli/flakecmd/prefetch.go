package flakecmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"isomorph/internal/cli"
	"isomorph/internal/cli/installable"
	"isomorph/internal/flake"
)

func newPrefetch(env *cli.Env, deps Deps) *cobra.Command {
	c := &command{env: env, deps: deps}
	var link string
	cmd := &cobra.Command{
		Use:   "prefetch [FLAKE]",
		Short: "Fetch the source of a flake into the store",
		Long: `Fetches the source tree that a reference leads to into the store, and says what it is and which
hash it has. It need not have a flake.nix, and its inputs are not looked at.`,
		Example: `  isomorph flake prefetch --json github:OWNER/REPO
  isomorph flake prefetch -o source https://HOST/FILE.tar.gz`,
		Args: c.oneFlake,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.prefetch(cmd.Context(), link) },
	}
	c.register(cmd)
	cmd.Flags().BoolVar(&c.json, "json", false, "print JSON")
	cmd.Flags().StringVarP(&link, "out-link", "o", "", "make this `LINK` to the tree, which keeps it from being collected")
	return cmd
}

func (c *command) prefetch(ctx context.Context, link string) error {
	ref, err := c.parse()
	if err != nil {
		return err
	}
	s, done, err := c.session(ctx, false)
	if err != nil {
		return err
	}
	defer done()
	src, err := s.Evaluator(ctx).FetchSource(ref)
	if err != nil {
		return err
	}
	path := s.PrintPath(src.Tree)
	if c.json {
		text := flake.CompactJSON(object{
			"storePath": path, "hash": src.Hash, "original": src.Resolved.ToAttrs(), "locked": src.Locked.ToAttrs(),
		})
		if _, err := fmt.Fprintln(c.env.Stdout, text); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(c.env.Stderr, "Downloaded '%s' to '%s' (hash '%s').\n", src.Locked, path, src.Hash)
	}
	if link == "" {
		return nil
	}
	return s.AddRoot(ctx, installable.Abs(c.env, link), src.Tree)
}
