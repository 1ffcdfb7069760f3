package pipeline

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"sync"

	"isomorph/internal/fetchtree"
	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/nixlang/eval"
	"isomorph/internal/progress"
	"isomorph/internal/store"
	"isomorph/internal/store/localstore"
	"isomorph/internal/storepath"
	"isomorph/internal/treehash"
)

// Session is one run: an open store and what works on it.
type Session struct {
	cfg      Config
	readOnly bool
	reader   store.Reader
	local    *localstore.Store // nil in a session that writes nothing
	eval     *Evaluator
	gate     *messageGate // before the evaluator's messages; nil: none
	hasher   *treehash.Hasher
	giveBack func() // ends the evaluator's way with memory

	stats      Stats // of the evaluator that was released
	remembered bool  // the evaluation cache has given an answer

	inputs *fetchtree.Fetcher
	late   lateStore

	waited bool // somebody has been told that another process downloads

	displayOnce sync.Once
	display     progress.Display
}

// Open opens the store that cfg names, and creates it if it is not there. A
// session opened with readOnly looks into an existing store and never makes
// one.
func Open(ctx context.Context, cfg Config, readOnly bool) (*Session, error) {
	s := &Session{cfg: cfg, readOnly: readOnly || cfg.NoStore || cfg.Store.ReadOnly}
	opts := cfg.Store
	opts.ReadOnly = s.readOnly
	if cfg.NoStore || readOnly && !exists(opts) {
		s.reader = emptyStore{dir: storeDir(opts), late: &s.late}
		return s, nil
	}
	st, err := localstore.Open(ctx, opts)
	if err != nil {
		return nil, err
	}
	s.reader = st
	s.local = st
	return s, nil
}

func storeDir(o localstore.Options) storepath.Dir {
	if o.StoreDir != "" {
		return o.StoreDir
	}
	return storepath.DefaultDir
}

func exists(o localstore.Options) bool {
	dir := o.StateDir
	if dir == "" {
		dir = o.Root + "/nix/var/nix"
	}
	_, err := os.Stat(dir + "/db/db.sqlite")
	if err == nil && o.RealStoreDir != "" {
		_, err = os.Stat(o.RealStoreDir)
	}
	return !errors.Is(err, fs.ErrNotExist)
}

// writable returns the store for writing, nil in a session that writes
// nothing.
func (s *Session) writable() store.Store {
	if s.local == nil || s.readOnly {
		return nil
	}
	return s.local
}

// Close releases the store.
func (s *Session) Close() error {
	s.CloseDisplay()
	s.showStats()
	if s.eval != nil {
		s.eval.close()
	}
	err := s.late.close()
	if s.local == nil {
		return err
	}
	return errors.Join(err, s.local.Close())
}

// PrintPath returns a store path in full.
func (s *Session) PrintPath(p storepath.Path) string { return s.reader.Dir().Join(p) }

// RealPath returns where the bytes of a store path are.
func (s *Session) RealPath(p storepath.Path) string { return s.reader.RealPath(p) }

// AddRoot makes a link to a store path that keeps it from being collected.
func (s *Session) AddRoot(ctx context.Context, link string, p storepath.Path) error {
	w := s.writable()
	if w == nil {
		return store.ErrReadOnly
	}
	return w.AddIndirectRoot(ctx, link, p)
}

// Evaluator returns the session's evaluator.
func (s *Session) Evaluator(ctx context.Context) *Evaluator {
	return s.evaluator(ctx, func(h builtins.Host) builtins.Host { return h })
}

// evaluator makes the session's evaluator unless it is there already.
func (s *Session) evaluator(ctx context.Context, before func(builtins.Host) builtins.Host) *Evaluator {
	if s.eval != nil && s.eval.cores == 0 && s.eval.State.Aided() {
		s.Release() // it can no more be repeated
	}
	if s.eval == nil {
		s.giveBack = eval.MemoryPolicy{Total: s.memory()}.Start()
		cfg := s.cfg.Eval
		if g := s.gate; g != nil {
			g.over("trace", &cfg.Trace)
			g.over("warning", &cfg.Warn)
			g.over("evaluation warning", &cfg.EvalWarn)
		}
		s.eval = newEvaluator(ctx, cfg, s.cfg.Now().Unix(), s.reader, s.writable(), s.Hasher(), before)
		s.eval.objects.realise = func(ctx context.Context, outputs []builtins.DerivationOutput) error {
			return s.realiseForEval(ctx, outputs)
		}
		s.eval.objects.download = s.fetchForEval
		s.eval.inputs.fetch = s.Inputs().Fetch
		s.eval.channelSource = s.channelSource
		s.eval.rebuild = func(b *BuildConfig) {
			b.Channel = s.cfg.Build.Channel
			s.cfg.Build = *b
		}
	}
	return s.eval
}

// Hasher returns what hashes trees for this session.
func (s *Session) Hasher() *treehash.Hasher {
	if s.hasher == nil {
		s.hasher = treehash.New(treehash.Options{Dir: s.cfg.Eval.TreeCache, UID: s.cfg.Store.UID, Now: s.cfg.Now, Rand: s.cfg.Random, Readers: 2})
	}
	return s.hasher
}

// memory is what the collector may let the evaluator use, in bytes.
func (s *Session) memory() int64 {
	total, most := s.cfg.Eval.Memory, s.cfg.Eval.MaxMemory
	if total == 0 || most > 0 && most < total {
		return most
	}
	return total
}

// Release forgets the evaluator, so that its memory can be used for building.
func (s *Session) Release() {
	if s.eval != nil {
		s.stats = s.eval.stats()
		s.eval.close()
	}
	s.eval = nil
	if s.giveBack != nil {
		s.giveBack()
		s.giveBack = nil
	}
}
