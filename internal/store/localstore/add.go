package localstore

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"isomorph/internal/nar"
	"isomorph/internal/nixhash"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// AddText implements [store.Store].
func (s *Store) AddText(ctx context.Context, name string, contents []byte, refs []storepath.Path) (storepath.Path, error) {
	b := s.NewBatch(ctx)
	p, err := b.AddText(ctx, name, contents, refs)
	if err != nil {
		return "", err
	}
	return p, b.Commit(ctx)
}

// AddTree implements [store.Store].
func (s *Store) AddTree(ctx context.Context, src store.Source) (storepath.Path, error) {
	b := s.NewBatch(ctx)
	p, err := b.AddTree(ctx, src)
	if err != nil {
		return "", err
	}
	return p, b.Commit(ctx)
}

// AddNAR implements [store.Store].
func (s *Store) AddNAR(ctx context.Context, info *store.PathInfo, r io.Reader) error {
	if err := s.AddTempRoot(ctx, info.Path); err != nil {
		return err
	}
	if ok, err := s.isValid(ctx, info.Path); err != nil {
		return err
	} else if ok {
		_, err := io.CopyN(io.Discard, r, int64(info.NarSize))
		return err
	}
	if err := s.addNAR(ctx, info, r); err != nil {
		return fmt.Errorf("import '%s': %w", s.Dir().Join(info.Path), err)
	}
	return nil
}

func (s *Store) addNAR(ctx context.Context, info *store.PathInfo, r io.Reader) error {
	if info.NarSize > 1<<62 {
		return fmt.Errorf("a NAR of %d bytes is not believable", info.NarSize)
	}
	sc, err := s.newScratch(ctx)
	if err != nil {
		return err
	}
	defer sc.Close()
	const entry = "x"
	h, size := nixhash.SHA256.New(), &counter{ctx: ctx}
	in := io.TeeReader(&contextReader{ctx, io.LimitReader(r, int64(info.NarSize))}, io.MultiWriter(h, size))
	files, err := restore(in, sc.dir, entry, info.NarSize, s.flushAhead)
	if err != nil {
		return err
	}
	if got := nixhash.FromState(nixhash.SHA256, h); got != info.NarHash {
		return fmt.Errorf("hash mismatch importing path '%s';\n  specified: %s\n  got:       %s\n%w", s.Dir().Join(info.Path), info.NarHash.SRI(), got.SRI(), store.ErrHashMismatch)
	}
	if size.n != info.NarSize {
		return fmt.Errorf("size mismatch importing path '%s';\n  specified: %d\n  got:       %d\n%w", s.Dir().Join(info.Path), info.NarSize, size.n, store.ErrHashMismatch)
	}
	sc.restored(entry, info.NarHash, info.NarSize, files)
	if info.CA != "" {
		ca, err := parseCA(info.CA)
		if err != nil {
			return err
		}
		if err := ca.checkContents(ctx, sc.dir, entry, info.NarHash); err != nil {
			return err
		}
	}
	return sc.Register(ctx, nil, []store.Registration{{Entry: entry, Info: *info}})
}

// contextReader ends a long read when its context does.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

// Read reads unless the context is over.
func (c *contextReader) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.r.Read(p)
}

// smallTree is up to how many bytes of NAR the first reading of a source is
// kept in memory, so that most sources are read only once.
const smallTree = 1 << 20

// keeper remembers what is written to it as long as it is little.
type keeper struct {
	buf  bytes.Buffer
	full bool
}

func (k *keeper) Write(p []byte) (int, error) {
	if k.full = k.full || k.buf.Len()+len(p) > smallTree; k.full {
		k.buf = bytes.Buffer{}
		return len(p), nil
	}
	return k.buf.Write(p)
}

// sourceTree is a [store.Source] on its way into the store.
type sourceTree struct {
	s    *Store
	ctx  context.Context
	src  store.Source
	algo nixhash.Algorithm
	kept keeper // the NAR, or the file's contents if flat
}

func (s *Store) sourceTree(ctx context.Context, src store.Source) (*sourceTree, error) {
	if err := storepath.CheckName(src.Name); err != nil {
		return nil, err
	}
	if !filepath.IsAbs(src.Path) {
		return nil, fmt.Errorf("'%s' is not an absolute path", src.Path)
	}
	t := &sourceTree{s: s, ctx: ctx, src: src, algo: src.Algo}
	if t.algo == 0 {
		t.algo = nixhash.SHA256
	}
	if !src.Known.IsZero() && src.Known.Algorithm() != t.algo {
		return nil, fmt.Errorf("the known hash is %s, not %s", src.Known.Algorithm(), t.algo)
	}
	if src.Dump != nil && (src.Flat || src.Known.IsZero()) {
		return nil, errors.New("a source that is dumped by its caller is a tree whose hash is known")
	}
	t.src.References = slices.Clone(src.References)
	slices.Sort(t.src.References)
	return t, nil
}

// dump writes what the content hash is made of.
func (t *sourceTree) dump(w io.Writer) error {
	w = io.MultiWriter(w, &counter{ctx: t.ctx})
	if t.src.Dump != nil {
		return t.src.Dump(w)
	}
	if t.src.Flat {
		dir, err := os.Open(filepath.Dir(t.src.Path))
		if err != nil {
			return err
		}
		defer dir.Close()
		return copyFile(w, dir, filepath.Base(t.src.Path))
	}
	var filter nar.Filter
	if t.src.Filter != nil {
		filter = func(rel, kind string) (bool, error) { return t.src.Filter(filepath.Join(t.src.Path, rel), kind) }
	}
	return nar.Dump(w, t.src.Path, filter)
}

// contentHash returns the known hash or reads the source to get it.
func (t *sourceTree) contentHash() (nixhash.Hash, error) {
	if !t.src.Known.IsZero() {
		t.kept.full = true
		return t.src.Known, nil
	}
	h := t.algo.New()
	if err := t.dump(io.MultiWriter(h, &t.kept)); err != nil {
		return nixhash.Hash{}, err
	}
	return nixhash.FromState(t.algo, h), nil
}

func (t *sourceTree) address(h nixhash.Hash) contentAddress {
	return contentAddress{recursive: !t.src.Flat, hash: h}
}

// copyTo writes the tree into a scratch directory and seals it there. The
// source may have changed since it was hashed; then the copy is refused.
func (t *sourceTree) copyTo(sc *scratch, entry string, want nixhash.Hash) error {
	if t.src.Flat {
		return t.copyFlat(sc, entry, want)
	}
	h, size := t.algo.New(), &counter{ctx: t.ctx}
	pipe := newChunkPipe()
	to, narHash := []io.Writer{pipe, h, size}, h
	if t.algo != nixhash.SHA256 {
		narHash = nixhash.SHA256.New()
		to = append(to, narHash)
	}
	restored := make(chan error, 1)
	files := 0
	go func() {
		var err error
		files, err = restore(pipe, sc.dir, entry, 0, t.s.flushAhead)
		pipe.stop(err)
		restored <- err
	}()
	// Reading stays in this goroutine: the filter belongs to the caller.
	out := bufio.NewWriterSize(io.MultiWriter(to...), chunkSize)
	err := t.redump(out)
	if err == nil {
		err = out.Flush()
	}
	pipe.finish(err)
	switch why := <-restored; {
	case why == nil || errors.Is(why, err): // of the writer, which the reader has passed on
	case err == nil || errors.Is(err, why): // the other way round
		err = why
	default:
		err = errors.Join(err, why)
	}
	if err != nil {
		return err
	}
	if err := t.compare(nixhash.FromState(t.algo, h), want); err != nil {
		return err
	}
	if files >= aheadFiles/8 {
		t.s.flushAhead()
	}
	sc.restored(entry, nixhash.FromState(nixhash.SHA256, narHash), size.n, files)
	return nil
}

// redump writes the NAR again, from memory if it is there.
func (t *sourceTree) redump(w io.Writer) error {
	if t.kept.full {
		return t.dump(w)
	}
	_, err := w.Write(t.kept.buf.Bytes())
	return err
}

func (t *sourceTree) copyFlat(sc *scratch, entry string, want nixhash.Hash) error {
	f, err := openAt(sc.dir, entry, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	h := t.algo.New()
	err = t.dump(io.MultiWriter(f, h))
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := t.compare(nixhash.FromState(t.algo, h), want); err != nil {
		return err
	}
	_, err = sc.seal(t.ctx, entry, nil)
	return err
}

func (t *sourceTree) compare(got, want nixhash.Hash) error {
	if got == want {
		return nil
	}
	why := "it changed while it was copied"
	if !t.src.Known.IsZero() {
		why = "its contents are not what was expected"
	}
	return fmt.Errorf("%s: %s:\n  specified: %s\n  got:       %s\n%w", t.src.Path, why, want.SRI(), got.SRI(), store.ErrHashMismatch)
}

// textNAR returns hash and size of the NAR of a regular file.
func textNAR(contents []byte) (nixhash.Hash, uint64) {
	h, n := nixhash.SHA256.New(), &counter{ctx: context.Background()}
	w := nar.NewWriter(io.MultiWriter(h, n))
	w.File(false, uint64(len(contents))).Write(contents)
	w.Close()
	return nixhash.FromState(nixhash.SHA256, h), n.n
}

// isDerivationName tells whether a text is parsed for its outputs.
func isDerivationName(name string) bool { return strings.HasSuffix(name, storepath.DerivationSuffix) }
