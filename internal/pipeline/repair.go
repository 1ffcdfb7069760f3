package pipeline

import (
	"context"
	"errors"
	"fmt"

	"isomorph/internal/nar"
	"isomorph/internal/nixhash"
	"isomorph/internal/realise"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// RepairPath makes a damaged path whole again by building the derivation that
// it came from; there must be one in the store. The path may then have other
// contents than before the damage, if the build does not give the same bits
// twice.
func (s *Session) RepairPath(ctx context.Context, p storepath.Path) error {
	drv, err := s.validDeriver(ctx, p)
	if err != nil {
		return err
	}
	r, err := s.realiserFor(true)
	if err != nil {
		return err
	}
	return r.Realise(ctx, []realise.Goal{{Drv: drv}})
}

// validDeriver finds a derivation in the store that makes p.
func (s *Session) validDeriver(ctx context.Context, p storepath.Path) (storepath.Path, error) {
	info, err := s.reader.Info(ctx, p)
	if err != nil {
		return "", err
	}
	if info.Deriver != "" {
		_, err := s.reader.Info(ctx, info.Deriver)
		if err == nil || !errors.Is(err, store.ErrNotFound) {
			return info.Deriver, err
		}
	}
	derivers, err := s.reader.ValidDerivers(ctx, p)
	if err == nil && len(derivers) == 0 {
		err = fmt.Errorf("cannot repair path '%s': the store has no derivation that it could be built from", s.PrintPath(p))
	}
	if err != nil {
		return "", err
	}
	return derivers[0], nil
}

// repairClosure repairs whatever is damaged in the closure of outputs.
func (s *Session) repairClosure(ctx context.Context, outs []Output) error {
	var paths []storepath.Path
	for _, o := range outs {
		paths = append(paths, o.Path)
	}
	closure, err := store.Closure(ctx, s.reader, paths...)
	if err != nil {
		return err
	}
	for _, p := range closure {
		good, err := s.isGood(ctx, p)
		if err == nil && !good {
			err = s.RepairPath(ctx, p)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// isGood tells whether the files of a path are what was registered.
func (s *Session) isGood(ctx context.Context, p storepath.Path) (bool, error) {
	info, err := s.reader.Info(ctx, p)
	if err != nil {
		return false, err
	}
	sum := info.NarHash.Algorithm().New()
	if nar.Dump(sum, s.reader.RealPath(p), nil) != nil {
		return false, nil
	}
	return nixhash.FromState(info.NarHash.Algorithm(), sum) == info.NarHash, nil
}
