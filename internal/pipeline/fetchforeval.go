package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"isomorph/internal/fetch"
	"isomorph/internal/nixhash"
	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
	"isomorph/internal/unpack"
)

// fetchForEval downloads a file or archive that an evaluation asks for
// (builtins.fetchurl, fetchTarball, a URL in the search path) into the store.
func (s *Session) fetchForEval(ctx context.Context, req builtins.FetchRequest) (storepath.Path, error) {
	w := s.writable()
	if !req.SHA256.IsZero() {
		p, err := s.reader.Dir().MakeFixed(req.Name, req.Unpack, req.SHA256, nil)
		if err != nil {
			return "", err
		}
		if w != nil { // before looking, or a collection could take it after that
			if err := w.AddTempRoot(ctx, p); err != nil {
				return "", err
			}
		}
		if _, err := s.reader.Info(ctx, p); err == nil {
			return p, nil
		}
	}
	if w == nil {
		return "", fmt.Errorf("unable to download '%s': nothing is written in this mode; --read-write-mode allows it", fetch.Redact(req.URL))
	}
	scratch, err := w.NewScratch(ctx)
	if err != nil {
		return "", err
	}
	defer scratch.Close()
	file := filepath.Join(scratch.Dir(), "download")
	fr := fetch.Request{URLs: []string{req.URL}, Name: req.Name}
	if !req.Unpack {
		fr.Hash = req.SHA256
	}
	if _, err := fetch.New(s.cfg.Fetch).Fetch(ctx, fr, file); err != nil {
		if he, ok := errors.AsType[*fetch.HashError](err); ok {
			return "", &builtins.HashMismatchError{URL: fetch.Redact(he.URL), Want: he.Want, Got: he.Got}
		}
		return "", err
	}
	tree := file
	if req.Unpack {
		if tree, err = unpackTop(file, filepath.Join(scratch.Dir(), "tree")); err != nil {
			return "", fmt.Errorf("unpack '%s': %w", fetch.Redact(req.URL), err)
		}
	}
	p, err := w.AddTree(ctx, store.Source{Name: req.Name, Path: tree, Flat: !req.Unpack, Known: nixhash.Hash{}})
	if err != nil {
		return "", err
	}
	return p, s.checkFetched(ctx, req, p)
}

// checkFetched compares the hash of what an archive unpacked to.
func (s *Session) checkFetched(ctx context.Context, req builtins.FetchRequest, p storepath.Path) error {
	if req.SHA256.IsZero() || !req.Unpack {
		return nil
	}
	info, err := s.reader.Info(ctx, p)
	if err != nil {
		return err
	}
	if info.NarHash != req.SHA256 {
		return &builtins.HashMismatchError{URL: fetch.Redact(req.URL), Want: req.SHA256, Got: info.NarHash}
	}
	return nil
}

// unpackTop unpacks an archive that holds one top directory, and returns that.
func unpackTop(file, dir string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	if err := unpack.Archive(f, info.Size(), fd, unpack.Limits{}); err != nil {
		return "", err
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	if len(list) != 1 {
		return "", fmt.Errorf("the archive contains an unexpected number of top-level files: %d, not 1", len(list))
	}
	return filepath.Join(dir, list[0].Name()), nil
}
