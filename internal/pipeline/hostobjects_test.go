package pipeline

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"isomorph/internal/nixhash"
	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/store"
	"isomorph/internal/store/localstore"
	"isomorph/internal/storepath"
	"isomorph/internal/treehash"
)

// rootedFirst is a store that notes who looks for a path without having made it
// a temporary root: a collection can take the path right after that.
type rootedFirst struct {
	store.Store
	t      *testing.T
	mu     sync.Mutex
	rooted map[storepath.Path]bool
}

func (s *rootedFirst) AddTempRoot(ctx context.Context, paths ...storepath.Path) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range paths {
		s.rooted[p] = true
	}
	return s.Store.AddTempRoot(ctx, paths...)
}

func (s *rootedFirst) Info(ctx context.Context, p storepath.Path) (*store.PathInfo, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.rooted[p] {
		s.t.Errorf("looked for %s before it was a temporary root", p)
	}
	return s.Store.Info(ctx, p)
}

func TestPathWithKnownHashIsRootedFirst(t *testing.T) {
	dir := t.TempDir()
	local, err := localstore.Open(t.Context(), localstore.Options{
		Root: filepath.Join(dir, "store"), UID: os.Getuid(), Now: time.Now, Rand: rand.Reader, NoDurability: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer local.Close()
	s := &rootedFirst{Store: local, t: t, rooted: map[storepath.Path]bool{}}
	file := filepath.Join(dir, "file")
	write(t, file, "contents")
	h := newHostObjects(t.Context(), s, s, newHostFiles(s, nil), treehash.New(treehash.Options{}))
	defer h.close()
	req := builtins.AddPathRequest{Path: file, Name: "file", Flat: true, SHA256: nixhash.Sum(nixhash.SHA256, []byte("contents"))}
	for range 2 {
		if _, err := h.AddPath(req); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.commit(t.Context()); err != nil {
		t.Error(err)
	}
}
