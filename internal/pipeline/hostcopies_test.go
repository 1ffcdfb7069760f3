package pipeline

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/store"
	"isomorph/internal/store/localstore"
	"isomorph/internal/storepath"
	"isomorph/internal/treehash"
)

// gatedStore lets no tree into its batches before the gate is open, and then
// only if there is no error.
type gatedStore struct {
	store.Store
	gate chan struct{}
	err  error
}

func (s *gatedStore) NewBatch(ctx context.Context) store.Batch {
	return &gatedBatch{s.Store.NewBatch(ctx), s}
}

type gatedBatch struct {
	store.Batch
	s *gatedStore
}

func (b *gatedBatch) AddTree(ctx context.Context, src store.Source) (storepath.Path, error) {
	select {
	case <-b.s.gate:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if b.s.err != nil {
		return "", b.s.err
	}
	return b.Batch.AddTree(ctx, src)
}

func newGatedObjects(t *testing.T) (*gatedStore, *hostObjects, string) {
	t.Helper()
	dir := t.TempDir()
	local, err := localstore.Open(t.Context(), localstore.Options{
		Root: filepath.Join(dir, "store"), UID: os.Getuid(), Now: time.Now, Rand: rand.Reader, NoDurability: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	tree := filepath.Join(dir, "tree")
	if err := os.Mkdir(tree, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(tree, "taken"), "this")
	write(t, filepath.Join(tree, "left out"), "that")
	s := &gatedStore{Store: local, gate: make(chan struct{})}
	h := newHostObjects(t.Context(), s, s, newHostFiles(s, nil), treehash.New(treehash.Options{}))
	t.Cleanup(func() {
		h.close()
		local.Close()
	})
	return s, h, tree
}

func taken(path string, _ builtins.FileKind) (bool, error) {
	return filepath.Base(path) == "taken", nil
}

// The evaluator goes on while a tree is copied; what refers to it becomes valid
// with it.
func TestTreesAreCopiedBesideTheEvaluator(t *testing.T) {
	s, h, tree := newGatedObjects(t)
	p, err := h.AddPath(builtins.AddPathRequest{Path: tree, Name: "tree", Filter: taken})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Info(t.Context(), p); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("valid before it can have been copied: %v", err)
	}
	if !h.IsValid(p) {
		t.Error("to the evaluation it is not valid")
	}
	close(s.gate)
	if err := h.commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Info(t.Context(), p); err != nil {
		t.Error(err)
	}
}

// An error beside the evaluator is one of the evaluation, and no later one
// hides it.
func TestCopyThatFails(t *testing.T) {
	s, h, tree := newGatedObjects(t)
	s.err = errors.New("no room")
	close(s.gate)
	if _, err := h.AddPath(builtins.AddPathRequest{Path: tree, Name: "tree"}); err != nil {
		t.Fatal(err)
	}
	h.copies.wait()
	if err := h.failed(); err != s.err {
		t.Errorf("the reason is %v", err)
	}
	if err := h.commit(t.Context()); err != s.err {
		t.Errorf("the commit says %v", err)
	}
}

// The end of a session does not wait for copies that nobody needs.
func TestClosingEndsCopies(t *testing.T) {
	_, h, tree := newGatedObjects(t)
	if _, err := h.AddPath(builtins.AddPathRequest{Path: tree, Name: "tree"}); err != nil {
		t.Fatal(err)
	}
	h.close() // hangs if it waits for the gate
}

// An interrupt is no failure of a copy.
func TestInterruptedCopy(t *testing.T) {
	s, h, tree := newGatedObjects(t)
	ctx, interrupt := context.WithCancel(t.Context())
	h = newHostObjects(ctx, s, s, newHostFiles(s, nil), treehash.New(treehash.Options{}))
	defer h.close()
	if _, err := h.AddPath(builtins.AddPathRequest{Path: tree, Name: "tree"}); err != nil {
		t.Fatal(err)
	}
	interrupt()
	h.copies.wait()
	if h.copies.failed() == nil || h.failed() != nil {
		t.Errorf("the copy says %v, the evaluation %v", h.copies.failed(), h.failed())
	}
	if err := h.commit(t.Context()); err == nil {
		t.Error("what was not copied could be committed")
	}
}
