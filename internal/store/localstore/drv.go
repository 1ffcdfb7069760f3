package localstore

import (
	"fmt"
	"strings"

	"isomorph/internal/derivation"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// parseDerivation parses the text of a derivation.
func parseDerivation(dir storepath.Dir, p storepath.Path, text []byte) (*derivation.Derivation, error) {
	d, err := derivation.Parse(dir, strings.TrimSuffix(p.Name(), storepath.DerivationSuffix), text)
	if err != nil {
		return nil, fmt.Errorf("parse derivation '%s': %w", dir.Join(p), err)
	}
	return d, nil
}

// checkDerivations refuses derivations whose output paths are not those that
// they give: such a one, built, would put its result where another derivation's
// belongs.
func (s *Store) checkDerivations(cands []*candidate) error {
	s.mu.Lock()
	hasher := s.hasher
	for _, c := range cands {
		if c.drv != nil {
			s.pending[c.info.Path] = c.drv
		}
	}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, c := range cands {
			delete(s.pending, c.info.Path)
		}
	}()
	for _, c := range cands {
		if c.drv == nil {
			continue
		}
		if err := hasher.Check(c.info.Path, c.drv); err != nil {
			s.newHasher() // it may remember the forgery
			return err
		}
	}
	return nil
}

func (s *Store) newHasher() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hasher = derivation.NewHasher(s.Dir(), s.readDerivation)
}

// readDerivation finds an input derivation for the hasher: among those that
// are being registered, or on disk.
func (s *Store) readDerivation(p storepath.Path) (*derivation.Derivation, error) {
	s.mu.Lock()
	d := s.pending[p]
	s.mu.Unlock()
	if d != nil {
		return d, nil
	}
	text, err := readSmallFile(s.dir, string(p), derivation.MaxSize)
	if err != nil {
		return nil, fmt.Errorf("read the input derivation '%s': %w (%w)", s.Dir().Join(p), err, store.ErrNotFound)
	}
	return parseDerivation(s.Dir(), p, text)
}
