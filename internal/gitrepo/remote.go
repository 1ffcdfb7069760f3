package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"isomorph/internal/flakeref"
)

// OpenCache opens a bare repository of our own, in which what is fetched is
// kept, and makes it if it is not there. Its configuration is written anew each
// time.
func (g *Git) OpenCache(ctx context.Context, dir string) (*Repo, error) {
	if _, err := os.Stat(filepath.Join(dir, "HEAD")); errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
			return nil, err
		}
		if _, err := g.run(ctx, "", nil, "init", "--quiet", "--bare", "--template=", "--", dir); err != nil {
			return nil, err
		}
	}
	return &Repo{g: g, dir: dir}, nil
}

// FetchError says that a repository could not be fetched.
type FetchError struct {
	URL string // without a password
	Err error
}

// Error has Nix's words, and those of git. That there is no repository needs no
// more.
func (e *FetchError) Error() string {
	if errors.Is(e.Err, fs.ErrNotExist) || errors.Is(e.Err, syscall.ENOTDIR) {
		return fmt.Sprintf("Failed to fetch git repository '%s'", e.URL)
	}
	return fmt.Sprintf("Failed to fetch git repository '%s': %v", e.URL, e.Err)
}

// Unwrap returns git's failure.
func (e *FetchError) Unwrap() error { return e.Err }

// transports are the schemes of URLs that git may be given.
var transports = map[string]bool{"http": true, "https": true, "ssh": true, "git": true, "file": true}

// remoteArg returns what git is given as a remote. The repository of a file URL
// is shown through a view, so that the other end of the fetch does not read a
// stranger's configuration either. done removes it.
func (g *Git) remoteArg(ctx context.Context, u *flakeref.URL) (arg string, done func(), err error) {
	scheme := strings.ToLower(u.Scheme)
	if !transports[scheme] {
		return "", nil, fmt.Errorf("the transport '%s' is not one of http, https, ssh, git and file", u.Scheme)
	}
	if u.Authority != nil && strings.HasPrefix(u.Authority.Host, "-") {
		return "", nil, fmt.Errorf("the host name '%s' begins with a dash", u.Authority.Host)
	}
	if scheme != "file" {
		return u.String(), func() {}, nil
	}
	path, err := u.FilePath()
	if err != nil {
		return "", nil, err
	}
	r, err := g.Open(ctx, path)
	if err != nil {
		return "", nil, err
	}
	return "file://" + r.dir, func() { r.Close() }, nil
}

// Fetch updates the repository from a remote. shallow leaves the history out.
func (r *Repo) Fetch(ctx context.Context, u *flakeref.URL, refspec string, shallow bool) error {
	arg, done, err := r.g.remoteArg(ctx, u)
	if err != nil {
		return &FetchError{u.Redacted(), err}
	}
	defer done()
	args := []string{"fetch", "--quiet", "--force", "--no-write-fetch-head", "--no-recurse-submodules"}
	if shallow {
		args = append(args, "--depth", "1")
	}
	if _, err := r.git(ctx, append(args, "--", arg, refspec)...); err != nil {
		return &FetchError{u.Redacted(), err}
	}
	return nil
}

// RemoteHead returns the reference that a remote's HEAD stands for, or the
// commit, "" if it does not say.
func (g *Git) RemoteHead(ctx context.Context, u *flakeref.URL) (string, error) {
	arg, done, err := g.remoteArg(ctx, u)
	if err != nil {
		return "", &FetchError{u.Redacted(), err}
	}
	defer done()
	out, err := g.run(ctx, "", nil, "ls-remote", "--symref", "--", arg, "HEAD")
	if err != nil {
		return "", &FetchError{u.Redacted(), err}
	}
	for line := range strings.Lines(string(out)) {
		target, name, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if ok && name == "HEAD" {
			return strings.TrimSpace(strings.TrimPrefix(target, "ref:")), nil
		}
	}
	return "", nil
}

// SetHead makes HEAD of a repository of our own stand for a reference.
func (r *Repo) SetHead(ctx context.Context, ref string) error {
	_, err := r.git(ctx, "symbolic-ref", "--", "HEAD", ref)
	return err
}

// Dir returns the repository's own directory.
func (r *Repo) Dir() string { return r.dir }
