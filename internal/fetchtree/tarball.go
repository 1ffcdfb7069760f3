package fetchtree

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"isomorph/internal/fetch"
	"isomorph/internal/flakeref"
	"isomorph/internal/input"
	"isomorph/internal/nixhash"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
	"isomorph/internal/unpack"
)

// tarball fetches an archive and unpacks it.
func (f *Fetcher) tarball(ctx context.Context, in Attrs) (*Result, error) {
	url, err := in.Need("url")
	if err != nil {
		return nil, err
	}
	a, err := f.archive(ctx, url, in.Name(), nil)
	if err != nil {
		return nil, err
	}
	out := in.Clone()
	if a.immutable != "" {
		if out, err = f.immutableInput(a.immutable); err != nil {
			return nil, err
		}
	}
	if _, ok := out.Int("lastModified"); !ok && a.lastModified > 0 {
		out["lastModified"] = a.lastModified
	}
	out["narHash"] = a.hash.SRI()
	return &Result{Path: a.path, Locked: out}, nil
}

// immutableInput is what a server says that the URL really stands for, by a Link
// header.
func (f *Fetcher) immutableInput(url string) (Attrs, error) {
	a, err := flakeref.ParseInput(url, f.o.Warn)
	if err != nil {
		return nil, err
	}
	if a["type"] != "tarball" {
		return nil, errors.New("tarball 'Link' headers that redirect to non-tarball URLs are not supported")
	}
	return input.Normalise(Attrs(a), f.o.Features)
}

// unpacked is an archive in the store.
type unpacked struct {
	path         storepath.Path
	hash         nixhash.Hash // of the tree
	lastModified uint64
	immutable    string
}

// archive downloads and unpacks an archive, or finds it in the store. header is
// sent to the URL's host.
func (f *Fetcher) archive(ctx context.Context, url, name string, header http.Header) (*unpacked, error) {
	if err := checkLocalArchive(url); err != nil {
		return nil, err
	}
	rec, known := f.cache.get("tarball " + url)
	var a *unpacked
	if known {
		var err error
		if a, err = f.recordedTree(ctx, rec, name); err != nil {
			return nil, err
		}
	}
	if a != nil && f.fresh(rec.Time) {
		return a, nil
	}
	etag := ""
	if a != nil {
		etag, _ = rec.Info.Str("etag")
	}
	err := f.scratchFile(ctx, func(_ store.Store, file string) error {
		res, err := f.get(ctx, url, etag, header, file)
		if err != nil {
			return err
		}
		if !res.NotModified {
			if a, err = f.unpack(ctx, url, file, name); err != nil {
				return err
			}
			a.immutable = res.Immutable
		}
		return f.rememberTree(chain(url, res), a, res.ETag)
	})
	return a, err
}

func (f *Fetcher) rememberTree(urls []string, a *unpacked, etag string) error {
	info := Attrs{"etag": etag, "narHash": a.hash.SRI(), "lastModified": a.lastModified}
	if a.immutable != "" {
		info["immutableUrl"] = a.immutable
	}
	for _, u := range urls {
		if err := f.cache.put("tarball "+u, f.o.Now(), info); err != nil {
			return err
		}
	}
	return nil
}

// recordedTree returns the tree that a record names, nil if it is not in the
// store any more.
func (f *Fetcher) recordedTree(ctx context.Context, rec record, name string) (*unpacked, error) {
	a := &unpacked{hash: rec.Info.NarHash()}
	if a.hash.IsZero() {
		return nil, nil
	}
	a.lastModified, _ = rec.Info.Int("lastModified")
	a.immutable, _ = rec.Info.Str("immutableUrl")
	p, ok, err := f.namedTree(ctx, name, a.hash)
	if err != nil || !ok {
		return nil, err
	}
	a.path = p
	return a, nil
}

// namedTree returns a tree by a name. If it is in the store by the usual name
// only, it is copied.
func (f *Fetcher) namedTree(ctx context.Context, name string, h nixhash.Hash) (storepath.Path, bool, error) {
	p, ok, err := f.validTree(ctx, name, h)
	if ok || err != nil || name == "source" {
		return p, ok, err
	}
	other, ok, err := f.validTree(ctx, "source", h)
	if !ok || err != nil {
		return "", false, err
	}
	st, err := f.o.Store(ctx)
	if err != nil {
		return "", false, err
	}
	p, err = st.AddTree(ctx, store.Source{Name: name, Path: st.RealPath(other), Known: h})
	return p, err == nil, err
}

// unpack makes a tree of an archive. If all of it lies in one directory, that is
// the tree.
func (f *Fetcher) unpack(ctx context.Context, url, file, name string) (*unpacked, error) {
	a := &unpacked{}
	var err error
	a.path, a.hash, err = f.addTree(ctx, name, func(dir string) error {
		newest, err := unpackInto(file, dir)
		a.lastModified = uint64(max(newest, 0))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("unpack '%s': %w", fetch.Redact(url), err)
	}
	return a, nil
}

func unpackInto(file, dir string) (newest int64, err error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, &os.PathError{Op: "open", Path: dir, Err: err}
	}
	defer unix.Close(fd)
	if newest, err = unpack.Archive(f, info.Size(), fd, unpack.Limits{}); err != nil {
		return 0, err
	}
	return newest, hoist(dir)
}

// hoist puts the only directory of dir in its place.
func hoist(dir string) error {
	list, err := os.ReadDir(dir)
	if err != nil || len(list) != 1 || !list[0].IsDir() {
		return err
	}
	aside := filepath.Join(filepath.Dir(dir), "hoisted")
	if err := os.Rename(filepath.Join(dir, list[0].Name()), aside); err != nil {
		return err
	}
	if err := os.Remove(dir); err != nil {
		return err
	}
	return os.Rename(aside, dir)
}

// checkLocalArchive explains the common mistakes with file URLs.
func checkLocalArchive(url string) error {
	u, err := flakeref.ParseURL(url)
	if err != nil {
		return err
	}
	if u.Scheme != "file" {
		return nil
	}
	path, err := u.FilePath()
	if err != nil {
		return err
	}
	if !filepath.IsAbs(path) {
		return fmt.Errorf("tarball '%s' must use an absolute path. The 'file' scheme does not support relative paths.", u)
	}
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("tarball \"%s\" does not exist.", path)
	}
	if err != nil || !info.IsDir() {
		return err
	}
	if _, err := os.Stat(filepath.Join(path, ".git")); err == nil {
		return fmt.Errorf("tarball \"%s\" is a git repository, not a tarball. Please use `git+file` as the scheme.", path)
	}
	return fmt.Errorf("tarball \"%s\" is a directory, not a file.", path)
}

// Tarball downloads and unpacks an archive, for builtins.fetchTarball. want is
// the hash of the tree, zero if any will do; the error for another one is an
// *input.MismatchError.
func (f *Fetcher) Tarball(ctx context.Context, url, name string, want nixhash.Hash) (storepath.Path, error) {
	if _, err := flakeref.ParseURL(url); err != nil {
		return "", err
	}
	in := Attrs{"type": "tarball", "url": url, "name": name}
	if !want.IsZero() {
		if p, ok, err := f.validTree(ctx, name, want); ok || err != nil {
			return p, err
		}
		in["narHash"] = want.SRI()
	}
	in, err := input.Normalise(in, f.o.Features)
	if err != nil {
		return "", err
	}
	r, err := f.Fetch(ctx, in)
	if err != nil {
		return "", err
	}
	return r.Path, nil
}

func hashFile(file string) (nixhash.Hash, error) {
	f, err := os.Open(file)
	if err != nil {
		return nixhash.Hash{}, err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return nixhash.Hash{}, err
	}
	return nixhash.New(nixhash.SHA256, sum.Sum(nil))
}
