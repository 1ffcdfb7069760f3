package storecmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"isomorph/internal/derivation"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// relations are what "store query" knows; nix-store -q has each as a flag.
var relations = []string{"outputs", "requisites", "references", "referrers", "referrers-closure", "deriver", "valid-derivers",
	"roots", "hash", "size", "tree", "graph", "graphml", "binding", "resolve"}

// query is a question about paths.
type query struct {
	relation       string
	binding        string // the variable of relation "binding"
	useOutput      bool   // of a derivation take the outputs
	includeOutputs bool   // requisites: with the outputs of derivations
}

func (s *session) query(ctx context.Context, q query, operands []string) error {
	paths, err := s.paths(operands)
	if err != nil {
		return err
	}
	if q.useOutput {
		if paths, err = s.replaceByOutputs(ctx, paths); err != nil {
			return err
		}
	}
	switch q.relation {
	case "requisites", "references", "referrers", "referrers-closure":
		return s.related(ctx, q, paths)
	case "tree":
		return s.trees(ctx, paths)
	case "graph":
		return s.graph(ctx, paths)
	case "graphml":
		return s.graphML(ctx, paths)
	case "roots":
		return s.rootsOf(ctx, paths)
	case "resolve":
		return s.print(paths)
	}
	for _, p := range paths {
		if q.relation == "outputs" && !p.IsDerivation() {
			if _, err := s.info(ctx, p); err != nil {
				return err
			}
			if err := s.print([]storepath.Path{p}); err != nil {
				return err
			}
			continue
		}
		if err := s.describe(ctx, q, p); err != nil {
			return err
		}
	}
	return nil
}

// replaceByOutputs puts the outputs of each derivation in its place.
func (s *session) replaceByOutputs(ctx context.Context, paths []storepath.Path) (out []storepath.Path, err error) {
	for _, p := range paths {
		if !p.IsDerivation() {
			out = append(out, p)
			continue
		}
		outs, err := s.outputs(ctx, p)
		if err != nil {
			return nil, err
		}
		out = append(out, outs...)
	}
	return out, nil
}

// outputs returns the outputs of a derivation, sorted by their paths.
func (s *session) outputs(ctx context.Context, drv storepath.Path) (paths []storepath.Path, err error) {
	if _, err := s.info(ctx, drv); err != nil {
		return nil, err
	}
	outs, err := s.s.DerivationOutputs(ctx, drv)
	for _, p := range outs {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	return paths, err
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// related prints the paths that stand in a relation, references first.
func (s *session) related(ctx context.Context, q query, paths []storepath.Path) error {
	var found []storepath.Path
	for _, p := range paths {
		some, err := s.relation(ctx, q, p)
		if err != nil {
			return err
		}
		found = append(found, some...)
	}
	sorted, err := s.sorted(ctx, found)
	if err != nil {
		return err
	}
	return s.print(sorted)
}

func (s *session) relation(ctx context.Context, q query, p storepath.Path) ([]storepath.Path, error) {
	info, err := s.info(ctx, p)
	if err != nil {
		return nil, err
	}
	switch q.relation {
	case "references":
		return info.References, nil
	case "referrers":
		return s.s.Referrers(ctx, p)
	case "referrers-closure":
		return store.ReferrersClosure(ctx, s.s, p)
	}
	closure, err := store.Closure(ctx, s.s, p)
	if err != nil || !q.includeOutputs {
		return closure, err
	}
	return s.withOutputs(ctx, closure)
}

// withOutputs adds the valid outputs of the derivations of a closure, with
// their closures.
func (s *session) withOutputs(ctx context.Context, closure []storepath.Path) ([]storepath.Path, error) {
	all := slices.Clone(closure)
	for _, p := range closure {
		if !p.IsDerivation() {
			continue
		}
		outs, err := s.outputs(ctx, p)
		if err != nil {
			return nil, err
		}
		for _, o := range outs {
			more, err := store.Closure(ctx, s.s, o)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return nil, err
			}
			all = append(all, more...)
		}
	}
	return all, nil
}

// describe prints one line about one path.
func (s *session) describe(ctx context.Context, q query, p storepath.Path) error {
	if q.relation == "outputs" {
		outs, err := s.outputs(ctx, p)
		if err != nil {
			return err
		}
		return s.print(outs)
	}
	info, err := s.info(ctx, p)
	if err != nil {
		return err
	}
	switch q.relation {
	case "deriver":
		if info.Deriver == "" {
			return s.printf("unknown-deriver\n")
		}
		return s.print([]storepath.Path{info.Deriver})
	case "valid-derivers":
		derivers, err := s.s.ValidDerivers(ctx, p)
		if err != nil {
			return err
		}
		return s.print(derivers)
	case "hash":
		return s.printf("%s\n", info.NarHash)
	case "size":
		return s.printf("%d\n", info.NarSize)
	case "binding":
		return s.binding(ctx, p, q.binding)
	}
	return fmt.Errorf("'%s' is not a relation; known are: %s", q.relation, strings.Join(relations, ", "))
}

// readDerivation reads a derivation of the store.
func (s *session) readDerivation(p storepath.Path) (*derivation.Derivation, error) {
	text, err := os.ReadFile(s.s.RealPath(p))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("path '%s' is not valid", s.s.Dir().Join(p))
	}
	if err != nil {
		return nil, err
	}
	return derivation.Parse(s.s.Dir(), strings.TrimSuffix(p.Name(), storepath.DerivationSuffix), text)
}

// binding prints a variable of a derivation.
func (s *session) binding(ctx context.Context, p storepath.Path, name string) error {
	drv, err := s.derivation(ctx, p)
	if err != nil {
		return err
	}
	d, err := s.readDerivation(drv)
	if err != nil {
		return err
	}
	value, ok := d.Env.Get(name)
	if !ok {
		return fmt.Errorf("derivation '%s' has no environment binding named '%s'", s.s.Dir().Join(drv), name)
	}
	return s.printf("%s\n", value)
}

// printEnv prints the environment of a derivation as shell commands.
func (s *session) printEnv(ctx context.Context, operand string) error {
	p, err := s.path(operand)
	if err != nil {
		return err
	}
	d, err := s.readDerivation(p)
	if err != nil {
		return err
	}
	for name, value := range d.Env.All() {
		if err := s.printf("export %s; %s=%s\n\n", name, name, shellQuote(value)); err != nil {
			return err
		}
	}
	return s.printf("export _args; _args='%s'\n", strings.Join(d.Args, " "))
}

func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// rootsOf prints the roots that keep paths alive.
func (s *session) rootsOf(ctx context.Context, paths []storepath.Path) error {
	for _, p := range paths {
		if _, err := s.info(ctx, p); err != nil {
			return err
		}
	}
	users, err := store.ReferrersClosure(ctx, s.s, paths...)
	if err != nil {
		return err
	}
	roots, err := s.s.Roots(ctx)
	if err != nil {
		return err
	}
	for _, r := range roots {
		if _, ok := slices.BinarySearch(users, r.Path); ok {
			if err := s.printf("%s -> %s\n", r.Link, s.s.Dir().Join(r.Path)); err != nil {
				return err
			}
		}
	}
	return nil
}
