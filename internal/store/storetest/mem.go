// Package storetest has the suite of tests that every [store.Store] passes, and
// a small store for the tests of other packages.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"isomorph/internal/derivation"
	"isomorph/internal/nar"
	"isomorph/internal/nixhash"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// Mem is a store that keeps what it knows in memory and its trees in a plain
// directory. It has the behaviour of a real store and none of its promises: no
// locks between processes, no durability, no canonical form beyond the NAR.
type Mem struct {
	dir string

	mu    sync.Mutex
	next  int
	infos map[storepath.Path]*store.PathInfo
	outs  map[storepath.Path]map[string]storepath.Path
	roots map[string]storepath.Path // by link
	temp  map[storepath.Path]bool
	locks map[storepath.Path]chan struct{}
	logs  map[storepath.Path]*bytes.Buffer
}

var _ store.Store = (*Mem)(nil)

// NewMem returns an empty store with its trees below dir, which must exist.
func NewMem(dir string) *Mem {
	return &Mem{
		dir:   dir,
		infos: map[storepath.Path]*store.PathInfo{},
		outs:  map[storepath.Path]map[string]storepath.Path{},
		roots: map[string]storepath.Path{},
		temp:  map[storepath.Path]bool{},
		locks: map[storepath.Path]chan struct{}{},
		logs:  map[storepath.Path]*bytes.Buffer{},
	}
}

// Dir returns the default store directory.
func (m *Mem) Dir() storepath.Dir { return storepath.DefaultDir }

// RealPath returns where the tree of p is.
func (m *Mem) RealPath(p storepath.Path) string { return filepath.Join(m.dir, string(p)) }

// Close does nothing.
func (m *Mem) Close() error { return nil }

// Info implements [store.Reader].
func (m *Mem) Info(_ context.Context, p storepath.Path) (*store.PathInfo, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := m.infos[p]; i != nil {
		return i, nil
	}
	return nil, fmt.Errorf("path '%s' is not valid: %w", m.Dir().Join(p), store.ErrNotFound)
}

// ValidPaths implements [store.Reader].
func (m *Mem) ValidPaths(_ context.Context, paths []storepath.Path) (map[storepath.Path]bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	valid := map[storepath.Path]bool{}
	for _, p := range paths {
		if m.infos[p] != nil {
			valid[p] = true
		}
	}
	return valid, nil
}

// AllPaths implements [store.Reader].
func (m *Mem) AllPaths(context.Context) ([]storepath.Path, error) {
	return m.filter(func(*store.PathInfo) bool { return true }), nil
}

func (m *Mem) filter(take func(*store.PathInfo) bool) (paths []storepath.Path) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for p, i := range m.infos {
		if take(i) {
			paths = append(paths, p)
		}
	}
	slices.Sort(paths)
	return paths
}

// PathFromHashPart implements [store.Reader].
func (m *Mem) PathFromHashPart(_ context.Context, hash string) (storepath.Path, error) {
	found := m.filter(func(i *store.PathInfo) bool { return i.Path.HashPart() == hash })
	if len(found) == 0 {
		return "", fmt.Errorf("no path with the hash part %s: %w", hash, store.ErrNotFound)
	}
	return found[0], nil
}

// Referrers implements [store.Reader].
func (m *Mem) Referrers(_ context.Context, p storepath.Path) ([]storepath.Path, error) {
	return m.filter(func(i *store.PathInfo) bool { return slices.Contains(i.References, p) }), nil
}

// ValidDerivers implements [store.Reader].
func (m *Mem) ValidDerivers(_ context.Context, p storepath.Path) ([]storepath.Path, error) {
	return m.filter(func(i *store.PathInfo) bool {
		return slices.Contains(slices.Collect(maps.Values(m.outs[i.Path])), p)
	}), nil
}

// DerivationOutputs implements [store.Reader].
func (m *Mem) DerivationOutputs(ctx context.Context, drv storepath.Path) (map[string]storepath.Path, error) {
	if _, err := m.Info(ctx, drv); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[string]storepath.Path{}
	maps.Copy(out, m.outs[drv])
	return out, nil
}

// AddTempRoot implements [store.Store].
func (m *Mem) AddTempRoot(_ context.Context, paths ...storepath.Path) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range paths {
		m.temp[p] = true
	}
	return nil
}

// AddSignatures implements [store.Store].
func (m *Mem) AddSignatures(ctx context.Context, p storepath.Path, sigs []string) error {
	info, err := m.Info(ctx, p)
	if err != nil {
		return err
	}
	info = info.Clone()
	info.Sigs = append(info.Sigs, sigs...)
	slices.Sort(info.Sigs)
	info.Sigs = slices.Compact(info.Sigs)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.infos[p] = info
	return nil
}

// AddText implements [store.Store].
func (m *Mem) AddText(ctx context.Context, name string, contents []byte, refs []storepath.Path) (storepath.Path, error) {
	refs = slices.Compact(slices.Sorted(slices.Values(refs)))
	h := nixhash.Sum(nixhash.SHA256, contents)
	p, err := m.Dir().MakeText(name, h, refs)
	if err != nil {
		return "", err
	}
	return p, m.addFile(ctx, p, contents, refs, "text:"+h.String())
}

func (m *Mem) addFile(ctx context.Context, p storepath.Path, contents []byte, refs []storepath.Path, ca string) error {
	var archive bytes.Buffer
	w := nar.NewWriter(&archive)
	w.File(false, uint64(len(contents))).Write(contents)
	if err := w.Close(); err != nil {
		return err
	}
	return m.AddNAR(ctx, infoOf(p, archive.Bytes(), refs, ca), &archive)
}

func infoOf(p storepath.Path, archive []byte, refs []storepath.Path, ca string) *store.PathInfo {
	return &store.PathInfo{Path: p, References: refs, CA: ca, NarHash: nixhash.Sum(nixhash.SHA256, archive), NarSize: uint64(len(archive))}
}

// AddTree implements [store.Store].
func (m *Mem) AddTree(ctx context.Context, src store.Source) (storepath.Path, error) {
	if src.Flat {
		contents, err := os.ReadFile(src.Path)
		if err != nil {
			return "", err
		}
		return m.addFixed(ctx, src, contents, func(p storepath.Path, refs []storepath.Path, ca string) error {
			return m.addFile(ctx, p, contents, refs, ca)
		})
	}
	var archive bytes.Buffer
	var filter nar.Filter
	if src.Filter != nil {
		filter = func(rel, kind string) (bool, error) { return src.Filter(filepath.Join(src.Path, rel), kind) }
	}
	if err := nar.Dump(&archive, src.Path, filter); err != nil {
		return "", err
	}
	return m.addFixed(ctx, src, archive.Bytes(), func(p storepath.Path, refs []storepath.Path, ca string) error {
		return m.AddNAR(ctx, infoOf(p, archive.Bytes(), refs, ca), &archive)
	})
}

func (m *Mem) addFixed(_ context.Context, src store.Source, hashed []byte, add func(storepath.Path, []storepath.Path, string) error) (storepath.Path, error) {
	algo := src.Algo
	if algo == 0 {
		algo = nixhash.SHA256
	}
	h := nixhash.Sum(algo, hashed)
	if !src.Known.IsZero() && src.Known != h {
		return "", fmt.Errorf("%s: %w", src.Path, store.ErrHashMismatch)
	}
	refs := slices.Sorted(slices.Values(src.References))
	p, err := m.Dir().MakeFixed(src.Name, !src.Flat, h, refs)
	if err != nil {
		return "", err
	}
	ca := "fixed:r:"
	if src.Flat {
		ca = "fixed:"
	}
	return p, add(p, refs, ca+h.String())
}

// AddNAR implements [store.Store].
func (m *Mem) AddNAR(ctx context.Context, info *store.PathInfo, r io.Reader) error {
	sc, err := m.NewScratch(ctx)
	if err != nil {
		return err
	}
	defer sc.Close()
	dir, err := os.Open(sc.Dir())
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := nar.Restore(io.LimitReader(r, int64(info.NarSize)), int(dir.Fd()), "x", info.NarSize); err != nil {
		return err
	}
	if _, err := sc.Seal(ctx, "x", nil); err != nil {
		return err
	}
	return sc.Register(ctx, nil, []store.Registration{{Entry: "x", Info: *info}})
}

// NewScratch implements [store.Store].
func (m *Mem) NewScratch(context.Context) (store.Scratch, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.next++
	dir := filepath.Join(m.dir, fmt.Sprintf("tmp-%d", m.next))
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	return &memScratch{m: m, dir: dir, sealed: map[string]store.Sealed{}}, nil
}

type memScratch struct {
	m      *Mem
	dir    string
	sealed map[string]store.Sealed
}

func (s *memScratch) Dir() string { return s.dir }

func (s *memScratch) Close() error { return removeAll(s.dir) }

// removeAll deletes read-only directories too.
func removeAll(dir string) error {
	filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			os.Chmod(path, 0o700)
		}
		return nil
	})
	return os.RemoveAll(dir)
}

func (s *memScratch) Seal(_ context.Context, name string, tee io.Writer) (store.Sealed, error) {
	sealed := store.Sealed{}
	if name == "" || strings.Contains(name, "/") {
		return sealed, fmt.Errorf("seal %q: bad name", name)
	}
	root := filepath.Join(s.dir, name)
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		sealed.Files++
		if err != nil {
			return err
		}
		return canonical(path, d)
	})
	if err != nil {
		return sealed, fmt.Errorf("seal %s: %w", name, err)
	}
	var archive bytes.Buffer
	if err := nar.Dump(&archive, root, nil); err != nil {
		return sealed, fmt.Errorf("seal %s: %w", name, err)
	}
	if tee != nil {
		if _, err := tee.Write(archive.Bytes()); err != nil {
			return sealed, err
		}
	}
	sealed.NarHash, sealed.NarSize = nixhash.Sum(nixhash.SHA256, archive.Bytes()), uint64(archive.Len())
	s.sealed[name] = sealed
	return sealed, nil
}

func canonical(path string, d os.DirEntry) error {
	info, err := d.Info()
	if err != nil {
		return err
	}
	mode := os.FileMode(0o444)
	switch {
	case d.Type()&os.ModeSymlink != 0:
		ts := []unix.Timespec{{Sec: 1}, {Sec: 1}}
		return unix.UtimesNanoAt(unix.AT_FDCWD, path, ts, unix.AT_SYMLINK_NOFOLLOW)
	case d.IsDir():
		// Writable for the test's cleanup; nothing here looks at it.
		return os.Chtimes(path, time.Unix(1, 0), time.Unix(1, 0))
	case !d.Type().IsRegular():
		return fmt.Errorf("file '%s' has an unsupported type", path)
	case info.Mode()&0o100 != 0:
		mode = 0o555
	}
	if err := os.Chmod(path, mode); err != nil {
		return err
	}
	return os.Chtimes(path, time.Unix(1, 0), time.Unix(1, 0))
}

func (s *memScratch) Register(ctx context.Context, _ store.Lock, regs []store.Registration) error {
	own := map[storepath.Path]bool{}
	refs := map[storepath.Path][]storepath.Path{}
	for _, r := range regs {
		own[r.Info.Path] = true
		refs[r.Info.Path] = r.Info.References
	}
	if _, err := store.TopoSort(slices.Collect(maps.Keys(own)), func(p storepath.Path) []storepath.Path { return refs[p] }); err != nil {
		return err
	}
	for i := range regs {
		if err := s.check(ctx, &regs[i], own); err != nil {
			return fmt.Errorf("register %s: %w", regs[i].Info.Path, err)
		}
	}
	for i := range regs {
		if err := s.m.take(s, &regs[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *memScratch) check(ctx context.Context, r *store.Registration, own map[storepath.Path]bool) error {
	sealed, ok := s.sealed[r.Entry]
	if !ok {
		return fmt.Errorf("the entry %q was not sealed", r.Entry)
	}
	if !r.Info.NarHash.IsZero() && r.Info.NarHash != sealed.NarHash {
		return store.ErrHashMismatch
	}
	for _, ref := range r.Info.References {
		if _, err := s.m.Info(ctx, ref); err != nil && !own[ref] {
			return fmt.Errorf("reference %s: %w", ref, err)
		}
	}
	return nil
}

func (m *Mem) take(s *memScratch, r *store.Registration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	info := r.Info.Clone()
	m.temp[info.Path] = true
	if m.infos[info.Path] != nil && !r.Repair {
		return nil
	}
	slices.Sort(info.References)
	info.NarHash, info.NarSize = s.sealed[r.Entry].NarHash, s.sealed[r.Entry].NarSize
	if err := removeAll(m.RealPath(info.Path)); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(s.dir, r.Entry), m.RealPath(info.Path)); err != nil {
		return err
	}
	if info.Path.IsDerivation() {
		text, err := os.ReadFile(m.RealPath(info.Path))
		if err != nil {
			return err
		}
		d, err := derivation.Parse(m.Dir(), strings.TrimSuffix(info.Path.Name(), ".drv"), text)
		if err != nil {
			return err
		}
		m.outs[info.Path] = map[string]storepath.Path{}
		for name, o := range d.Outputs.All() {
			m.outs[info.Path][name] = o.Path
		}
	}
	m.infos[info.Path] = info
	return nil
}

// NewBatch implements [store.Store]. Each addition takes effect at Commit.
func (m *Mem) NewBatch(context.Context) store.Batch { return &memBatch{m: m} }

type memBatch struct {
	m     *Mem
	mu    sync.Mutex
	todo  []func(context.Context) error
	texts map[storepath.Path][]byte
}

func (b *memBatch) later(f func(context.Context) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.todo = append(b.todo, f)
}

func (b *memBatch) AddText(_ context.Context, name string, contents []byte, refs []storepath.Path) (storepath.Path, error) {
	refs = slices.Compact(slices.Sorted(slices.Values(refs)))
	p, err := b.m.Dir().MakeText(name, nixhash.Sum(nixhash.SHA256, contents), refs)
	if err != nil {
		return "", err
	}
	contents = bytes.Clone(contents)
	b.later(func(ctx context.Context) error {
		_, err := b.m.AddText(ctx, name, contents, refs)
		return err
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.texts == nil {
		b.texts = map[storepath.Path][]byte{}
	}
	b.texts[p] = contents
	return p, nil
}

func (b *memBatch) AddDerivation(ctx context.Context, d *derivation.Derivation, f derivation.File) (storepath.Path, error) {
	return b.AddText(ctx, d.Name+storepath.DerivationSuffix, slices.Clone(f.Text), f.References)
}

func (b *memBatch) AddTree(ctx context.Context, src store.Source) (storepath.Path, error) {
	return b.m.AddTree(ctx, src)
}

func (b *memBatch) Contents(p storepath.Path) ([]byte, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t, ok := b.texts[p]
	return t, ok
}

func (b *memBatch) Commit(ctx context.Context) error {
	b.mu.Lock()
	todo := b.todo
	b.todo, b.texts = nil, nil
	b.mu.Unlock()
	for _, f := range todo {
		if err := f(ctx); err != nil {
			return err
		}
	}
	return nil
}

// AddIndirectRoot implements [store.Store].
func (m *Mem) AddIndirectRoot(ctx context.Context, link string, p storepath.Path) error {
	if _, err := m.Info(ctx, p); err != nil {
		return err
	}
	os.Remove(link)
	if err := os.Symlink(m.RealPath(p), link); err != nil {
		return err
	}
	return m.AddRoot(ctx, link, p)
}

// AddRoot implements [store.Store].
func (m *Mem) AddRoot(ctx context.Context, name string, p storepath.Path) error {
	if _, err := m.Info(ctx, p); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.roots[name] = p
	return nil
}

// Roots implements [store.Store].
func (m *Mem) Roots(context.Context) (roots []store.Root, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for link, p := range m.roots {
		if filepath.IsAbs(link) {
			if _, err := os.Lstat(link); err != nil {
				continue
			}
		}
		roots = append(roots, store.Root{Path: p, Link: link})
	}
	for p := range m.temp {
		if m.infos[p] != nil {
			roots = append(roots, store.Root{Path: p, Link: "{temp:mem}"})
		}
	}
	slices.SortFunc(roots, func(a, b store.Root) int { return strings.Compare(string(a.Path)+a.Link, string(b.Path)+b.Link) })
	return roots, nil
}

// LockPaths implements [store.Store], inside this process.
func (m *Mem) LockPaths(ctx context.Context, paths []storepath.Path, waiting func(storepath.Path)) (store.Lock, error) {
	l := &memLock{}
	for _, p := range slices.Compact(slices.Sorted(slices.Values(paths))) {
		m.mu.Lock()
		ch := m.locks[p]
		if ch == nil {
			ch = make(chan struct{}, 1)
			m.locks[p] = ch
		}
		m.mu.Unlock()
		if err := l.take(ctx, ch, func() {
			if waiting != nil {
				waiting(p)
			}
		}); err != nil {
			l.Unlock()
			return nil, err
		}
	}
	return l, nil
}

type memLock struct {
	once sync.Once
	held []chan struct{}
}

func (l *memLock) take(ctx context.Context, ch chan struct{}, waiting func()) error {
	select {
	case ch <- struct{}{}:
	default:
		waiting()
		select {
		case ch <- struct{}{}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	l.held = append(l.held, ch)
	return nil
}

func (l *memLock) Unlock() {
	l.once.Do(func() {
		for _, ch := range l.held {
			<-ch
		}
	})
}

// OpenLog implements [store.Reader].
func (m *Mem) OpenLog(_ context.Context, drv storepath.Path) (io.ReadCloser, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.logs[drv]
	if b == nil {
		return nil, fmt.Errorf("build log of '%s' is not available: %w", m.Dir().Join(drv), store.ErrNotFound)
	}
	return io.NopCloser(bytes.NewReader(bytes.Clone(b.Bytes()))), nil
}

// CreateLog implements [store.Store].
func (m *Mem) CreateLog(_ context.Context, drv storepath.Path) (io.WriteCloser, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.logs[drv] = &bytes.Buffer{}
	return &memLog{m, m.logs[drv]}, nil
}

type memLog struct {
	m *Mem
	b *bytes.Buffer
}

func (l *memLog) Write(p []byte) (int, error) {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	return l.b.Write(p)
}

func (l *memLog) Close() error { return nil }

// GC implements [store.Store]; MaxFreed is ignored.
func (m *Mem) GC(ctx context.Context, opts store.GCOptions) (*store.GCResult, error) {
	alive, err := m.alive(ctx, opts)
	if err != nil {
		return nil, err
	}
	all, _ := m.AllPaths(ctx)
	pick := func(live bool) []storepath.Path {
		return slices.DeleteFunc(slices.Clone(all), func(p storepath.Path) bool { return alive[p] != live })
	}
	switch opts.Action {
	case store.GCReturnLive:
		return &store.GCResult{Paths: pick(true)}, nil
	case store.GCReturnDead:
		return &store.GCResult{Paths: pick(false)}, nil
	}
	dead := pick(false)
	if opts.Action == store.GCDeleteSpecific {
		if dead, err = store.ReferrersClosure(ctx, m, opts.Paths...); err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(dead, func(p storepath.Path) bool { return alive[p] }); i >= 0 {
			return nil, fmt.Errorf("path '%s': %w", dead[i], store.ErrInUse)
		}
	}
	return &store.GCResult{Paths: dead}, m.remove(dead)
}

func (m *Mem) remove(dead []storepath.Path) (err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range dead {
		delete(m.infos, p)
		delete(m.outs, p)
		err = errors.Join(err, removeAll(m.RealPath(p)))
	}
	return err
}

func (m *Mem) alive(ctx context.Context, opts store.GCOptions) (map[storepath.Path]bool, error) {
	roots, err := m.Roots(ctx)
	if err != nil {
		return nil, err
	}
	var todo []storepath.Path
	for _, r := range roots {
		if !opts.IgnoreLiveness || strings.HasPrefix(r.Link, "{") {
			todo = append(todo, r.Path)
		}
	}
	alive := map[storepath.Path]bool{}
	for len(todo) > 0 {
		p := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		info := m.infos[p]
		if alive[p] || info == nil {
			continue
		}
		alive[p] = true
		todo = append(todo, info.References...)
		if opts.KeepDerivations && info.Deriver != "" {
			todo = append(todo, info.Deriver)
		}
		if opts.KeepOutputs {
			todo = slices.AppendSeq(todo, maps.Values(m.outs[p]))
		}
	}
	return alive, nil
}

// Verify implements [store.Store].
func (m *Mem) Verify(ctx context.Context, opts store.VerifyOptions) (*store.VerifyResult, error) {
	res := &store.VerifyResult{}
	all, _ := m.AllPaths(ctx)
	for _, p := range all {
		res.Checked++
		text := m.damage(p, opts.CheckContents)
		if text == "" {
			continue
		}
		pr := store.Problem{Path: p, Text: text, Fatal: true}
		if opts.Repair != nil {
			pr.Repaired = opts.Repair(ctx, p) == nil
		}
		res.Problems = append(res.Problems, pr)
	}
	return res, nil
}

func (m *Mem) damage(p storepath.Path, contents bool) string {
	_, err := os.Lstat(m.RealPath(p))
	if errors.Is(err, syscall.ENOENT) {
		return "disappeared"
	}
	if !contents {
		return ""
	}
	var b bytes.Buffer
	if err := nar.Dump(&b, m.RealPath(p), nil); err != nil {
		return err.Error()
	}
	if nixhash.Sum(nixhash.SHA256, b.Bytes()) != m.infos[p].NarHash {
		return "was modified!"
	}
	return ""
}
