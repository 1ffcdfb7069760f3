package storecmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"isomorph/internal/nixhash"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// The text of nix-store --dump-db, and of exportReferencesGraph: for each path
// one line each of path, hash (base 16), size, deriver (may be empty), number
// of references, and the references.

// dumpDB prints what the database knows, about all paths if none are named.
func (s *session) dumpDB(ctx context.Context, operands []string) error {
	paths, err := s.valid(ctx, operands)
	if err == nil && len(operands) == 0 {
		paths, err = s.s.AllPaths(ctx)
	}
	if err != nil {
		return err
	}
	out := bufio.NewWriter(s.env.Stdout)
	for _, p := range paths {
		info, err := s.info(ctx, p)
		if err != nil {
			return err
		}
		writeRegistration(out, s.s.Dir(), info)
	}
	return out.Flush()
}

func writeRegistration(w io.Writer, dir storepath.Dir, i *store.PathInfo) {
	deriver := ""
	if i.Deriver != "" {
		deriver = dir.Join(i.Deriver)
	}
	fmt.Fprintf(w, "%s\n%s\n%d\n%s\n%d\n", dir.Join(i.Path), i.NarHash.Base16(), i.NarSize, deriver, len(i.References))
	for _, r := range i.References {
		fmt.Fprintln(w, dir.Join(r))
	}
}

// registration reads such a text.
type registration struct {
	lines    *bufio.Scanner
	dir      storepath.Dir
	withHash bool
}

// newRegistration reads from r; withHash is false for the older form that
// has no lines for hash and size.
func newRegistration(r io.Reader, dir storepath.Dir, withHash bool) *registration {
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 0, 4096), 64<<10)
	return &registration{sc, dir, withHash}
}

// next reads the entry of one path; nil after the last.
func (r *registration) next() (*store.PathInfo, error) {
	if !r.lines.Scan() {
		return nil, r.lines.Err()
	}
	if r.lines.Text() == "" {
		return nil, nil
	}
	info := &store.PathInfo{}
	var err error
	if info.Path, err = r.dir.Parse(r.lines.Text()); err != nil {
		return nil, err
	}
	if err := r.fields(info); err != nil {
		return nil, fmt.Errorf("registration of '%s': %w", info.Path, err)
	}
	return info, nil
}

func (r *registration) line() (string, error) {
	if !r.lines.Scan() {
		return "", errors.Join(r.lines.Err(), io.ErrUnexpectedEOF)
	}
	return r.lines.Text(), nil
}

func (r *registration) fields(info *store.PathInfo) error {
	if r.withHash {
		if err := r.hash(info); err != nil {
			return err
		}
	}
	deriver, err := r.line()
	if err == nil && deriver != "" {
		info.Deriver, err = r.dir.Parse(deriver)
	}
	if err != nil {
		return err
	}
	count, err := r.line()
	if err != nil {
		return err
	}
	n, err := strconv.ParseUint(count, 10, 32)
	if err != nil || n > maxExportRefs {
		return fmt.Errorf("'%s' is no number of references", count)
	}
	for range n {
		line, err := r.line()
		if err != nil {
			return err
		}
		p, err := r.dir.Parse(line)
		if err != nil {
			return err
		}
		info.References = append(info.References, p)
	}
	return nil
}

func (r *registration) hash(info *store.PathInfo) error {
	text, err := r.line()
	if err != nil {
		return err
	}
	if info.NarHash, err = nixhash.Parse(strings.TrimPrefix(text, "sha256:"), nixhash.SHA256); err != nil {
		return err
	}
	size, err := r.line()
	if err != nil {
		return err
	}
	info.NarSize, err = strconv.ParseUint(size, 10, 63)
	return err
}

// loadDB registers paths that lie in the store directory already.
func (s *session) loadDB(ctx context.Context, withHash bool) error {
	r := newRegistration(s.env.Stdin, s.s.Dir(), withHash)
	var infos []*store.PathInfo
	for {
		info, err := r.next()
		if err != nil {
			return err
		}
		if info == nil {
			return s.s.Adopt(ctx, infos)
		}
		infos = append(infos, info)
	}
}
