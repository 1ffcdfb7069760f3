package storecmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"isomorph/internal/nar"
	"isomorph/internal/nixhash"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// add adds trees by their contents.
func (s *session) add(ctx context.Context, args []string, name string) error {
	if name != "" && len(args) > 1 {
		return fmt.Errorf("--name fits only one path, and there are %d", len(args))
	}
	return s.addAll(ctx, args, func(path string) store.Source {
		src := store.Source{Name: filepath.Base(path), Path: path}
		if name != "" {
			src.Name = name
		}
		return src
	})
}

// addFixed adds files under the paths of fixed-output derivations.
func (s *session) addFixed(ctx context.Context, algo string, args []string, recursive bool) error {
	a, err := nixhash.ParseAlgorithm(algo)
	if err != nil {
		return err
	}
	return s.addAll(ctx, args, func(path string) store.Source {
		return store.Source{Name: filepath.Base(path), Path: path, Flat: !recursive, Algo: a}
	})
}

func (s *session) addAll(ctx context.Context, args []string, source func(path string) store.Source) error {
	batch := s.s.NewBatch(ctx)
	var paths []storepath.Path
	for _, arg := range args {
		p, err := batch.AddTree(ctx, source(s.abs(arg)))
		if err != nil {
			return err
		}
		paths = append(paths, p)
	}
	if err := batch.Commit(ctx); err != nil {
		return err
	}
	return s.print(paths)
}

// dump writes the NAR of any file or directory.
func (s *session) dump(name string) error {
	name = s.abs(name)
	if p, rest, err := s.s.Dir().Split(name); err == nil {
		name = filepath.Join(s.s.RealPath(p), rest)
	}
	set, err := s.deps.Settings(s.common)
	if err != nil {
		return err
	}
	if set.Flag("use-case-hack", false) {
		return nar.DumpCaseHack(s.env.Stdout, name)
	}
	return nar.Dump(s.env.Stdout, name, nil)
}

// readLog prints build logs.
func (s *session) readLog(ctx context.Context, args []string) error {
	paths, err := s.paths(args)
	if err != nil {
		return err
	}
	for _, p := range paths {
		drv, err := s.derivation(ctx, p)
		if err != nil {
			return err
		}
		r, err := s.s.OpenLog(ctx, drv)
		if errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("build log of derivation '%s' is not available", s.s.Dir().Join(drv))
		}
		if err != nil {
			return err
		}
		_, err = io.Copy(s.env.Stdout, r)
		if err = errors.Join(err, r.Close()); err != nil {
			return err
		}
	}
	return nil
}
