package localstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"isomorph/internal/atomicfile"
	"isomorph/internal/failpoint"
	"isomorph/internal/nixhash"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// maxRootDepth bounds the directories below gcroots and profiles.
const maxRootDepth = 32

// AddIndirectRoot implements [store.Store].
func (s *Store) AddIndirectRoot(ctx context.Context, link string, p storepath.Path) error {
	if err := s.writable("add a root"); err != nil {
		return err
	}
	if !filepath.IsAbs(link) {
		return fmt.Errorf("root '%s' is not an absolute path", link)
	}
	link = filepath.Clean(link)
	if err := s.AddTempRoot(ctx, p); err != nil {
		return err
	}
	if _, err := s.Info(ctx, p); err != nil {
		return err
	}
	// A link to somewhere else is not ours to replace.
	if target, err := os.Readlink(link); err == nil {
		if _, ok := s.Resolve(target); !ok {
			return fmt.Errorf("cannot create symlink '%s'; already exists", link)
		}
	}
	if err := s.makeLink(link, s.RealPath(p)); err != nil {
		return err
	}
	if err := failpoint.Hit("root-linked"); err != nil {
		return err
	}
	return s.registerIndirect(link)
}

// registerIndirect makes the collector look at link, by the name that Nix
// would give the entry.
func (s *Store) registerIndirect(link string) error {
	name := nixhash.Sum(nixhash.SHA1, []byte(link)).Base32()
	return s.makeLink(filepath.Join(s.at.gcroots, "auto", name), link)
}

func (s *Store) makeLink(link, target string) error {
	if err := atomicfile.MkdirAll(filepath.Dir(link), 0o755); err != nil {
		return err
	}
	return atomicfile.Symlink(target, link, s.rand())
}

// AddRoot implements [store.Store].
func (s *Store) AddRoot(ctx context.Context, name string, p storepath.Path) error {
	if err := s.writable("add a root"); err != nil {
		return err
	}
	if !filepath.IsLocal(name) || strings.Count(name, "/") >= maxRootDepth {
		return fmt.Errorf("'%s' cannot be the name of a root", name)
	}
	if err := s.AddTempRoot(ctx, p); err != nil {
		return err
	}
	if _, err := s.Info(ctx, p); err != nil {
		return err
	}
	// The logical path, so that the root also holds in a store that is moved.
	return s.makeLink(filepath.Join(s.at.gcroots, name), s.Dir().Join(p))
}

// Resolve finds the store path that a symlink's target means: a logical path,
// or a real one of this store.
func (s *Store) Resolve(target string) (storepath.Path, bool) {
	if p, _, err := s.Dir().Split(target); err == nil {
		return p, true
	}
	p, _, err := storepath.Dir(s.at.store).Split(target)
	return p, err == nil
}

// Roots implements [store.Store].
func (s *Store) Roots(ctx context.Context) ([]store.Root, error) {
	var roots []store.Root
	add := func(p storepath.Path, link string) {
		if ok, err := s.isValid(ctx, p); ok && err == nil {
			roots = append(roots, store.Root{Path: p, Link: link})
		}
	}
	err := s.findRoots(false, add)
	if err == nil && !s.readOnly {
		err = s.findTempRoots(add)
	}
	slices.SortFunc(roots, func(a, b store.Root) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Link, b.Link))
	})
	return slices.Compact(roots), err
}

// findRoots finds the permanent roots and those of running processes. With
// clean it deletes entries of gcroots/auto whose links are gone.
func (s *Store) findRoots(clean bool, add func(p storepath.Path, link string)) error {
	f := rootFinder{s: s, clean: clean, add: add}
	for _, dir := range []string{s.at.gcroots, s.at.profiles} {
		if err := f.dir(dir, 0); err != nil {
			return fmt.Errorf("finding GC roots in '%s': %w", dir, err)
		}
	}
	s.findRuntimeRoots(add)
	return nil
}

type rootFinder struct {
	s     *Store
	clean bool
	add   func(p storepath.Path, link string)
}

func (f *rootFinder) dir(dir string, depth int) error {
	if depth > maxRootDepth {
		return fmt.Errorf("directories nest deeper than %d", maxRootDepth)
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if errors.Is(err, fs.ErrPermission) {
		f.s.warn("cannot read potential root '%s'", dir)
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch {
		case e.IsDir():
			err = f.dir(path, depth+1)
		case e.Type()&fs.ModeSymlink != 0:
			err = f.link(path)
		case e.Type().IsRegular():
			if p, perr := storepath.ParseBase(e.Name()); perr == nil {
				f.add(p, path)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// link looks at a symlink: into the store, or to a symlink that leads there.
func (f *rootFinder) link(path string) error {
	target, err := os.Readlink(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if p, ok := f.s.Resolve(target); ok {
		f.add(p, path)
		return nil
	}
	if !filepath.IsAbs(target) {
		target = filepath.Join(filepath.Dir(path), target)
	}
	next, err := os.Readlink(target)
	if p, ok := f.s.Resolve(next); err == nil && ok {
		f.add(p, target)
		return nil
	}
	_, err = os.Lstat(target)
	auto := filepath.Join(f.s.at.gcroots, "auto")
	if errors.Is(err, fs.ErrNotExist) && f.clean && filepath.Dir(path) == auto {
		f.s.warn("removing stale link from '%s' to '%s'", path, target)
		return removeLink(path)
	}
	return nil
}

func removeLink(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := unlinkAt(dir, filepath.Base(path), 0); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
