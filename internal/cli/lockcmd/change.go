package lockcmd

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"isomorph/internal/debian/lock"
	"isomorph/internal/debian/solver"
)

func fields(s string) []string { return strings.Fields(s) }

func (c *command) updateCommand() *cobra.Command {
	var suite string
	var security, dryRun bool
	cmd := &cobra.Command{
		Use:   "update",
		Short: "Pin everything anew from the archive's present state",
		Long: `Fetches the archive's signed index and pins all packages of the lock at the
versions that it has now. The signature, the dates and all hashes on the way are
checked; a state older than the one already pinned is refused.

With --security the security archive is taken too, and its newer versions win.
It drops files soon after they are replaced; from then on only
snapshot.debian.org has them. The choice is kept for later updates until
--security=false.`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().StringVar(&suite, "suite", "", "Debian release by `NAME` (default: the one of the lock, or bookworm)")
	cmd.Flags().BoolVar(&security, "security", false, "take security updates")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print the changes and write nothing")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		old, path, err := c.readOrEmpty()
		if err != nil {
			return err
		}
		if !cmd.Flags().Changed("security") {
			security = old.Repositories["debian-security"] != nil
		}
		if suite == "" {
			suite = suiteOf(old)
		}
		fresh, err := c.generator().Generate(cmd.Context(), lock.Request{
			Suite: suite, Architecture: old.Architecture, Security: security,
			Roots: old.Roots, Exclude: old.Exclude, Sources: sourceNames(old), Previous: old,
		})
		if err != nil {
			return err
		}
		return c.finish(old, fresh, path, dryRun)
	}
	return cmd
}

func (c *command) addCommand() *cobra.Command {
	var source, dryRun bool
	cmd := &cobra.Command{
		Use:   "add PACKAGE...",
		Short: "Pin more packages, with all that they depend on",
		Long: `Adds packages to the lock, at the versions of the index that is pinned
already: what is in the lock stays as it is. With --source the names are those of
source packages, of which the upstream archive is pinned.`,
		Args: cobra.MinimumNArgs(1),
	}
	cmd.Flags().BoolVar(&source, "source", false, "pin upstream source archives")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print the changes and write nothing")
	cmd.RunE = func(cmd *cobra.Command, names []string) error {
		return c.change(cmd, source, dryRun, func(list []string) ([]string, error) {
			return append(slices.Clone(list), names...), nil
		})
	}
	return cmd
}

func (c *command) removeCommand() *cobra.Command {
	var source, dryRun bool
	cmd := &cobra.Command{
		Use:   "remove PACKAGE...",
		Short: "Take packages out of the lock, with what only they needed",
		Args:  cobra.MinimumNArgs(1),
	}
	cmd.Flags().BoolVar(&source, "source", false, "remove source archives")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print the changes and write nothing")
	cmd.RunE = func(cmd *cobra.Command, names []string) error {
		return c.change(cmd, source, dryRun, func(list []string) ([]string, error) {
			return without(list, names)
		})
	}
	return cmd
}

// without removes names from a list; a name that is not in it is an error.
func without(list, names []string) ([]string, error) {
	for _, n := range names {
		if !slices.Contains(list, n) {
			return nil, fmt.Errorf("%q was not asked for by name; \"isomorph lock --json\" lists the roots", n)
		}
	}
	return slices.DeleteFunc(slices.Clone(list), func(n string) bool { return slices.Contains(names, n) }), nil
}

// change makes the lock again from the index pinned already, with other roots
// or sources.
func (c *command) change(cmd *cobra.Command, source, dryRun bool, edit func([]string) ([]string, error)) error {
	old, path, err := c.read()
	if err != nil {
		return err
	}
	roots, sources := old.Roots, sourceNames(old)
	if source {
		sources, err = edit(sources)
	} else {
		roots, err = edit(roots)
	}
	if err != nil {
		return err
	}
	fresh, err := c.generator().Again(cmd.Context(), old, roots, old.Exclude, sources)
	var unsatisfied *solver.Unsatisfied
	if err != nil && !errors.As(err, &unsatisfied) {
		return fmt.Errorf("%w\nIf the archive has moved on, \"isomorph lock update\" pins its present state", err)
	}
	if err != nil {
		return err
	}
	return c.finish(old, fresh, path, dryRun)
}

func (c *command) verifyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "verify",
		Short: "Check every pin against the index that the lock was made from",
		Long: `Walks the way from the pinned InRelease file over its index to every pin and
to the choice of dependencies. Exits with 1 if anything does not agree.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, _, err := c.read()
			if err != nil {
				return err
			}
			bad, err := c.generator().Check(cmd.Context(), l)
			if err != nil {
				return err
			}
			if len(bad) > 0 {
				return fmt.Errorf("the lock does not agree with its index:\n  %s", strings.Join(bad, "\n  "))
			}
			fmt.Fprintf(c.env.Stdout, "%d packages and %d sources agree with the signed index.\n", len(l.Packages), len(l.Sources))
			return nil
		},
	}
}

// finish prints the changes and writes the lock.
func (c *command) finish(old, fresh *lock.Lock, path string, dryRun bool) error {
	changes := lock.Differences(old, fresh)
	for _, d := range changes {
		fmt.Fprintln(c.env.Stdout, d)
	}
	c.say("%d changes, %d packages, %s to download for all of them", len(changes), len(fresh.Packages), megabytes(total(fresh)))
	if dryRun {
		return nil
	}
	if err := fresh.Write(path); err != nil {
		return err
	}
	c.say("wrote %s", path)
	return nil
}

// readOrEmpty is read, with a lock without packages if there is none at all.
func (c *command) readOrEmpty() (*lock.Lock, string, error) {
	l, path, err := c.read()
	if err == nil {
		return l, path, nil
	}
	if path != "" {
		if _, readErr := lock.Read(path); errors.Is(readErr, fs.ErrNotExist) {
			return &lock.Lock{Architecture: "amd64", Version: lock.Version}, path, nil
		}
	}
	return nil, path, err
}

func suiteOf(l *lock.Lock) string {
	if r := l.Repositories["debian"]; r != nil {
		return r.Suite
	}
	return "bookworm"
}

func sourceNames(l *lock.Lock) []string { return slices.Sorted(maps.Keys(l.Sources)) }

func total(l *lock.Lock) (n int64) {
	for _, p := range l.Packages {
		n += p.Size
	}
	for _, s := range l.Sources {
		n += s.Size
	}
	return n
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
