package pipeline

import (
	"context"
	"errors"
	"fmt"

	"isomorph/internal/flake"
	"isomorph/internal/flakeref"
	"isomorph/internal/input"
	"isomorph/internal/nixlang/eval"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// FlakeSource is the source tree that a reference leads to.
type FlakeSource struct {
	Resolved flakeref.Ref // what the registries make of the reference
	Locked   flakeref.Ref // with all that was found out, its hash among it
	Tree     storepath.Path
	Hash     string // of the tree, as SRI
}

// Registries returns the registries in the order in which they are asked.
func (e *Evaluator) Registries() (all []flake.Registry, err error) {
	err = e.Do(func(*eval.Ctx) { all = e.Flakes().Registries() })
	return all, err
}

// ResolveFlake returns what a reference stands for in the registries.
func (e *Evaluator) ResolveFlake(ref flakeref.Ref) (resolved flakeref.Ref, err error) {
	err = e.Do(func(*eval.Ctx) { resolved = e.Flakes().Resolve(ref) })
	return resolved, err
}

// FetchSource makes the tree of a reference valid. Unlike the reference of a
// lock file, the locked one has a hash only where Nix knows it without copying
// the tree: of archives and files.
func (e *Evaluator) FetchSource(ref flakeref.Ref) (s FlakeSource, err error) {
	err = e.Do(func(*eval.Ctx) {
		s.Resolved = e.Flakes().Resolve(ref)
		t := e.Flakes().FetchSource(s.Resolved, false)
		s.Tree, s.Locked = t.Path, flakeref.Ref{Attrs: t.Locked, Dir: s.Resolved.Dir}
		s.Hash = s.Locked.Str("narHash")
		if !e.knowsHash(s.Resolved) {
			delete(s.Locked.Attrs, "narHash")
		}
	})
	return s, err
}

func (e *Evaluator) knowsHash(ref flakeref.Ref) bool {
	switch ref.Type() {
	case "tarball", "file":
		return true
	case "github", "gitlab", "sourcehut":
		return !e.cfg.TrustForges || ref.Str("narHash") != ""
	}
	return ref.Str("narHash") != ""
}

// FetchInput makes the tree of an input of a lock file valid. With dry it only
// says what that is.
func (e *Evaluator) FetchInput(n *flake.Node, dry bool) (p storepath.Path, err error) {
	err = e.Do(func(*eval.Ctx) {
		if dry {
			p = e.treeOf(n.Locked)
			return
		}
		p = e.Flakes().FetchSource(flakeref.Ref{Attrs: n.Locked.Attrs}, true).Path
	})
	return p, err
}

// treeOf returns the store path of a locked source.
func (e *Evaluator) treeOf(ref flakeref.Ref) storepath.Path {
	h := input.Attrs(ref.Attrs).NarHash()
	if h.IsZero() {
		panic(eval.Errorf(eval.KindOther, 0, "cannot compute store path for unlocked input '%s'", ref))
	}
	p, err := e.objects.dir.MakeFixed(input.Attrs(ref.Attrs).Name(), true, h, nil)
	throw(err)
	return p
}

// CopySources copies source trees, which have no references, to another store.
// say is told of each that is not there yet.
func (s *Session) CopySources(ctx context.Context, to store.Store, trees []storepath.Path, say func(p storepath.Path)) error {
	for _, p := range trees {
		if _, err := to.Info(ctx, p); err == nil {
			continue
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		say(p)
		made, err := to.AddTree(ctx, store.Source{Name: p.Name(), Path: s.reader.RealPath(p)})
		if err == nil && made != p {
			err = fmt.Errorf("'%s' became '%s' in the other store: it has another directory, or the tree was changed", s.PrintPath(p), to.Dir().Join(made))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
