package localstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"

	"isomorph/internal/derivation"
	"isomorph/internal/nixhash"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// A batch that holds more than this commits by itself.
const (
	batchPaths = 4096
	batchBytes = 32 << 20
)

// batch implements [store.Batch]. Texts stay in memory until the commit; trees
// are copied into the batch's scratch directory at once.
type batch struct {
	s *Store

	commits sync.Mutex // one commit at a time: a later one may refer to an earlier

	mu      sync.Mutex
	texts   map[storepath.Path]*text // pending, and those being committed
	pending []*text
	bytes   int
	trees   []*candidate
	treeSet map[storepath.Path]bool
	scratch *scratch // of trees
}

// text is a text of a batch. Whether it is valid already is not asked before
// the commit, once for all: most texts of most evaluations are.
type text struct {
	info     *store.PathInfo // hash and size of the NAR are set by missing
	contents []byte
	drv      *derivation.Derivation // if it is one
}

// NewBatch implements [store.Store].
func (s *Store) NewBatch(context.Context) store.Batch {
	return &batch{s: s, texts: map[storepath.Path]*text{}, treeSet: map[storepath.Path]bool{}}
}

// Contents implements [store.Batch].
func (b *batch) Contents(p storepath.Path) ([]byte, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if t := b.texts[p]; t != nil {
		return t.contents, true
	}
	return nil, false
}

// AddText implements [store.Batch].
func (b *batch) AddText(ctx context.Context, name string, contents []byte, refs []storepath.Path) (storepath.Path, error) {
	t, err := b.newText(name, slices.Clone(contents), refs)
	if err != nil {
		return "", err
	}
	if isDerivationName(name) {
		if t.drv, err = parseDerivation(b.s.Dir(), t.info.Path, contents); err != nil {
			return "", err
		}
	}
	return t.info.Path, b.push(ctx, t)
}

// AddDerivation implements [store.Batch].
func (b *batch) AddDerivation(ctx context.Context, d *derivation.Derivation, f derivation.File) (storepath.Path, error) {
	t, err := b.newText(d.Name+storepath.DerivationSuffix, slices.Clone(f.Text), f.References)
	if err != nil {
		return "", err
	}
	t.drv = d
	return t.info.Path, b.push(ctx, t)
}

func (b *batch) newText(name string, contents []byte, refs []storepath.Path) (*text, error) {
	refs = slices.Clone(refs)
	slices.Sort(refs)
	refs = slices.Compact(refs)
	ca := contentAddress{text: true, hash: nixhash.Sum(nixhash.SHA256, contents)}
	p, err := ca.path(b.s.Dir(), name, refs)
	if err != nil {
		return nil, err
	}
	return &text{contents: contents, info: &store.PathInfo{Path: p, References: refs, CA: ca.String()}}, nil
}

// push adds a text, and commits when there are many. A store that can only be
// read is asked at once, because nothing would be committed to it.
func (b *batch) push(ctx context.Context, t *text) error {
	if b.s.readOnly {
		if known, err := b.known(ctx, t.info.Path); known || err != nil {
			return err
		}
		return b.s.writable("add " + t.info.Path.Name())
	}
	b.mu.Lock()
	if b.texts[t.info.Path] != nil {
		b.mu.Unlock()
		return nil
	}
	b.texts[t.info.Path] = t
	b.pending = append(b.pending, t)
	b.bytes += len(t.contents)
	full := len(b.pending) >= batchPaths || b.bytes >= batchBytes
	b.mu.Unlock()
	if full {
		return b.Commit(ctx)
	}
	return nil
}

// known tells whether p needs no adding. Its temporary root comes first.
func (b *batch) known(ctx context.Context, p storepath.Path) (bool, error) {
	b.mu.Lock()
	have := b.texts[p] != nil || b.treeSet[p]
	b.mu.Unlock()
	if have {
		return true, nil
	}
	if err := b.s.AddTempRoot(ctx, p); err != nil {
		return false, err
	}
	return b.s.isValid(ctx, p)
}

// missing returns the texts that are not valid yet, ready to be registered.
// The temporary roots of all come first: what is valid must stay so.
func (b *batch) missing(ctx context.Context, texts []*text) ([]*text, error) {
	paths := make([]storepath.Path, len(texts))
	for i, t := range texts {
		paths[i] = t.info.Path
	}
	if err := b.s.AddTempRoot(ctx, paths...); err != nil {
		return nil, err
	}
	valid, err := b.s.ValidPaths(ctx, paths)
	if err != nil {
		return nil, err
	}
	var left []*text
	for _, t := range texts {
		if valid[t.info.Path] {
			continue
		}
		t.info.NarHash, t.info.NarSize = textNAR(t.contents)
		left = append(left, t)
	}
	return left, nil
}

// AddTree implements [store.Batch].
func (b *batch) AddTree(ctx context.Context, src store.Source) (storepath.Path, error) {
	p, err := b.addTree(ctx, src)
	if err != nil {
		return "", fmt.Errorf("add '%s' to the store: %w", src.Path, err)
	}
	return p, nil
}

func (b *batch) addTree(ctx context.Context, src store.Source) (storepath.Path, error) {
	t, err := b.s.sourceTree(ctx, src)
	if err != nil {
		return "", err
	}
	h, err := t.contentHash()
	if err != nil {
		return "", err
	}
	ca := t.address(h)
	p, err := ca.path(b.s.Dir(), src.Name, t.src.References)
	if err != nil {
		return "", err
	}
	if known, err := b.known(ctx, p); known || err != nil {
		return p, err
	}
	// Held to the end: a commit must not take the scratch directory away.
	b.commits.Lock()
	defer b.commits.Unlock()
	return p, b.copyTree(ctx, t, p, h, ca)
}

func (b *batch) copyTree(ctx context.Context, t *sourceTree, p storepath.Path, h nixhash.Hash, ca contentAddress) (err error) {
	if b.treeSet[p] {
		return nil
	}
	if b.scratch == nil {
		if b.scratch, err = b.s.newScratch(ctx); err != nil {
			return err
		}
	}
	entry := "s" + strconv.Itoa(len(b.trees))
	if err := t.copyTo(b.scratch, entry, h); err != nil {
		_, e := removeTree(b.scratch.dir, entry)
		return errors.Join(err, e)
	}
	c, err := b.scratch.candidate(&store.Registration{Entry: entry, Info: store.PathInfo{Path: p, References: t.src.References, CA: ca.String()}})
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trees = append(b.trees, c)
	b.treeSet[p] = true
	return nil
}

// Commit implements [store.Batch].
func (b *batch) Commit(ctx context.Context) error {
	b.commits.Lock()
	defer b.commits.Unlock()
	b.mu.Lock()
	texts := b.pending
	b.pending, b.bytes = nil, 0
	b.mu.Unlock()
	if err := b.commit(ctx, texts); err != nil {
		return b.putBack(texts, err)
	}
	b.mu.Lock()
	for _, t := range texts {
		delete(b.texts, t.info.Path)
	}
	b.trees = nil
	clear(b.treeSet)
	b.mu.Unlock()
	return b.closeScratch()
}

// commit makes texts and the trees of the batch valid.
func (b *batch) commit(ctx context.Context, texts []*text) (err error) {
	texts, err = b.missing(ctx, texts)
	if err != nil || len(texts)+len(b.trees) == 0 {
		return err
	}
	if b.scratch == nil {
		if b.scratch, err = b.s.newScratch(ctx); err != nil {
			return err
		}
	}
	cands, err := writeTexts(b.scratch, texts)
	if err != nil {
		return err
	}
	return b.s.register(ctx, nil, append(cands, b.trees...))
}

// putBack makes the texts of a failed commit pending again.
func (b *batch) putBack(texts []*text, err error) error {
	if len(b.trees) == 0 {
		err = errors.Join(err, b.closeScratch())
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pending = append(texts, b.pending...)
	for _, t := range texts {
		b.bytes += len(t.contents)
	}
	return err
}

func (b *batch) closeScratch() error {
	if b.scratch == nil {
		return nil
	}
	sc := b.scratch
	b.scratch = nil
	return sc.Close()
}

// writeTexts writes texts as canonical files of a scratch directory.
func writeTexts(sc *scratch, texts []*text) ([]*candidate, error) {
	cands := make([]*candidate, len(texts))
	for i, t := range texts {
		entry := "t" + strconv.Itoa(i)
		if err := writeText(sc, entry, t.contents); err != nil {
			return nil, err
		}
		cands[i] = &candidate{dir: sc.dir, entry: entry, files: 1, text: true, info: t.info.Clone(), drv: t.drv}
	}
	return cands, nil
}

func writeText(sc *scratch, entry string, contents []byte) error {
	unlinkAt(sc.dir, entry, 0) // of a commit that failed half way
	f, err := openAt(sc.dir, entry, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(contents)
	if err = errors.Join(err, unix.Fchmod(int(f.Fd()), 0o444), f.Close()); err != nil {
		return pathErr("write", sc.dir, entry, err)
	}
	return setTimeAt(sc.dir, entry)
}
