package gitrepo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"isomorph/internal/lazyre"
)

// ErrNoCommit says that a revision is not in the repository.
var ErrNoCommit = errors.New("object not found")

// hexRev is a whole revision, in SHA-1 or SHA-256.
var hexRev = lazyre.New(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// Head returns the commit that HEAD names, "" if there is none yet.
func (r *Repo) Head(ctx context.Context) (string, error) {
	out, err := r.git(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", "HEAD^{commit}")
	if _, failed := errors.AsType[*CommandError](err); failed {
		return "", nil
	}
	return strings.TrimSpace(string(out)), err
}

// HeadRef returns the reference that HEAD stands for ("refs/heads/master"),
// whether or not it exists, or the commit if HEAD is detached.
func (r *Repo) HeadRef() (string, error) {
	b, err := readSmall(filepath.Join(r.dir, "HEAD"))
	if err != nil {
		return "", err
	}
	s := strings.TrimSpace(string(b))
	if ref, ok := strings.CutPrefix(s, "ref:"); ok {
		return strings.TrimSpace(ref), nil
	}
	return s, nil
}

// Resolve returns the commit that a reference leads to. The caller has checked
// the name.
func (r *Repo) Resolve(ctx context.Context, ref string) (string, error) {
	out, err := r.git(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", ref+"^{commit}")
	if _, failed := errors.AsType[*CommandError](err); failed {
		return "", fmt.Errorf("resolving Git reference '%s': revspec '%[1]s' not found (libgit2 error code = 4)", ref)
	}
	return strings.TrimSpace(string(out)), err
}

// HasCommit tells whether a revision is in the repository.
func (r *Repo) HasCommit(ctx context.Context, rev string) (bool, error) {
	if !hexRev.MatchString(rev) {
		return false, fmt.Errorf("'%s' is not a git revision", rev)
	}
	_, err := r.git(ctx, "cat-file", "-e", rev+"^{commit}")
	if _, failed := errors.AsType[*CommandError](err); failed {
		return false, nil
	}
	return err == nil, err
}

// MustHave fails, in the words of Nix, if a revision is not in the repository.
func (r *Repo) MustHave(ctx context.Context, rev string) error {
	if strings.Trim(rev, "0") == "" {
		return fmt.Errorf("getting Git object '%s': odb: cannot read object: null OID cannot exist (libgit2 error code = 9)", rev)
	}
	ok, err := r.HasCommit(ctx, rev)
	if err == nil && !ok {
		err = fmt.Errorf("getting Git object '%s': %w - no match for id (%[1]s) (libgit2 error code = 9)", rev, ErrNoCommit)
	}
	return err
}

// LastModified returns when a commit was made, in seconds since 1970.
func (r *Repo) LastModified(ctx context.Context, rev string) (uint64, error) {
	out, err := r.git(ctx, "cat-file", "commit", rev)
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(out) {
		rest, ok := bytes.CutPrefix(line, []byte("committer "))
		if !ok {
			continue
		}
		fields := bytes.Fields(rest[bytes.LastIndexByte(rest, '>')+1:])
		if len(fields) == 0 {
			break
		}
		return strconv.ParseUint(string(fields[0]), 10, 64)
	}
	return 0, fmt.Errorf("the commit '%s' does not say when it was made", rev)
}

// RevCount returns how many commits lead to rev, itself included.
func (r *Repo) RevCount(ctx context.Context, rev string) (uint64, error) {
	out, err := r.git(ctx, "rev-list", "--count", "--end-of-options", rev)
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(strings.TrimSpace(string(out)), 10, 64)
}

// IsShallow tells whether the history is cut off.
func (r *Repo) IsShallow() bool {
	info, err := os.Stat(filepath.Join(r.dir, "shallow"))
	return err == nil && info.Size() > 0
}
