package pipeline

import (
	"context"
	"fmt"
	"sync"

	"isomorph/internal/fetchtree"
	"isomorph/internal/input"
	"isomorph/internal/store"
	"isomorph/internal/store/localstore"
	"isomorph/internal/storepath"
)

// hostInputs fetches trees for the evaluator.
type hostInputs struct {
	ctx   context.Context
	fetch func(context.Context, input.Attrs) (*input.Fetched, error)

	// lookUp finds what an indirect input stands for.
	lookUp func(context.Context, input.Attrs) (input.Attrs, error)
}

// FetchTree fetches an input.
func (h *hostInputs) FetchTree(in input.Attrs) (*input.Fetched, error) {
	if h.fetch == nil {
		return nil, fmt.Errorf("cannot fetch '%s': this evaluation fetches nothing", input.Describe(in))
	}
	return h.fetch(h.ctx, in)
}

// LookUpInput looks an input up in the registries.
func (h *hostInputs) LookUpInput(in input.Attrs) (input.Attrs, error) {
	if h.lookUp == nil {
		return nil, fmt.Errorf("cannot find flake '%s' in the flake registries: this evaluation has none", input.Describe(in))
	}
	return h.lookUp(h.ctx, in)
}

// Inputs returns what fetches trees in this session.
func (s *Session) Inputs() *fetchtree.Fetcher {
	if s.inputs == nil {
		s.inputs = fetchtree.New(s.inputOptions())
	}
	return s.inputs
}

func (s *Session) inputOptions() fetchtree.Options {
	o := s.cfg.Inputs
	o.Store, o.Fetch, o.Now, o.Random = s.fetchStore, s.cfg.Fetch, s.cfg.Now, s.cfg.Random
	return o
}

// channelSource puts the embedded channel into the store, as the source that
// the flake nixpkgs is.
func (s *Session) channelSource(ctx context.Context) (storepath.Path, error) {
	st, err := s.fetchStore(ctx)
	if err != nil {
		return "", err
	}
	tree := s.cfg.Build.Channel
	tree.touch(tree.Dir())
	if err := tree.Err(); err != nil {
		return "", err
	}
	return st.AddTree(ctx, store.Source{Name: "source", Path: tree.Dir()})
}

// fetchStore returns the store that what is fetched goes to. As in Nix, that is
// written to even by an evaluation that writes nothing else: what was fetched
// must be somewhere to be read.
func (s *Session) fetchStore(ctx context.Context) (store.Store, error) {
	if w := s.writable(); w != nil {
		return w, nil
	}
	if s.cfg.NoStore || s.cfg.Store.ReadOnly {
		return nil, fmt.Errorf("nothing can be fetched: %w", store.ErrReadOnly)
	}
	return s.late.open(ctx, s.cfg.Store)
}

// lateStore is a store that a session which writes nothing opens when something
// has to be fetched.
type lateStore struct {
	mu sync.Mutex
	st *localstore.Store
}

func (l *lateStore) open(ctx context.Context, o localstore.Options) (store.Store, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.st != nil {
		return l.st, nil
	}
	st, err := localstore.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	l.st = st
	return st, nil
}

// get returns the store if it has been opened.
func (l *lateStore) get() *localstore.Store {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.st
}

func (l *lateStore) close() error {
	if st := l.get(); st != nil {
		return st.Close()
	}
	return nil
}
