// Package fetchtree fetches the inputs of recipes: trees and files that an
// attribute set describes ([Attrs]), as builtins.fetchTree takes it and
// flake.lock holds it.
//
// A [Fetcher] turns such a set into a valid store object and the set that
// describes exactly that object: with the revision, the time and the hash of the
// tree filled in. What is known already is not fetched again: an input of a lock
// file whose store path is valid costs one look into the store, a revision that
// has been seen before the same, and what may have changed (a branch, a URL
// without a hash) is asked for again only when tarball-ttl has passed.
//
// The schemes are those of Nix 2.34: path, git, tarball, file, github, gitlab,
// sourcehut; "indirect" has to be looked up in a registry before, and "hg" is
// refused. References as URLs, and lock files, are not of this package.
//
// Nothing that is fetched is run, and credentials go only to the host that they
// are for; see package gitrepo, and [Options].
package fetchtree

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"isomorph/internal/fetch"
	"isomorph/internal/gitrepo"
	"isomorph/internal/input"
	"isomorph/internal/store"
)

// Options configure a [Fetcher].
type Options struct {
	// Store returns the store to put trees into. It is asked for when the
	// first tree is.
	Store func(context.Context) (store.Store, error)

	CacheDir string // for what is known of URLs, and for git repositories
	Fetch    fetch.Options
	Git      gitrepo.Options // TempDir is filled in
	Now      func() time.Time
	Random   io.Reader // for names of temporary files
	Warn     func(msg string)

	// TTL is how long an answer about something that may change is good
	// (tarball-ttl); Refresh makes it zero.
	TTL     time.Duration
	Refresh bool

	Features    input.Features
	TrustForges bool // trust-tarballs-from-git-forges
	AllowDirty  bool // allow-dirty
	WarnDirty   bool // warn-dirty

	// AccessTokens has the tokens for "host", "host/owner" or
	// "host/owner/repo" (access-tokens).
	AccessTokens map[string]string
}

// Fetcher fetches inputs. It may be used from many goroutines.
type Fetcher struct {
	o     Options
	git   *gitrepo.Git
	http  *fetch.Client
	cache cache
	busy  keyLock
}

// New returns a Fetcher.
func New(o Options) *Fetcher {
	o.Git.TempDir = o.CacheDir + "/tmp"
	return &Fetcher{o: o, git: gitrepo.New(o.Git), http: fetch.New(o.Fetch), cache: cache{dir: o.CacheDir + "/inputs", rand: o.Random}, busy: keyLock{held: map[string]chan struct{}{}}}
}

// Attrs describes an input, and Result is a fetched one.
type (
	Attrs  = input.Attrs
	Result = input.Fetched
)

// Features returns the experimental features that are on.
func (f *Fetcher) Features() input.Features { return f.o.Features }

// IsLocked tells whether an input will always be the same tree.
func (f *Fetcher) IsLocked(a Attrs) bool { return input.IsLocked(a, f.o.TrustForges) }

// Fetch fetches an input, whose attributes have been through [input.Normalise]. The
// error is an *input.FetchError, or a *input.MismatchError if the tree has another hash than
// the input's narHash.
func (f *Fetcher) Fetch(ctx context.Context, in Attrs) (*Result, error) {
	if err := input.CheckHashes(in); err != nil {
		return nil, err
	}
	unlock, err := f.busy.lock(ctx, in.JSON())
	if err != nil {
		return nil, err
	}
	defer unlock()
	if r, err := f.fromStore(ctx, in); r != nil || err != nil {
		return r, err
	}
	r, err := f.fetch(ctx, in)
	if err == nil {
		err = checkLocks(in, r)
	}
	if err != nil && ctx.Err() == nil {
		return nil, &input.FetchError{Input: input.Describe(in), Err: err}
	}
	if err != nil {
		return nil, err
	}
	want := in.NarHash()
	if want.IsZero() || want == r.NarHash() {
		return r, nil
	}
	err = &input.MismatchError{Input: input.Describe(in), Want: want, Got: r.NarHash()}
	if typ := in.Type(); typ == "tarball" || typ == "file" { // Nix knows these hashes earlier
		err = &input.FetchError{Input: input.Describe(in), Err: err}
	}
	return nil, err
}

// fromStore answers for an input of a lock file whose tree is in the store.
func (f *Fetcher) fromStore(ctx context.Context, in Attrs) (*Result, error) {
	h := in.NarHash()
	if !input.IsFinal(in) || h.IsZero() {
		return nil, nil
	}
	p, ok, err := f.validTree(ctx, in.Name(), h)
	if err != nil || !ok {
		return nil, err
	}
	return &Result{Path: p, Locked: in}, nil
}

func (f *Fetcher) fetch(ctx context.Context, in Attrs) (*Result, error) {
	switch in.Type() {
	case "path":
		return f.path(ctx, in)
	case "git":
		return f.gitInput(ctx, in)
	case "tarball":
		return f.tarball(ctx, in)
	case "file":
		return f.fileInput(ctx, in)
	case "github", "gitlab", "sourcehut":
		return f.forge(ctx, in)
	case "indirect":
		return nil, fmt.Errorf("'%s' is an indirect flake reference, but registry lookups are not allowed", input.Describe(in))
	case "hg":
		return nil, errors.New("Mercurial repositories cannot be fetched by isomorph; use git, or a tarball with a hash")
	}
	return nil, fmt.Errorf("cannot fetch unsupported input '%s'", in.JSON())
}

// checkLocks compares what was fetched with what the input promised.
func checkLocks(in Attrs, r *Result) error {
	if input.IsFinal(in) {
		for name, v := range in {
			if got, ok := r.Locked[name]; ok && got != v && name != "narHash" {
				return fmt.Errorf("mismatch in field '%s' of input '%s', got '%s'", name, in.JSON(), r.Locked.JSON())
			}
		}
		hash := r.Locked["narHash"]
		r.Locked = in.Clone()
		r.Locked["narHash"] = hash
		return nil
	}
	if want, ok := in.Int("lastModified"); ok {
		if got, _ := r.LastModified(); got != want {
			return fmt.Errorf("'lastModified' attribute mismatch in input '%s', expected %d, got %d", input.Describe(r.Locked), want, got)
		}
	}
	if want := in.Rev(); want != "" && r.Rev() != want {
		return fmt.Errorf("'rev' attribute mismatch in input '%s', expected %s", input.Describe(r.Locked), want)
	}
	if want, ok := in.Int("revCount"); ok {
		if got, _ := r.RevCount(); got != want {
			return fmt.Errorf("'revCount' attribute mismatch in input '%s', expected %d", input.Describe(r.Locked), want)
		}
	}
	return nil
}
