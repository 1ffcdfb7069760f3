package fetchtree

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"isomorph/internal/nixhash"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// validTree returns the path of a tree of a known hash and tells whether it is
// in the store. It is kept from being collected.
func (f *Fetcher) validTree(ctx context.Context, name string, h nixhash.Hash) (storepath.Path, bool, error) {
	st, err := f.o.Store(ctx)
	if err != nil {
		return "", false, err
	}
	p, err := st.Dir().MakeFixed(name, true, h, nil)
	if err != nil {
		return "", false, err
	}
	ok, err := valid(ctx, st, p)
	return p, ok, err
}

// valid tells whether a path is in the store, and keeps it there: the root comes
// first, or a collection in between could take it.
func valid(ctx context.Context, st store.Store, p storepath.Path) (bool, error) {
	if err := st.AddTempRoot(ctx, p); err != nil {
		return false, err
	}
	_, err := st.Info(ctx, p)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// addTree makes a store object of what fill writes to an empty directory (or,
// if fill takes the directory away, to the file in its place).
func (f *Fetcher) addTree(ctx context.Context, name string, fill func(dir string) error) (storepath.Path, nixhash.Hash, error) {
	st, err := f.o.Store(ctx)
	if err != nil {
		return "", nixhash.Hash{}, err
	}
	if err := storepath.CheckName(name); err != nil {
		return "", nixhash.Hash{}, err
	}
	scratch, err := st.NewScratch(ctx)
	if err != nil {
		return "", nixhash.Hash{}, err
	}
	defer scratch.Close()
	const entry = "tree"
	dir := filepath.Join(scratch.Dir(), entry)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", nixhash.Hash{}, err
	}
	if err := fill(dir); err != nil {
		return "", nixhash.Hash{}, err
	}
	sealed, err := scratch.Seal(ctx, entry, nil)
	if err != nil {
		return "", nixhash.Hash{}, err
	}
	p, err := st.Dir().MakeFixed(name, true, sealed.NarHash, nil)
	if err != nil {
		return "", nixhash.Hash{}, err
	}
	info := store.PathInfo{Path: p, NarHash: sealed.NarHash, NarSize: sealed.NarSize, CA: "fixed:r:" + sealed.NarHash.String()}
	if err := st.AddTempRoot(ctx, p); err != nil {
		return "", nixhash.Hash{}, err
	}
	err = scratch.Register(ctx, nil, []store.Registration{{Entry: entry, Info: info}})
	return p, sealed.NarHash, err
}

// remembered returns the tree that a fingerprint is known to stand for, if it is
// in the store; ok is false if not.
func (f *Fetcher) remembered(ctx context.Context, fingerprint, name string) (p storepath.Path, h nixhash.Hash, ok bool, err error) {
	rec, found := f.cache.get("tree " + fingerprint)
	if !found {
		return "", nixhash.Hash{}, false, nil
	}
	if h = rec.Info.NarHash(); h.IsZero() {
		return "", nixhash.Hash{}, false, nil
	}
	p, ok, err = f.validTree(ctx, name, h)
	return p, h, ok, err
}

// tree is addTree, unless the fingerprint, which determines the tree, is known.
func (f *Fetcher) tree(ctx context.Context, fingerprint, name string, fill func(dir string) error) (storepath.Path, nixhash.Hash, error) {
	if fingerprint != "" {
		if p, h, ok, err := f.remembered(ctx, fingerprint, name); ok || err != nil {
			return p, h, err
		}
	}
	p, h, err := f.addTree(ctx, name, fill)
	if err != nil || fingerprint == "" {
		return p, h, err
	}
	return p, h, f.cache.put("tree "+fingerprint, f.o.Now(), Attrs{"narHash": h.SRI()})
}
