package storecmd

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"isomorph/internal/cli"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// gcFlags are the flags of a collection.
type gcFlags struct {
	action          string // "", print-roots, print-live, print-dead
	maxFreed        string
	keepOutputs     bool
	dropDerivations bool
}

func (s *session) gc(ctx context.Context, f gcFlags) error {
	opts, err := s.gcOptions()
	if err != nil {
		return err
	}
	opts.KeepDerivations = opts.KeepDerivations && !f.dropDerivations
	opts.KeepOutputs = opts.KeepOutputs || f.keepOutputs
	switch f.action {
	case "print-roots":
		return s.printRoots(ctx)
	case "print-live":
		opts.Action = store.GCReturnLive
	case "print-dead":
		opts.Action = store.GCReturnDead
	}
	if opts.MaxFreed, err = parseSize(f.maxFreed); err != nil {
		return err
	}
	s.say("finding garbage collector roots...")
	if f.action == "" {
		s.say("deleting garbage...")
	} else {
		s.say("determining live/dead paths...")
	}
	res, err := s.s.GC(ctx, opts)
	if err != nil {
		return err
	}
	if f.action != "" {
		return s.print(res.Paths)
	}
	return s.printFreed(res)
}

// gcOptions is what the settings say about a collection.
func (s *session) gcOptions() (store.GCOptions, error) {
	set, err := s.deps.Settings(s.common)
	return store.GCOptions{
		KeepDerivations: set.Flag("keep-derivations", true), KeepOutputs: set.Flag("keep-outputs", false), Deleted: s.deleted,
	}, err
}

func (s *session) deleted(realPath string) {
	s.say("deleting '%s'", s.s.Dir().Join(storepath.Path(filepath.Base(realPath))))
}

func (s *session) printFreed(res *store.GCResult) error {
	return s.printf("%d store paths deleted, %s freed\n", len(res.Paths)+len(res.Garbage), renderSize(res.BytesFreed))
}

// renderSize writes a size as Nix does: at least KiB, one digit.
func renderSize(n uint64) string {
	size := float64(n) / 1024
	for _, unit := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if size < 1024 {
			return fmt.Sprintf("%.1f %s", size, unit)
		}
		size /= 1024
	}
	return fmt.Sprintf("%.1f PiB", size)
}

// parseSize reads a number of bytes, with K, M, G or T for powers of 1024.
func parseSize(text string) (uint64, error) {
	if text == "" {
		return 0, nil
	}
	digits, shift := text, 0
	if i := strings.IndexByte("KMGT", text[len(text)-1]&^0x20); i >= 0 {
		digits, shift = text[:len(text)-1], 10*(i+1)
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || n > 1<<(63-shift) {
		return 0, fmt.Errorf("'%s' is not a number of bytes", text)
	}
	return n << shift, nil
}

func (s *session) delete(ctx context.Context, args []string, ignoreLiveness bool) error {
	paths, err := s.paths(args)
	if err != nil {
		return err
	}
	opts, err := s.gcOptions()
	if err != nil {
		return err
	}
	opts.Action, opts.Paths, opts.IgnoreLiveness = store.GCDeleteSpecific, paths, ignoreLiveness
	s.say("finding garbage collector roots...")
	res, err := s.s.GC(ctx, opts)
	if err != nil {
		return err
	}
	return s.printFreed(res)
}

// printRoots prints each root as Nix does: "LINK" -> PATH.
func (s *session) printRoots(ctx context.Context) error {
	roots, err := s.s.Roots(ctx)
	if err != nil {
		return err
	}
	slices.SortFunc(roots, func(a, b store.Root) int { return cmp.Or(cmp.Compare(a.Link, b.Link), cmp.Compare(a.Path, b.Path)) })
	for _, r := range roots {
		if err := s.printf("%s -> %s\n", quote(r.Link), s.s.Dir().Join(r.Path)); err != nil {
			return err
		}
	}
	return nil
}

// quote writes a file name as C++'s std::filesystem does, which Nix prints.
func quote(name string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
}

// verify checks the store and prints what is wrong. Like Nix's it does not
// fail for a row without a tree if dropMissing may delete the row.
func (s *session) verify(ctx context.Context, contents, repair, dropMissing bool) error {
	opts := store.VerifyOptions{CheckContents: contents, DropMissing: dropMissing}
	if repair {
		opts.Repair = func(ctx context.Context, p storepath.Path) error { return s.deps.Repair(ctx, s.common, p) }
	}
	s.say("reading the Nix store...")
	s.say("checking path existence...")
	if contents {
		s.say("checking store hashes...")
	}
	res, err := s.s.Verify(ctx, opts)
	if err != nil {
		return err
	}
	for _, p := range res.Problems {
		s.say("%s", s.problem(p))
	}
	if res.OK() {
		return nil
	}
	s.say("warning: not all store errors were fixed")
	return &cli.ExitError{Code: cli.ExitFailure}
}

func (s *session) problem(p store.Problem) string {
	var b strings.Builder
	if !p.Fatal {
		b.WriteString("note: ")
	}
	if p.Path != "" {
		b.WriteString("path '" + s.s.Dir().Join(p.Path) + "' ")
	}
	b.WriteString(p.Text)
	if p.Repaired {
		b.WriteString(" (repaired)")
	}
	return b.String()
}
