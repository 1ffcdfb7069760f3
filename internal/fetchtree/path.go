package fetchtree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"isomorph/internal/input"
	"isomorph/internal/store"
)

// path copies a tree of this machine. One that is a store object by the name of
// a source is taken as it is.
func (f *Fetcher) path(ctx context.Context, in Attrs) (*Result, error) {
	st, err := f.o.Store(ctx)
	if err != nil {
		return nil, err
	}
	name, _ := in.Str("path")
	if !filepath.IsAbs(name) {
		return nil, fmt.Errorf("cannot fetch input '%s' because it uses a relative path", input.Describe(in))
	}
	name = filepath.Clean(name)
	r := &Result{Locked: in.Clone()}
	p, perr := st.Dir().Parse(name)
	there := false
	if perr == nil && p.Name() == "source" {
		if there, err = valid(ctx, st, p); err != nil {
			return nil, err
		}
	}
	mtime := uint64(0)
	if there {
		r.Path = p
	} else {
		real := name
		if p, rest, err := st.Dir().Split(name); err == nil {
			real = st.RealPath(p) + rest
		}
		if _, err := os.Lstat(real); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("path '%s' does not exist", name)
		}
		if r.Path, err = st.AddTree(ctx, store.Source{Name: "source", Path: real}); err != nil {
			return nil, err
		}
		if mtime, err = newest(real); err != nil {
			return nil, err
		}
	}
	info, err := st.Info(ctx, r.Path)
	if err != nil {
		return nil, err
	}
	r.Locked["narHash"] = info.NarHash.SRI()
	if _, ok := in.Int("lastModified"); !ok {
		r.Locked["lastModified"] = mtime
	}
	return r, nil
}

// newest returns when the youngest file of a tree was changed.
func newest(root string) (uint64, error) {
	var t int64
	err := filepath.WalkDir(root, func(_ string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil {
			t = max(t, info.ModTime().Unix())
		}
		return err
	})
	return uint64(max(t, 0)), err
}
