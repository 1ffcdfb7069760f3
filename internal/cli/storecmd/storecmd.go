// Package storecmd has the commands that look at the store and change it:
// "isomorph store ...", "isomorph gc" and "isomorph log", and the classic
// nix-store and nix-collect-garbage.
//
// Each verb is one function on an open store; the two families of commands
// only read their flags differently. The classic ones print what Nix prints.
package storecmd

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"isomorph/internal/cli"
	"isomorph/internal/cli/classic"
	"isomorph/internal/cli/settings"
	"isomorph/internal/profile"
	"isomorph/internal/store/localstore"
	"isomorph/internal/storepath"
)

// Deps is what the commands need from outside.
type Deps struct {
	// Open opens the store that the options of a command ask for.
	Open func(ctx context.Context, common *classic.Common) (*localstore.Store, error)

	// Realise builds derivations or fetches paths (nix-store --realise) and
	// returns what was made. nil: the verb is refused.
	Realise func(ctx context.Context, common *classic.Common, operands []string) ([]storepath.Path, error)

	// Settings are those of Nix, from nix.conf to the options of a command.
	Settings func(common *classic.Common) (settings.Values, error)

	// Places says where the user's profiles lie.
	Places func(common *classic.Common) (profile.Places, error)

	// Repair makes a damaged path whole again.
	Repair func(ctx context.Context, common *classic.Common, p storepath.Path) error
}

// session is one command with its store.
type session struct {
	env    *cli.Env
	deps   Deps
	common *classic.Common
	s      *localstore.Store
}

func (d Deps) run(ctx context.Context, env *cli.Env, common *classic.Common, f func(context.Context, *session) error) (err error) {
	s, err := d.Open(ctx, common)
	if err != nil {
		return err
	}
	defer func() {
		if e := s.Close(); err == nil {
			err = e
		}
	}()
	return f(ctx, &session{env: env, deps: d, common: common, s: s})
}

func (s *session) printf(format string, args ...any) error {
	_, err := fmt.Fprintf(s.env.Stdout, format, args...)
	return err
}

func (s *session) say(format string, args ...any) { fmt.Fprintf(s.env.Stderr, format+"\n", args...) }

func (s *session) print(paths []storepath.Path) error {
	var b strings.Builder
	for _, p := range paths {
		b.WriteString(s.s.Dir().Join(p) + "\n")
	}
	_, err := io.WriteString(s.env.Stdout, b.String())
	return err
}

func (s *session) abs(name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(s.env.Dir, name)
}

// ownFlags are the flags that all of isomorph's own store commands share.
type ownFlags struct {
	store string
}

func (f *ownFlags) common() *classic.Common {
	return &classic.Common{StoreURI: f.store}
}

// New returns the commands store, gc and log.
func New(env *cli.Env, deps Deps) []*cobra.Command {
	return []*cobra.Command{newStore(env, deps), newGC(env, deps), newLog(env, deps)}
}

func newStore(env *cli.Env, deps Deps) *cobra.Command {
	f := &ownFlags{}
	cmd := &cobra.Command{
		Use:   "store",
		Short: "Look at the store, add to it, check it",
		Long: `The store keeps what was built and fetched, each object under a name that
says by a hash what went into it. It lies below $XDG_DATA_HOME/isomorph
(~/.local/share/isomorph) unless --store or ISOMORPH_STORE names another
directory, and has the layout and database of Nix, which can open it too.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().StringVar(&f.store, "store", "", "the `DIR` that the store lies in")
	verb := func(use, short, long string, args cobra.PositionalArgs, run func(context.Context, *session, []string) error) *cobra.Command {
		c := &cobra.Command{Use: use, Short: short, Long: long, Args: args, RunE: func(cmd *cobra.Command, args []string) error {
			return deps.run(cmd.Context(), env, f.common(), func(ctx context.Context, s *session) error { return run(ctx, s, args) })
		}}
		cmd.AddCommand(c)
		return c
	}
	addVerbs(verb, f)
	return cmd
}

type verbFunc func(use, short, long string, args cobra.PositionalArgs, run func(context.Context, *session, []string) error) *cobra.Command

// addVerbs adds the subcommands of "isomorph store".
func addVerbs(verb verbFunc, f *ownFlags) {
	var name string
	add := verb("add PATH...", "Add files or directories to the store and print their paths",
		"Each tree is named by the hash of its contents (as by nix-store --add).", cobra.MinimumNArgs(1),
		func(ctx context.Context, s *session, args []string) error { return s.add(ctx, args, name) })
	add.Flags().StringVar(&name, "name", "", "the `NAME` part of the path (default: the file's name; one PATH only)")

	var recursive bool
	fixed := verb("add-fixed ALGORITHM PATH...", "Add files under the path of a fixed-output derivation",
		`A fixed-output derivation (a download) with the same hash and name has the same
path, and then needs no fetching. ALGORITHM is sha256, sha512, sha1 or md5.`, cobra.MinimumNArgs(2),
		func(ctx context.Context, s *session, args []string) error {
			return s.addFixed(ctx, args[0], args[1:], recursive)
		})
	fixed.Flags().BoolVar(&recursive, "recursive", false, "hash a tree (outputHashMode = \"recursive\")")

	var info infoFlags
	pi := verb("path-info [PATH...]", "Tell what the store knows about paths",
		"PATH is a store path, or a link to one such as ./result.", cobra.ArbitraryArgs,
		func(ctx context.Context, s *session, args []string) error { return s.pathInfo(ctx, args, info) })
	fl := pi.Flags()
	fl.BoolVar(&info.all, "all", false, "all valid paths")
	fl.BoolVarP(&info.recursive, "recursive", "r", false, "the closure of the paths")
	fl.BoolVarP(&info.size, "size", "s", false, "print the size of each path's NAR in bytes")
	fl.BoolVarP(&info.closureSize, "closure-size", "S", false, "print the size of each path's closure in bytes")
	fl.BoolVar(&info.json, "json", false, "print everything, as JSON")

	var check, repair bool
	verify := verb("verify", "Check the store against its database",
		`Checks that all valid paths are there. With --check-contents everything is read
and its hash compared. Exits with 1 if something is wrong.`, cobra.NoArgs,
		func(ctx context.Context, s *session, _ []string) error { return s.verify(ctx, check, repair, false) })
	verify.Flags().BoolVar(&check, "check-contents", false, "read everything and compare its hash")
	verify.Flags().BoolVar(&repair, "repair", false, "build or download again what is damaged")

	query := verb("query RELATION PATH...", "Print what stands in a relation to paths",
		`RELATION is one of references, requisites (the closure), referrers,
referrers-closure, outputs, deriver, valid-derivers, roots, hash, size, tree,
graph.`, cobra.MinimumNArgs(2),
		func(ctx context.Context, s *session, args []string) error {
			return s.query(ctx, query{relation: args[0]}, args[1:])
		})
	query.ValidArgs = relations

	var ignore bool
	del := verb("delete PATH...", "Delete paths that nothing needs", "", cobra.MinimumNArgs(1),
		func(ctx context.Context, s *session, args []string) error { return s.delete(ctx, args, ignore) })
	del.Flags().BoolVar(&ignore, "ignore-liveness", false, "delete although something needs them, and that with them")

	verb("roots", "Print what keeps paths from being collected", "", cobra.NoArgs,
		func(ctx context.Context, s *session, _ []string) error { return s.printRoots(ctx) })
	verb("export PATH...", "Write paths to the standard output, for import elsewhere",
		"Only the paths named are written; give the closure (store query requisites) to import them elsewhere.", cobra.MinimumNArgs(1),
		func(ctx context.Context, s *session, args []string) error { return s.export(ctx, args) })
	verb("import", "Read paths from the standard input that export has written", "", cobra.NoArgs,
		func(ctx context.Context, s *session, _ []string) error { return s.importAll(ctx) })
	verb("dump PATH", "Write the NAR of a file or directory to the standard output", "", cobra.ExactArgs(1),
		func(ctx context.Context, s *session, args []string) error { return s.dump(args[0]) })
}

func newGC(env *cli.Env, deps Deps) *cobra.Command {
	f := &ownFlags{}
	var o gcFlags
	var dry, roots bool
	cmd := &cobra.Command{
		Use:   "gc",
		Short: "Delete what nothing needs from the store",
		Long: `Deletes all paths that no root needs. Roots are the links that build makes
(--out-link), those below the store's gcroots directory, and what running
programs use. The derivations of what lives are kept (--no-keep-derivations
deletes them).`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return deps.run(cmd.Context(), env, f.common(), func(ctx context.Context, s *session) error {
				switch {
				case roots:
					return s.printRoots(ctx)
				case dry:
					o.action = "print-dead"
				}
				return s.gc(ctx, o)
			})
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.store, "store", "", "the `DIR` that the store lies in")
	fl.BoolVar(&dry, "dry-run", false, "only print what would be deleted")
	fl.BoolVar(&roots, "print-roots", false, "only print what keeps paths")
	fl.StringVar(&o.maxFreed, "max-freed", "", "stop when `SIZE` bytes are freed (K, M, G, T allowed)")
	fl.BoolVar(&o.keepOutputs, "keep-outputs", false, "keep the outputs of derivations that are kept")
	fl.BoolVar(&o.dropDerivations, "no-keep-derivations", false, "delete derivations whose outputs live")
	return cmd
}

func newLog(env *cli.Env, deps Deps) *cobra.Command {
	f := &ownFlags{}
	cmd := &cobra.Command{
		Use:     "log PATH",
		Short:   "Print the log of the build that made a path",
		Long:    "PATH is a derivation, what was built from one, or a link to either such as ./result.",
		Example: "  isomorph log ./result",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return deps.run(cmd.Context(), env, f.common(), func(ctx context.Context, s *session) error { return s.readLog(ctx, args) })
		},
	}
	cmd.Flags().StringVar(&f.store, "store", "", "the `DIR` that the store lies in")
	return cmd
}
