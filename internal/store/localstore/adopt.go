package localstore

import (
	"context"
	"fmt"

	"isomorph/internal/derivation"
	"isomorph/internal/store"
)

// Adopt makes trees valid that lie at their final names in the store directory
// already, put there by somebody else (nix-store --load-db). They are brought
// into the canonical form; their hash and size are those of infos, or if those
// are zero, computed.
func (s *Store) Adopt(ctx context.Context, infos []*store.PathInfo) error {
	if err := s.writable("register paths"); err != nil {
		return err
	}
	var cands []*candidate
	for _, info := range infos {
		if err := s.AddTempRoot(ctx, info.Path); err != nil {
			return err
		}
		if ok, err := s.isValid(ctx, info.Path); err != nil {
			return err
		} else if ok {
			continue
		}
		c, err := s.adopt(ctx, info)
		if err != nil {
			return fmt.Errorf("register %s: %w", s.Dir().Join(info.Path), err)
		}
		cands = append(cands, c)
	}
	return s.register(ctx, nil, cands)
}

func (s *Store) adopt(ctx context.Context, info *store.PathInfo) (*candidate, error) {
	name := string(info.Path)
	files, err := canonicalise(s.dir, name, uint32(s.opts.UID))
	if err != nil {
		return nil, err
	}
	c := &candidate{dir: s.dir, entry: name, files: files, info: info.Clone(), inPlace: true}
	if c.info.NarHash.IsZero() || c.info.NarSize == 0 {
		sealed, err := hashTree(ctx, s.dir, name, nil)
		if err != nil {
			return nil, err
		}
		c.info.NarHash, c.info.NarSize = sealed.NarHash, sealed.NarSize
	}
	if info.Path.IsDerivation() {
		text, err := readSmallFile(s.dir, name, derivation.MaxSize)
		if err != nil {
			return nil, err
		}
		if c.drv, err = parseDerivation(s.Dir(), info.Path, text); err != nil {
			return nil, err
		}
	}
	return c, nil
}
