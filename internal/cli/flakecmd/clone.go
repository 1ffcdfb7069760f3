package flakecmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/spf13/cobra"

	"isomorph/internal/cli"
	"isomorph/internal/cli/installable"
	"isomorph/internal/flakeref"
	"isomorph/internal/nar"
)

func newClone(env *cli.Env, deps Deps) *cobra.Command {
	c := &command{env: env, deps: deps}
	var dest string
	cmd := &cobra.Command{
		Use:   "clone [FLAKE]",
		Short: "Clone the repository of a flake, to work in",
		Long: `Clones the git repository that a flake comes from with the program git, as "git clone" does, and
checks out the revision that the reference names, if it names one. The tree of a flake that comes
from elsewhere is copied.`,
		Example: `  isomorph flake clone github:OWNER/REPO --dest repo`,
		Args:    c.oneFlake,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dest == "" {
				return &cli.ExitError{Code: cli.ExitUsage, Err: errors.New("missing flag '--dest'")}
			}
			return c.clone(cmd.Context(), dest)
		},
	}
	c.register(cmd)
	cmd.Flags().StringVarP(&dest, "dest", "f", "", "clone to this `DIR`")
	return cmd
}

func (c *command) clone(ctx context.Context, dest string) error {
	ref, err := c.parse()
	if err != nil {
		return err
	}
	s, done, err := c.session(ctx, false)
	if err != nil {
		return err
	}
	defer done()
	ev := s.Evaluator(ctx)
	if ref, err = ev.ResolveFlake(ref); err != nil {
		return err
	}
	if args, ok, err := cloneArgs(ref); ok || err != nil {
		if err != nil {
			return err
		}
		if err := c.git(ctx, append(args, dest)...); err != nil {
			return err
		}
		return c.checkOut(ctx, dest, ref.Str("rev"))
	}
	to := installable.Abs(c.env, dest)
	if _, err := os.Lstat(to); err == nil {
		return fmt.Errorf("cannot clone into existing path \"%s\"", to)
	}
	src, err := ev.FetchSource(ref)
	if err != nil {
		return err
	}
	return copyTree(s.RealPath(src.Tree), to)
}

// cloneArgs returns the arguments of git that clone a source, but for the
// directory; ok is false if the source is no repository.
func cloneArgs(ref flakeref.Ref) (args []string, ok bool, err error) {
	url := ref.Str("url")
	switch kind := ref.Type(); kind {
	case "git":
		u, err := flakeref.ParseURL(url)
		if err != nil {
			return nil, true, err
		}
		if u.Scheme == "file" {
			if url, err = u.FilePath(); err != nil {
				return nil, true, err
			}
		}
	case "github", "gitlab":
		host := ref.Str("host")
		if host == "" {
			host = kind + ".com"
		}
		url = fmt.Sprintf("https://%s/%s/%s.git", host, ref.Str("owner"), ref.Str("repo"))
	case "sourcehut":
		host := ref.Str("host")
		if host == "" {
			host = "git.sr.ht"
		}
		url = fmt.Sprintf("https://%s/%s/%s", host, ref.Str("owner"), ref.Str("repo"))
	default:
		return nil, false, nil
	}
	args = []string{"clone"}
	if branch := ref.Str("ref"); branch != "" {
		args = append(args, "--branch", branch)
	}
	return append(args, "--", url), true, nil
}

// checkOut puts a clone into the state of a revision, if there is one. A clone has
// what its branches and tags lead to.
func (c *command) checkOut(ctx context.Context, clone, rev string) error {
	if rev == "" {
		return nil
	}
	if err := c.git(ctx, "-C", clone, "checkout", "--quiet", "--detach", rev, "--"); err != nil {
		return fmt.Errorf("the repository is cloned to '%s', but revision '%s' cannot be checked out: %w", clone, rev, err)
	}
	return nil
}

// git runs git as the user would.
func (c *command) git(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = c.env.Dir, c.env.Environ, c.env.Stderr, c.env.Stderr
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return fmt.Errorf("program \"git\" failed with exit code %d", exit.ExitCode())
	}
	return err
}

// copyTree copies a tree of the store to where it can be worked in.
func copyTree(from, to string) (err error) {
	parent, err := os.Open(filepath.Dir(to))
	if err != nil {
		return err
	}
	defer parent.Close()
	r, w := io.Pipe()
	go func() { w.CloseWithError(nar.Dump(w, from, nil)) }()
	defer r.Close() // ends the goroutine
	return nar.Restore(r, int(parent.Fd()), filepath.Base(to), 0)
}
