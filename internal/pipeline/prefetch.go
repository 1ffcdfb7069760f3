package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"isomorph/internal/fetch"
	"isomorph/internal/nixhash"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
	"isomorph/internal/unpack"
)

// maxPipe bounds what Prefetch reads from something that is no file.
const maxPipe = 16 << 30

// Prefetch asks for a file, or an unpacked archive, to be put into the store
// under the path of a fixed-output derivation.
type Prefetch struct {
	URL        string
	Name       string            // of the store path
	Algo       nixhash.Algorithm // of the hash
	Expected   nixhash.Hash      // zero: whatever comes
	Unpack     bool              // an archive; the hash is that of its contents' NAR
	Executable bool              // the file becomes executable; the hash is that of its NAR
}

// Prefetch downloads what p asks for, unless the store has it, and returns its
// path and its hash. A file: URL may name a pipe, as in
// file:///dev/stdin.
func (s *Session) Prefetch(ctx context.Context, p Prefetch) (storepath.Path, nixhash.Hash, error) {
	w := s.writable()
	if w == nil {
		return "", nixhash.Hash{}, store.ErrReadOnly
	}
	recursive := p.Unpack || p.Executable
	if !p.Expected.IsZero() {
		path, err := w.Dir().MakeFixed(p.Name, recursive, p.Expected, nil)
		if err != nil {
			return "", nixhash.Hash{}, err
		}
		if _, err := w.Info(ctx, path); err == nil {
			return path, p.Expected, nil
		}
	}
	scratch, err := w.NewScratch(ctx)
	if err != nil {
		return "", nixhash.Hash{}, err
	}
	defer scratch.Close()
	file := filepath.Join(scratch.Dir(), "download")
	if err := s.download(ctx, p, file); err != nil {
		return "", nixhash.Hash{}, err
	}
	if p.Executable {
		if err := os.Chmod(file, 0o700); err != nil {
			return "", nixhash.Hash{}, err
		}
	}
	if p.Unpack {
		dir := filepath.Join(scratch.Dir(), "tree")
		if file, err = unpackAll(file, dir); err != nil {
			return "", nixhash.Hash{}, fmt.Errorf("unpack '%s': %w", fetch.Redact(p.URL), err)
		}
	}
	return s.addPrefetched(ctx, w, p, file, recursive)
}

// download gets a URL, which may be a pipe's.
func (s *Session) download(ctx context.Context, p Prefetch, file string) error {
	u, err := url.Parse(p.URL)
	if err == nil && u.Scheme == "file" {
		if info, err := os.Stat(u.Path); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
			return drain(u.Path, file)
		}
	}
	req := fetch.Request{URLs: []string{p.URL}, Name: p.Name}
	if !p.Unpack && !p.Executable {
		req.Hash = p.Expected
	}
	_, err = fetch.New(s.cfg.Fetch).Fetch(ctx, req, file)
	if he, ok := errors.AsType[*fetch.HashError](err); ok {
		return fmt.Errorf("hash mismatch for '%s':\n  specified: %s\n     got:    %s", fetch.Redact(he.URL), he.Want.SRI(), he.Got.SRI())
	}
	return err
}

// drain writes what a pipe gives into a file.
func drain(pipe, file string) error {
	in, err := os.Open(pipe)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	n, err := io.Copy(out, io.LimitReader(in, maxPipe+1))
	if err == nil && n > maxPipe {
		err = fmt.Errorf("'%s' gives more than %d bytes", pipe, int64(maxPipe))
	}
	return errors.Join(err, out.Close())
}

// unpackAll unpacks an archive and returns its tree: its one entry, or the
// directory of all of them.
func unpackAll(file, dir string) (string, error) {
	list, err := unpackInto(file, dir)
	switch {
	case err != nil:
		return "", err
	case len(list) == 0:
		return "", errors.New("the archive is empty")
	case len(list) == 1:
		return filepath.Join(dir, list[0].Name()), nil
	}
	return dir, nil
}

func (s *Session) addPrefetched(ctx context.Context, w store.Store, p Prefetch, file string, recursive bool) (storepath.Path, nixhash.Hash, error) {
	path, err := w.AddTree(ctx, store.Source{Name: p.Name, Path: file, Flat: !recursive, Algo: p.Algo, Known: p.Expected})
	if errors.Is(err, store.ErrHashMismatch) {
		return "", nixhash.Hash{}, fmt.Errorf("hash mismatch for '%s': %w", fetch.Redact(p.URL), err)
	}
	if err != nil {
		return "", nixhash.Hash{}, err
	}
	info, err := w.Info(ctx, path)
	if err != nil {
		return "", nixhash.Hash{}, err
	}
	hash, err := contentHash(info)
	return path, hash, err
}

// contentHash returns the hash that a fixed-output path is named by.
func contentHash(info *store.PathInfo) (nixhash.Hash, error) {
	text, ok := strings.CutPrefix(info.CA, "fixed:")
	if !ok {
		return info.NarHash, nil // a path that was made by a build
	}
	return nixhash.Parse(strings.TrimPrefix(text, "r:"), 0)
}

// unpackInto unpacks an archive into a new directory and lists that.
func unpackInto(file, dir string) ([]os.DirEntry, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	if _, err := unpack.Archive(f, info.Size(), fd, unpack.Limits{}); err != nil {
		return nil, err
	}
	return os.ReadDir(dir)
}
