package fetchtree

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"

	"isomorph/internal/fetch"
	"isomorph/internal/nixhash"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// DownloadError says that a URL could not be had.
type DownloadError struct {
	URL string // without a password
	Err error
}

// Error names the URL and the reason, in the words of Nix.
func (e *DownloadError) Error() string {
	return fmt.Sprintf("unable to download '%s': %v", e.URL, e.Err)
}

// Unwrap returns the reason.
func (e *DownloadError) Unwrap() error { return e.Err }

// get downloads a URL to the file dest. With etag, the server may say that it
// still has the same.
func (f *Fetcher) get(ctx context.Context, url, etag string, header http.Header, dest string) (*fetch.Result, error) {
	res, err := f.http.Fetch(ctx, fetch.Request{URLs: []string{url}, Name: "'" + fetch.Redact(url) + "'", Header: header, IfNoneMatch: etag}, dest)
	if err == nil || ctx.Err() != nil {
		return res, err
	}
	if e, ok := errors.AsType[*fetch.Error](err); ok && len(e.Failures) == 1 {
		err = e.Failures[0].Err
	}
	return nil, &DownloadError{fetch.Redact(url), err}
}

// scratchFile calls use with a file name in a private directory of the store.
func (f *Fetcher) scratchFile(ctx context.Context, use func(st store.Store, file string) error) error {
	st, err := f.o.Store(ctx)
	if err != nil {
		return err
	}
	scratch, err := st.NewScratch(ctx)
	if err != nil {
		return err
	}
	defer scratch.Close()
	return use(st, filepath.Join(scratch.Dir(), "download"))
}

// File downloads a URL to a file of the store, for builtins.fetchurl. want is
// its SHA-256, zero if any will do; the error for another one is a
// *fetch.HashError.
func (f *Fetcher) File(ctx context.Context, url, name string, want nixhash.Hash) (storepath.Path, error) {
	if p, ok, err := f.pinnedFile(ctx, name, want); ok || err != nil {
		return p, err
	}
	if !strings.Contains(url, ":") {
		return "", fmt.Errorf("URL '%s' doesn't have a scheme", url)
	}
	p, err := f.file(ctx, url, name)
	if err != nil || want.IsZero() {
		return p, err
	}
	st, err := f.o.Store(ctx)
	if err != nil {
		return "", err
	}
	got, err := hashFile(st.RealPath(p))
	if err == nil && got != want {
		err = &fetch.HashError{URL: url, Want: want, Got: got}
	}
	return p, err
}

// pinnedFile returns the path of a file of a known hash, if it is in the store.
func (f *Fetcher) pinnedFile(ctx context.Context, name string, want nixhash.Hash) (storepath.Path, bool, error) {
	if want.IsZero() {
		return "", false, nil
	}
	st, err := f.o.Store(ctx)
	if err != nil {
		return "", false, err
	}
	p, err := st.Dir().MakeFixed(name, false, want, nil)
	if err != nil {
		return "", false, err
	}
	ok, err := valid(ctx, st, p)
	return p, ok, err
}

// file downloads a URL to a file of the store, or finds it there: what was
// downloaded in the last tarball-ttl seconds is not asked for again.
func (f *Fetcher) file(ctx context.Context, url, name string) (p storepath.Path, err error) {
	key := "file " + name + " " + url
	rec, known := f.cache.get(key)
	if known {
		if p, known, err = f.recordedPath(ctx, rec); err != nil {
			return "", err
		}
	}
	if known && f.fresh(rec.Time) {
		return p, nil
	}
	etag := ""
	if known {
		etag, _ = rec.Info.Str("etag")
	}
	err = f.scratchFile(ctx, func(st store.Store, file string) error {
		res, err := f.get(ctx, url, etag, nil, file)
		if err != nil {
			if known && ctx.Err() == nil {
				f.o.Warn(err.Error() + "; using cached version")
				return nil
			}
			return err
		}
		if !res.NotModified {
			if p, err = st.AddTree(ctx, store.Source{Name: name, Path: file, Flat: true}); err != nil {
				return err
			}
		}
		info := Attrs{"etag": res.ETag, "path": string(p)}
		for _, u := range chain(url, res) {
			if err := f.cache.put("file "+name+" "+u, f.o.Now(), info); err != nil {
				return err
			}
		}
		return nil
	})
	return p, err
}

// chain is the URL that was asked for with those it led to.
func chain(url string, res *fetch.Result) []string {
	all := []string{url}
	for _, u := range res.Chain {
		if u != url {
			all = append(all, u)
		}
	}
	return all
}

// recordedPath returns the store path that a record names, if it is valid.
func (f *Fetcher) recordedPath(ctx context.Context, rec record) (storepath.Path, bool, error) {
	s, _ := rec.Info.Str("path")
	p, err := storepath.ParseBase(s)
	if err != nil {
		return "", false, nil // no record worth the name
	}
	st, err := f.o.Store(ctx)
	if err != nil {
		return "", false, err
	}
	ok, err := valid(ctx, st, p)
	return p, ok, err
}

// fileInput fetches an input that is a single file.
func (f *Fetcher) fileInput(ctx context.Context, in Attrs) (*Result, error) {
	url, err := in.Need("url")
	if err != nil {
		return nil, err
	}
	flat, err := f.file(ctx, url, in.Name())
	if err != nil {
		return nil, err
	}
	st, err := f.o.Store(ctx)
	if err != nil {
		return nil, err
	}
	// The file is in the store by its own hash; an input is there by that of
	// its NAR.
	p, err := st.AddTree(ctx, store.Source{Name: in.Name(), Path: st.RealPath(flat)})
	if err != nil {
		return nil, err
	}
	info, err := st.Info(ctx, p)
	if err != nil {
		return nil, err
	}
	r := &Result{Path: p, Locked: in.Clone()}
	r.Locked["narHash"] = info.NarHash.SRI()
	return r, nil
}
