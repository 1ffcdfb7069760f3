package localstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"isomorph/internal/nixhash"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// contentAddress is a parsed PathInfo.CA: "text:sha256:...",
// "fixed:ALGO:..." or "fixed:r:ALGO:..." (Nix manual, "Content-addressing
// store objects").
type contentAddress struct {
	text      bool
	recursive bool
	hash      nixhash.Hash
}

func parseCA(ca string) (contentAddress, error) {
	method, rest, _ := strings.Cut(ca, ":")
	c := contentAddress{text: method == "text"}
	if !c.text && method != "fixed" {
		return c, fmt.Errorf("unknown content address '%s'", ca)
	}
	if !c.text {
		rest, c.recursive = cutPrefix(rest, "r:")
	}
	algo, _, ok := strings.Cut(rest, ":")
	a, err := nixhash.ParseAlgorithm(algo)
	if !ok || err != nil {
		return c, fmt.Errorf("bad hash in content address '%s'", ca)
	}
	c.hash, err = nixhash.Parse(rest, a)
	return c, err
}

func cutPrefix(s, prefix string) (string, bool) {
	rest, ok := strings.CutPrefix(s, prefix)
	return rest, ok
}

// String is the form that the database has.
func (c contentAddress) String() string {
	switch {
	case c.text:
		return "text:" + c.hash.String()
	case c.recursive:
		return "fixed:r:" + c.hash.String()
	}
	return "fixed:" + c.hash.String()
}

// path returns the path that the content address gives.
func (c contentAddress) path(dir storepath.Dir, name string, refs []storepath.Path) (storepath.Path, error) {
	if c.text {
		return dir.MakeText(name, c.hash, refs)
	}
	return dir.MakeFixed(name, c.recursive, c.hash, refs)
}

// checkCA refuses a content address that does not lead to the path that it is
// claimed for: such a path would escape the need for signatures.
func checkCA(dir storepath.Dir, info *store.PathInfo) error {
	if info.CA == "" {
		return nil
	}
	c, err := parseCA(info.CA)
	if err != nil {
		return fmt.Errorf("path '%s': %w", info.Path, err)
	}
	if slices.Contains(info.References, info.Path) {
		return fmt.Errorf("path '%s' claims to be content-addressed and refers to itself, which is not supported", dir.Join(info.Path))
	}
	if p, err := c.path(dir, info.Path.Name(), info.References); err != nil || p != info.Path {
		return errors.Join(err, fmt.Errorf("cannot add path '%s' to the Nix store because it claims to be content-addressed but isn't", dir.Join(info.Path)))
	}
	return nil
}

// checkContents compares a tree with the content address that it came with.
func (c contentAddress) checkContents(ctx context.Context, dir *os.File, entry string, narHash nixhash.Hash) error {
	got := narHash
	if !c.recursive || c.hash.Algorithm() != nixhash.SHA256 {
		h := c.hash.Algorithm().New()
		var err error
		if c.recursive {
			_, err = hashTree(ctx, dir, entry, h)
		} else {
			err = copyFile(h, dir, entry)
		}
		if err != nil {
			return err
		}
		got = nixhash.FromState(c.hash.Algorithm(), h)
	}
	if got != c.hash {
		return fmt.Errorf("ca hash mismatch:\n  specified: %s\n  got:       %s\n%w", c.hash, got, store.ErrHashMismatch)
	}
	return nil
}

// copyFile copies the contents of a regular file.
func copyFile(w io.Writer, dir *os.File, name string) error {
	f, err := openAt(dir, name, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = fmt.Errorf("'%s' is not a regular file", f.Name())
	}
	if err != nil {
		return err
	}
	_, err = io.Copy(w, f)
	return err
}
