package storecmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// maxLinks is how many symlinks are followed to find a store path.
const maxLinks = 40

// path finds the store path that an operand means: a logical or real store
// path, something inside one, or a chain of links to one.
func (s *session) path(operand string) (storepath.Path, error) {
	name := s.abs(operand)
	for range maxLinks {
		if s.s.Dir().Contains(name) {
			p, _, err := s.s.Dir().Split(name)
			return p, err
		}
		if p, ok := s.s.Resolve(name); ok {
			return p, nil
		}
		target, err := os.Readlink(name)
		if err != nil {
			break
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(name), target)
		}
		name = target
	}
	return "", fmt.Errorf("path \"%s\" is not in the Nix store", s.abs(operand))
}

func (s *session) paths(operands []string) ([]storepath.Path, error) {
	paths := make([]storepath.Path, len(operands))
	for i, o := range operands {
		var err error
		if paths[i], err = s.path(o); err != nil {
			return nil, err
		}
	}
	return paths, nil
}

// valid is paths, all of which must be valid.
func (s *session) valid(ctx context.Context, operands []string) ([]storepath.Path, error) {
	paths, err := s.paths(operands)
	if err != nil {
		return nil, err
	}
	for _, p := range paths {
		if _, err := s.info(ctx, p); err != nil {
			return nil, err
		}
	}
	return paths, nil
}

// info is Store.Info with an error that needs no more words.
func (s *session) info(ctx context.Context, p storepath.Path) (*store.PathInfo, error) {
	info, err := s.s.Info(ctx, p)
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("path '%s' is not valid", s.s.Dir().Join(p))
	}
	return info, err
}

// derivation returns the derivation that an operand means: itself, or the one
// that made it.
func (s *session) derivation(ctx context.Context, p storepath.Path) (storepath.Path, error) {
	if p.IsDerivation() {
		return p, nil
	}
	if info, err := s.s.Info(ctx, p); err == nil && info.Deriver != "" {
		return info.Deriver, nil
	}
	derivers, err := s.s.ValidDerivers(ctx, p)
	if err != nil || len(derivers) == 0 {
		return p, err
	}
	return derivers[0], nil
}

// sorted puts paths after the paths that they refer to.
func (s *session) sorted(ctx context.Context, paths []storepath.Path) ([]storepath.Path, error) {
	var failed error
	sorted, err := store.TopoSort(paths, func(p storepath.Path) []storepath.Path {
		info, err := s.s.Info(ctx, p)
		if err != nil {
			if !errors.Is(err, store.ErrNotFound) {
				failed = err
			}
			return nil
		}
		return info.References
	})
	return sorted, errors.Join(err, failed)
}
