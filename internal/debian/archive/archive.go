// Package archive obtains index files from a Debian archive: from the cache or
// from several mirrors in turn, each file checked before it is handed on.
//
// A mirror is not trusted. InRelease files are judged by their signature
// (package release), all other files by the size and SHA-256 that a checked
// InRelease file or a lock gives for them. So a mirror that lags, lies or is
// down costs the time of trying the next one and nothing else.
package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"

	"isomorph/internal/debian/index"
	"isomorph/internal/debian/release"
)

// Fetcher gets a file from the network.
type Fetcher interface {
	// Fetch returns the body found at url. A body of more than limit bytes
	// is an error, as is any status but success.
	Fetch(ctx context.Context, url string, limit int64) ([]byte, error)
}

// Client reads the files of Debian archives.
type Client struct {
	Fetcher Fetcher // nil: use the cache only
	// Mirrors gives, for a repository's name ("debian", "debian-security"),
	// the base URLs to try in turn.
	Mirrors map[string][]string
	// CacheDir keeps index files under their hash; "" keeps nothing.
	CacheDir string
	// Log receives a line for each file fetched or mirror given up.
	Log func(format string, args ...any)
}

// ErrOffline says that a file is not in the cache and no network was allowed.
var ErrOffline = errors.New("not in the cache, and the network is not to be used")

// Release fetches the InRelease file of a suite and returns the first one that
// meets the policy, with its bytes. If several mirrors answer with files that
// are refused, the error tells each reason.
func (c *Client) Release(ctx context.Context, repository string, p release.Policy) (*release.Release, []byte, error) {
	var rel *release.Release
	name := "dists/" + p.Suite + "/InRelease"
	b, err := c.try(ctx, repository, []string{name}, release.MaxSize, func(b []byte) (err error) {
		rel, err = release.Verify(b, p)
		return err
	})
	if err == nil {
		err = c.store(rel.SHA256, b)
	}
	return rel, b, err
}

// PinnedRelease returns the InRelease file that has the given SHA-256.
func (c *Client) PinnedRelease(ctx context.Context, repository, suite, sum string) (*release.Release, error) {
	b, err := c.byHash(ctx, repository, []string{"dists/" + suite + "/InRelease"}, release.File{SHA256: sum, Size: release.MaxSize}, false)
	if err != nil {
		return nil, err
	}
	return release.Pinned(b, sum)
}

// Index returns an index file of a suite. It is asked for by its hash and then
// by its name: the first exists as long as any Release file lists it, the
// second on every mirror.
func (c *Client) Index(ctx context.Context, repository, suite string, f release.File) ([]byte, error) {
	dir := "dists/" + suite + "/" + path.Dir(f.Path)
	names := []string{dir + "/by-hash/SHA256/" + f.SHA256, dir + "/" + path.Base(f.Path)}
	return c.byHash(ctx, repository, names, f, f.Size > 0)
}

// byHash gets a file from the cache or the network and checks it. Size is exact
// or only a limit.
func (c *Client) byHash(ctx context.Context, repository string, names []string, f release.File, exact bool) ([]byte, error) {
	if b := c.cached(f.SHA256); b != nil {
		return b, nil
	}
	limit := f.Size
	if !exact && limit == 0 {
		limit = index.MaxSize
	}
	b, err := c.try(ctx, repository, names, limit, func(b []byte) error {
		if exact && int64(len(b)) != f.Size {
			return fmt.Errorf("has %d bytes instead of %d", len(b), f.Size)
		}
		if got := hexSum(b); got != f.SHA256 {
			return fmt.Errorf("has the SHA-256 %s instead of %s", got, f.SHA256)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return b, c.store(f.SHA256, b)
}

// try asks each mirror for each name until one answer passes the check.
func (c *Client) try(ctx context.Context, repository string, names []string, limit int64, check func([]byte) error) ([]byte, error) {
	last := names[len(names)-1]
	if c.Fetcher == nil {
		return nil, fmt.Errorf("%s of %s: %w", last, repository, ErrOffline)
	}
	var errs []error
	for _, base := range c.Mirrors[repository] {
		for _, name := range names {
			address := strings.TrimSuffix(base, "/") + "/" + name
			b, err := c.Fetcher.Fetch(ctx, address, limit)
			if err == nil {
				err = check(b)
			}
			if err == nil {
				c.logf("fetched %s (%d bytes)", redact(address), len(b))
				return b, nil
			}
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			errs = append(errs, fmt.Errorf("%s: %w", redact(address), err))
		}
	}
	if errs == nil {
		return nil, fmt.Errorf("%s: no mirror is known for the repository %q", last, repository)
	}
	return nil, fmt.Errorf("%s of %s cannot be had:\n  %w", last, repository, joined(errs))
}

// redact removes the user name and password of a mirror from its URL.
func redact(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "(a mirror whose URL cannot be read)"
	}
	u.User = nil
	return u.String()
}

func (c *Client) logf(format string, args ...any) {
	if c.Log != nil {
		c.Log(format, args...)
	}
}

// cached returns the file of that hash, nil if it is not there or damaged.
func (c *Client) cached(sum string) []byte {
	if c.CacheDir == "" {
		return nil
	}
	b, err := os.ReadFile(filepath.Join(c.CacheDir, sum))
	if err != nil || hexSum(b) != sum {
		return nil
	}
	return b
}

// store keeps a file for later.
func (c *Client) store(sum string, b []byte) error {
	if c.CacheDir == "" {
		return nil
	}
	if err := os.MkdirAll(c.CacheDir, 0o755); err != nil {
		return err
	}
	return renameio.WriteFile(filepath.Join(c.CacheDir, sum), b, 0o644, renameio.WithTempDir(c.CacheDir))
}

// joined prints the errors one below the other and keeps them for errors.Is.
func joined(errs []error) error { return joinedErrors(errs) }

type joinedErrors []error

func (e joinedErrors) Error() string {
	var lines []string
	for _, err := range e {
		lines = append(lines, err.Error())
	}
	return strings.Join(lines, "\n  ")
}

func (e joinedErrors) Unwrap() []error { return e }

func hexSum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}
