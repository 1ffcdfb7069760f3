package flakecmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"isomorph/internal/atomicfile"
	"isomorph/internal/cli"
	"isomorph/internal/cli/installable"
	"isomorph/internal/flake"
	"isomorph/internal/flakeref"
)

// NewRegistry returns the command registry with those below it.
func NewRegistry(env *cli.Env, deps Deps) *cobra.Command {
	root := &cobra.Command{
		Use:   "registry",
		Short: "Say what the names of flakes stand for",
		Long: `A registry says what names such as "nixpkgs" stand for. There are those of the command line
(--override-flake), the user's, the system's and the global one (the setting flake-registry; by default
one inside the program, in which nixpkgs is the embedded channel), asked in this order. The user's is the
same file as Nix's, ~/.config/nix/registry.json.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.AddCommand(newRegistryList(env, deps), newRegistryAdd(env, deps), newRegistryRemove(env, deps), newRegistryPin(env, deps), newRegistryResolve(env, deps))
	return root
}

func newRegistryList(env *cli.Env, deps Deps) *cobra.Command {
	c := &command{env: env, deps: deps}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List what all registries have",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, done, err := c.session(cmd.Context(), false)
			if err != nil {
				return err
			}
			defer done()
			registries, err := s.Evaluator(cmd.Context()).Registries()
			if err != nil {
				return err
			}
			for _, r := range registries {
				for _, e := range r.Entries {
					if _, err := fmt.Fprintf(env.Stdout, "%-6s %s %s\n", r.Kind, flakeref.Ref{Attrs: e.From.Attrs}, e.To); err != nil {
						return err
					}
				}
			}
			return nil
		},
	}
	c.register(cmd)
	return cmd
}

func newRegistryResolve(env *cli.Env, deps Deps) *cobra.Command {
	c := &command{env: env, deps: deps}
	cmd := &cobra.Command{
		Use:     "resolve FLAKE...",
		Short:   "Print what flakes stand for",
		Example: `  isomorph registry resolve nixpkgs`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, done, err := c.session(cmd.Context(), false)
			if err != nil {
				return err
			}
			defer done()
			for _, text := range args {
				ref, err := entryRef(text)
				if err == nil {
					ref, err = s.Evaluator(cmd.Context()).ResolveFlake(ref)
				}
				if err != nil {
					return err
				}
				if _, err := fmt.Fprintln(env.Stdout, ref); err != nil {
					return err
				}
			}
			return nil
		},
	}
	c.register(cmd)
	return cmd
}

// registryFile is a registry that is to be changed.
type registryFile struct {
	env  *cli.Env
	deps Deps
	name string // of --registry
}

func (f *registryFile) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.name, "registry", "", "change this `FILE`, and not the user's registry")
}

// change replaces the entries of the file by what edit makes of them.
func (f *registryFile) change(edit func([]flake.Entry) []flake.Entry) error {
	name := f.deps.UserRegistry
	if f.name != "" {
		name = installable.Abs(f.env, f.name)
	}
	if name == "" {
		return errors.New("there is no place for a registry, as HOME is not set; name one with --registry FILE")
	}
	var entries []flake.Entry
	text, err := os.ReadFile(name)
	switch {
	case err == nil:
		broken := ""
		entries = flake.ReadRegistry(string(text), name, func(msg string) { broken = msg })
		if broken != "" {
			return fmt.Errorf("%s; it is left as it is", broken)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	return atomicfile.Write(name, []byte(flake.WriteRegistry(edit(entries))), 0o666, f.env.Random)
}

// put makes an entry the last one of the file, in place of others for the same
// name.
func (f *registryFile) put(from, to flakeref.Ref) error {
	return f.change(func(entries []flake.Entry) []flake.Entry {
		return append(flake.Without(entries, from), flake.Entry{From: flakeref.Ref{Attrs: from.Attrs}, To: to})
	})
}

// entryRef reads a reference for an entry, whose paths must be absolute: it does
// not depend on where it was written.
func entryRef(text string) (flakeref.Ref, error) { return flakeref.Parse(text, flakeref.Options{}) }

func newRegistryAdd(env *cli.Env, deps Deps) *cobra.Command {
	f := registryFile{env: env, deps: deps}
	cmd := &cobra.Command{
		Use:     "add FROM TO",
		Short:   "Say what a name stands for",
		Example: `  isomorph registry add nixpkgs github:NixOS/nixpkgs/nixos-24.05`,
		Args:    cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			from, err := entryRef(args[0])
			if err != nil {
				return err
			}
			to, err := entryRef(args[1])
			if err != nil {
				return err
			}
			return f.put(from, to)
		},
	}
	f.register(cmd)
	return cmd
}

func newRegistryRemove(env *cli.Env, deps Deps) *cobra.Command {
	f := registryFile{env: env, deps: deps}
	cmd := &cobra.Command{
		Use:   "remove FROM",
		Short: "Take what a name stands for out of a registry",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			from, err := entryRef(args[0])
			if err != nil {
				return err
			}
			return f.change(func(entries []flake.Entry) []flake.Entry { return flake.Without(entries, from) })
		},
	}
	f.register(cmd)
	return cmd
}

func newRegistryPin(env *cli.Env, deps Deps) *cobra.Command {
	c := &command{env: env, deps: deps}
	f := registryFile{env: env, deps: deps}
	cmd := &cobra.Command{
		Use:   "pin FROM [FLAKE]",
		Short: "Let a name stand for the state that it or another flake is in now",
		Args:  cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.pin(cmd.Context(), &f, args[0], args[len(args)-1])
		},
	}
	c.register(cmd)
	f.register(cmd)
	return cmd
}

func (c *command) pin(ctx context.Context, f *registryFile, from, to string) error {
	name, err := entryRef(from)
	if err != nil {
		return err
	}
	target, err := entryRef(to)
	if err != nil {
		return err
	}
	s, done, err := c.session(ctx, false)
	if err != nil {
		return err
	}
	defer done()
	ev := s.Evaluator(ctx)
	src, err := ev.FetchSource(target)
	if err != nil {
		return err
	}
	locked := flakeref.Ref{Attrs: src.Locked.Attrs, Dir: name.Dir} // as Nix: the directory is that of the name
	if !ev.IsLockedInput(locked.Attrs) {
		c.say("warning: flake '%s' is not locked", flakeref.Ref{Attrs: locked.Attrs})
	}
	return f.put(name, locked)
}
