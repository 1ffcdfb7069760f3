package localstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"isomorph/internal/nixhash"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// queryInfo gets a path and its references in one statement, and so from one
// moment.
const queryInfo = `select hash, registrationTime, deriver, narSize, ultimate, sigs, ca,
	(select group_concat(r.path, ' ') from Refs join ValidPaths r on reference = r.id where referrer = v.id)
	from ValidPaths v where path = ?`

// Info implements [store.Reader].
//
// What is remembered in memory is only ever about temporary roots of this
// process: no other process can make those invalid.
func (s *Store) Info(ctx context.Context, p storepath.Path) (*store.PathInfo, error) {
	s.mu.Lock()
	info := s.cache[p]
	s.mu.Unlock()
	if info != nil {
		return info, nil
	}
	rooted := s.temp.isRoot(p) // before looking, see AddTempRoot
	info, err := s.readInfo(ctx, p)
	if err != nil {
		return nil, err
	}
	if rooted {
		s.mu.Lock()
		s.cache[p] = info
		s.mu.Unlock()
	}
	return info, nil
}

func (s *Store) readInfo(ctx context.Context, p storepath.Path) (*store.PathInfo, error) {
	var (
		hash                    string
		deriver, sigs, ca, refs sql.NullString
		size, ultimate          sql.NullInt64
		info                    = store.PathInfo{Path: p}
	)
	err := s.db.queryRow(ctx, queryInfo, s.Dir().Join(p), &hash, &info.RegistrationTime, &deriver, &size, &ultimate, &sigs, &ca, &refs)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("path '%s' is not valid: %w", s.Dir().Join(p), store.ErrNotFound)
	}
	if err == nil {
		info.NarHash, err = nixhash.Parse(hash, nixhash.SHA256)
	}
	if err == nil {
		info.References, err = s.parsePaths(strings.Fields(refs.String))
	}
	if err == nil && deriver.String != "" {
		info.Deriver, err = s.Dir().Parse(deriver.String)
	}
	if err != nil {
		return nil, fmt.Errorf("read '%s' from the store's database: %w", p, err)
	}
	info.NarSize, info.Ultimate, info.CA = uint64(size.Int64), ultimate.Int64 == 1, ca.String
	info.Sigs = strings.Fields(sigs.String)
	return &info, nil
}

func (s *Store) parsePaths(texts []string) ([]storepath.Path, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	paths := make([]storepath.Path, len(texts))
	for i, t := range texts {
		p, err := s.Dir().Parse(t)
		if err != nil {
			return nil, err
		}
		paths[i] = p
	}
	slices.Sort(paths)
	return paths, nil
}

// remember adds what was just registered to the memory.
func (s *Store) remember(cands []*candidate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range cands {
		s.cache[c.info.Path] = c.info
		if c.repair {
			delete(s.cache, c.info.Path) // the row keeps more than we were given
		}
	}
}

func (s *Store) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.cache)
}

// ValidPaths implements [store.Reader].
func (s *Store) ValidPaths(ctx context.Context, paths []storepath.Path) (map[storepath.Path]bool, error) {
	valid := make(map[storepath.Path]bool, len(paths))
	var ask []string
	s.mu.Lock()
	for _, p := range paths {
		if s.cache[p] != nil {
			valid[p] = true
		} else {
			ask = append(ask, s.Dir().Join(p))
		}
	}
	s.mu.Unlock()
	if len(ask) == 0 {
		return valid, nil
	}
	list, err := json.Marshal(ask)
	if err != nil {
		return nil, err
	}
	found, err := s.queryPaths(ctx, "select v.path from json_each(?) j cross join ValidPaths v on v.path = j.value", string(list))
	for _, p := range found {
		valid[p] = true
	}
	return valid, err
}

func (s *Store) isValid(ctx context.Context, p storepath.Path) (bool, error) {
	_, err := s.Info(ctx, p)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

func (s *Store) queryPaths(ctx context.Context, query string, args ...any) ([]storepath.Path, error) {
	texts, err := s.db.queryStrings(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("query the store's database: %w", err)
	}
	return s.parsePaths(texts)
}

// AllPaths implements [store.Reader].
func (s *Store) AllPaths(ctx context.Context) ([]storepath.Path, error) {
	return s.queryPaths(ctx, "select path from ValidPaths")
}

// PathFromHashPart implements [store.Reader].
func (s *Store) PathFromHashPart(ctx context.Context, hash string) (storepath.Path, error) {
	if len(hash) != storepath.HashLen {
		return "", fmt.Errorf("%q is not the hash part of a store path", hash)
	}
	prefix := string(s.Dir()) + "/" + hash
	found, err := s.queryPaths(ctx, "select path from ValidPaths where path >= ? limit 1", prefix)
	if err != nil {
		return "", err
	}
	if len(found) == 0 || found[0].HashPart() != hash {
		return "", fmt.Errorf("no path with the hash part %s: %w", hash, store.ErrNotFound)
	}
	return found[0], nil
}

// Referrers implements [store.Reader].
func (s *Store) Referrers(ctx context.Context, p storepath.Path) ([]storepath.Path, error) {
	return s.queryPaths(ctx, "select path from Refs join ValidPaths on referrer = id where reference = (select id from ValidPaths where path = ?)", s.Dir().Join(p))
}

// ValidDerivers implements [store.Reader].
func (s *Store) ValidDerivers(ctx context.Context, p storepath.Path) ([]storepath.Path, error) {
	return s.queryPaths(ctx, "select v.path from DerivationOutputs d join ValidPaths v on d.drv = v.id where d.path = ?", s.Dir().Join(p))
}

// DerivationOutputs implements [store.Reader].
func (s *Store) DerivationOutputs(ctx context.Context, drv storepath.Path) (map[string]storepath.Path, error) {
	if _, err := s.Info(ctx, drv); err != nil {
		return nil, err
	}
	var out map[string]storepath.Path
	err := s.db.queryRows(ctx, "select d.id, d.path from DerivationOutputs d join ValidPaths v on d.drv = v.id where v.path = ?",
		[]any{s.Dir().Join(drv)},
		func(rows *sql.Rows) error {
			var name, path string
			if err := rows.Scan(&name, &path); err != nil {
				return err
			}
			p, err := s.Dir().Parse(path)
			out[name] = p
			return err
		},
		func() { out = map[string]storepath.Path{} })
	if err != nil {
		return nil, fmt.Errorf("outputs of %s: %w", drv, err)
	}
	return out, nil
}

// AddSignatures implements [store.Store].
func (s *Store) AddSignatures(ctx context.Context, p storepath.Path, sigs []string) error {
	if err := s.writable("add signatures"); err != nil {
		return err
	}
	for _, sig := range sigs {
		if name, _, ok := strings.Cut(sig, ":"); !ok || name == "" || strings.ContainsAny(sig, " \n\x00") {
			return fmt.Errorf("%q is not a signature (NAME:BASE64)", sig)
		}
	}
	err := s.db.write(ctx, func(tx *sql.Tx) error {
		var old sql.NullString
		err := tx.QueryRowContext(ctx, "select sigs from ValidPaths where path = ?", s.Dir().Join(p)).Scan(&old)
		if errors.Is(err, sql.ErrNoRows) {
			return store.ErrNotFound
		}
		if err != nil {
			return err
		}
		all := append(strings.Fields(old.String), sigs...)
		slices.Sort(all)
		_, err = tx.ExecContext(ctx, "update ValidPaths set sigs = ? where path = ?", strings.Join(slices.Compact(all), " "), s.Dir().Join(p))
		return err
	})
	s.forget()
	if err != nil {
		return fmt.Errorf("add signatures to '%s': %w", p, err)
	}
	return nil
}
