package localstore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"isomorph/internal/atomicfile"
	"isomorph/internal/derivation"
	"isomorph/internal/failpoint"
	"isomorph/internal/nar"
	"isomorph/internal/nixhash"
	"isomorph/internal/store"
)

// scratchPrefix begins the names of scratch directories; Nix's collector
// leaves alone what is called so and locked.
const scratchPrefix = "tmp-"

// scratch implements [store.Scratch].
type scratch struct {
	s      *Store
	name   string // in the store directory
	dir    *os.File
	lock   *atomicfile.Lock // of dir
	sealed map[string]store.Sealed
}

// NewScratch implements [store.Store].
func (s *Store) NewScratch(ctx context.Context) (store.Scratch, error) {
	sc, err := s.newScratch(ctx)
	if err != nil {
		return nil, err
	}
	return sc, nil
}

func (s *Store) newScratch(ctx context.Context) (*scratch, error) {
	if err := s.writable("create a scratch directory"); err != nil {
		return nil, err
	}
	s.sweep.Do(s.sweepScratch)
	for {
		random, err := s.randomName()
		if err != nil {
			return nil, err
		}
		sc := &scratch{s: s, name: scratchPrefix + random, sealed: map[string]store.Sealed{}}
		ok, err := sc.create(ctx)
		if err != nil {
			return nil, fmt.Errorf("create a scratch directory: %w", err)
		}
		if ok {
			s.mu.Lock()
			s.open[sc] = true
			s.mu.Unlock()
			return sc, nil
		}
	}
}

// create makes the directory. A collector may delete it before it is locked;
// then the result is false.
func (sc *scratch) create(ctx context.Context) (bool, error) {
	store := sc.s.dir
	if err := unix.Mkdirat(int(store.Fd()), sc.name, 0o700); err != nil {
		return false, pathErr("mkdir", store, sc.name, err)
	}
	dir, err := openAt(store, sc.name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	sc.dir, sc.lock = dir, atomicfile.NewLock(dir)
	if err := sc.lock.Acquire(ctx, atomicfile.Exclusive, nil); err != nil {
		return false, errors.Join(err, dir.Close())
	}
	if there, err := existsAt(store, sc.name); !there || err != nil {
		return false, errors.Join(err, dir.Close())
	}
	return true, nil
}

// sweepScratch deletes what processes that were killed have left, once in the
// life of a process: a build that was killed can have filled the disk.
func (s *Store) sweepScratch() {
	names, err := readDirNames(s.at.store)
	if err != nil {
		return // whoever needs the directory will say so
	}
	for _, name := range names {
		if !strings.HasPrefix(name, scratchPrefix) {
			continue
		}
		if lock := s.takeOver(name); lock != nil {
			_, err := emptyDir(lock.File())
			if err = errors.Join(err, unlinkAt(s.dir, name, unix.AT_REMOVEDIR), lock.Close()); err != nil {
				s.warn("cannot delete what a process has left behind: %v", err)
			}
		}
	}
}

// takeOver locks a scratch directory that nobody holds; nil if somebody does,
// or it is no directory of ours. Who has created it and not yet locked it finds
// out when he gets the lock, and creates another one.
func (s *Store) takeOver(name string) *atomicfile.Lock {
	dir, err := openAt(s.dir, name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil
	}
	lock := atomicfile.NewLock(dir)
	if free, err := lock.Try(atomicfile.Exclusive); err != nil || !free {
		lock.Close()
		return nil
	}
	return lock
}

// Dir implements [store.Scratch].
func (sc *scratch) Dir() string { return filepath.Join(sc.s.at.store, sc.name) }

// Close implements [store.Scratch].
func (sc *scratch) Close() error {
	sc.s.mu.Lock()
	open := sc.s.open[sc]
	delete(sc.s.open, sc)
	sc.s.mu.Unlock()
	if !open {
		return nil
	}
	_, err := emptyDir(sc.dir)
	err = errors.Join(err, unlinkAt(sc.s.dir, sc.name, unix.AT_REMOVEDIR), sc.dir.Close())
	return err
}

// emptyDir deletes everything in dir, which must belong to this process alone.
func emptyDir(dir *os.File) (freed uint64, err error) {
	if _, err := dir.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	names, err := dir.Readdirnames(-1)
	for _, name := range names {
		n, e := removeTree(dir, name)
		freed += n
		err = errors.Join(err, e)
	}
	return freed, err
}

// Seal implements [store.Scratch].
func (sc *scratch) Seal(ctx context.Context, name string, tee io.Writer) (store.Sealed, error) {
	sealed, err := sc.seal(ctx, name, tee)
	if err != nil {
		return sealed, fmt.Errorf("seal %s: %w", name, err)
	}
	return sealed, nil
}

func (sc *scratch) seal(ctx context.Context, name string, tee io.Writer) (store.Sealed, error) {
	var sealed store.Sealed
	if err := checkEntry(name); err != nil {
		return sealed, err
	}
	delete(sc.sealed, name)
	if err := context.Cause(ctx); err != nil {
		return sealed, err
	}
	files, err := canonicalise(sc.dir, name, uint32(sc.s.opts.UID))
	if err != nil {
		return sealed, err
	}
	if err := failpoint.Hit("canonical"); err != nil {
		return sealed, err
	}
	sealed, err = hashTree(ctx, sc.dir, name, tee)
	if err != nil {
		return sealed, err
	}
	sealed.Files = files
	sc.sealed[name] = sealed
	return sealed, failpoint.Hit("hashed")
}

// checkEntry accepts names that lie directly in a directory.
func checkEntry(name string) error {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") {
		return fmt.Errorf("%q is not the name of an entry in the scratch directory", name)
	}
	return nil
}

// restored notes that an entry was made by restore from a NAR that has been
// checked, so that nothing of it need be read again.
func (sc *scratch) restored(name string, hash nixhash.Hash, size uint64, files int) {
	sc.sealed[name] = store.Sealed{NarHash: hash, NarSize: size, Files: files}
}

// hashTree computes hash and size of the NAR of an entry of dir.
func hashTree(ctx context.Context, dir *os.File, name string, tee io.Writer) (store.Sealed, error) {
	h := nixhash.SHA256.New()
	count := &counter{ctx: ctx}
	out := io.MultiWriter(h, count)
	if tee != nil {
		out = io.MultiWriter(h, count, tee)
	}
	if err := nar.DumpAt(out, int(dir.Fd()), name, dir.Name()+"/"+name, nil); err != nil {
		return store.Sealed{}, err
	}
	return store.Sealed{NarHash: nixhash.FromState(nixhash.SHA256, h), NarSize: count.n}, nil
}

// counter counts bytes, and ends a long copy when its context does.
type counter struct {
	ctx context.Context
	n   uint64
}

func (c *counter) Write(p []byte) (int, error) {
	c.n += uint64(len(p))
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	return len(p), nil
}

// Register implements [store.Scratch].
func (sc *scratch) Register(ctx context.Context, held store.Lock, regs []store.Registration) error {
	cands := make([]*candidate, len(regs))
	for i := range regs {
		c, err := sc.candidate(&regs[i])
		if err != nil {
			return fmt.Errorf("register %s: %w", regs[i].Info.Path, err)
		}
		cands[i] = c
	}
	return sc.s.register(ctx, held, cands)
}

func (sc *scratch) candidate(reg *store.Registration) (*candidate, error) {
	sealed, ok := sc.sealed[reg.Entry]
	if !ok {
		return nil, fmt.Errorf("the entry %q was not sealed", reg.Entry)
	}
	info := reg.Info.Clone()
	if !info.NarHash.IsZero() && info.NarHash != sealed.NarHash || info.NarSize != 0 && info.NarSize != sealed.NarSize {
		return nil, fmt.Errorf("%w: specified %s, got %s", store.ErrHashMismatch, info.NarHash.SRI(), sealed.NarHash.SRI())
	}
	info.NarHash, info.NarSize = sealed.NarHash, sealed.NarSize
	c := &candidate{dir: sc.dir, entry: reg.Entry, files: sealed.Files, info: info, repair: reg.Repair}
	if info.Path.IsDerivation() {
		text, err := readSmallFile(sc.dir, reg.Entry, derivation.MaxSize)
		if err != nil {
			return nil, err
		}
		if c.drv, err = parseDerivation(sc.s.Dir(), info.Path, text); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func readSmallFile(dir *os.File, name string, limit int64) ([]byte, error) {
	f, err := openAt(dir, name, unix.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(bufio.NewReader(f), limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("file is larger than %d bytes", limit)
	}
	return b, err
}
