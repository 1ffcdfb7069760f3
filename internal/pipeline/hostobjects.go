package pipeline

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"isomorph/internal/derivation"
	"isomorph/internal/fetch"
	"isomorph/internal/nar"
	"isomorph/internal/nixhash"
	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
	"isomorph/internal/treehash"
)

// hostObjects gives the evaluator its store. Everything is hashed first and
// written only if it is not valid yet; texts, derivations and trees are
// collected and become valid together when [hostObjects.commit] is called, which
// happens before anything is built.
type hostObjects struct {
	ctx      context.Context
	dir      storepath.Dir
	store    store.Store // nil: compute paths only
	reader   store.Reader
	files    *hostFiles
	hasher   *treehash.Hasher
	realise  func(ctx context.Context, outputs []builtins.DerivationOutput) error
	download func(ctx context.Context, req builtins.FetchRequest) (storepath.Path, error)

	copies  *copies      // nil without a store
	commits sync.RWMutex // held to commit, and for reading to add something
	pushed  atomic.Int64 // bytes since the last commit

	mu     sync.Mutex
	batch  store.Batch                               // nil without a store
	drvs   map[storepath.Path]*derivation.Derivation // nil: the store has it
	refs   map[storepath.Path][]storepath.Path       // of derivations that were asked for
	texts  map[storepath.Path]text
	trees  map[treeKey]storepath.Path
	closed map[storepath.Path][]storepath.Path // closures
}

type text struct {
	contents []byte
	refs     []storepath.Path
}

// treeKey is what the hash of a tree depends on, within one evaluation.
type treeKey struct {
	path, name string
	flat       bool
	rejected   string // the paths that the filter refused, NUL-separated
	refs       string
}

func newHostObjects(ctx context.Context, reader store.Reader, writer store.Store, files *hostFiles, hasher *treehash.Hasher) *hostObjects {
	h := &hostObjects{
		ctx: ctx, dir: reader.Dir(), reader: reader, store: writer, files: files, hasher: hasher,
		drvs:   map[storepath.Path]*derivation.Derivation{},
		refs:   map[storepath.Path][]storepath.Path{},
		texts:  map[storepath.Path]text{},
		trees:  map[treeKey]storepath.Path{},
		closed: map[storepath.Path][]storepath.Path{},
	}
	if writer != nil {
		h.batch = writer.NewBatch(ctx)
		h.copies = newCopies(ctx, h.batch)
		files.settle, files.copied = h.settle, h.copies.source
	}
	files.text = h.contents
	return h
}

// commit makes all texts, derivations and trees valid.
func (h *hostObjects) commit(ctx context.Context) error {
	if h.batch == nil {
		return nil
	}
	h.commits.Lock()
	defer h.commits.Unlock()
	h.pushed.Store(0)
	return h.copies.commit(ctx)
}

// A batch that would hold so many texts and derivations, or bytes of them, is
// made valid, before it would do that by itself: it does not know of trees that
// are on their way. It is not done earlier, for a commit waits for these, and for
// the disk, and the evaluator with it.
const (
	pushTexts = 3840
	pushBytes = 30 << 20
)

// push adds a text or derivation of about size bytes to the batch, but not in
// the middle of a commit: what it refers to might have come too late for that.
func (h *hostObjects) push(size int, add func() (storepath.Path, error)) (storepath.Path, error) {
	size = max(size, pushBytes/pushTexts)
	if h.pushed.Add(int64(size)) > pushBytes {
		if err := h.commit(h.ctx); err != nil {
			return "", err
		}
		h.pushed.Add(int64(size))
	}
	h.commits.RLock()
	defer h.commits.RUnlock()
	return add()
}

// settle makes a tree that is being copied valid, because somebody wants to read
// it. What goes wrong is told by failed.
func (h *hostObjects) settle(p storepath.Path) {
	k := h.copies.get(p)
	if k == nil {
		return
	}
	if <-k.done; k.valid {
		return
	}
	if err := h.commit(h.ctx); err != nil {
		h.copies.fail(err)
	}
}

// failed returns what went wrong beside the evaluation. An error that the
// evaluation has met since may be no more than its consequence.
// An interrupt ends copies, too, and is told as what it is.
func (h *hostObjects) failed() error {
	if h.ctx.Err() != nil {
		return nil
	}
	return h.copies.failed()
}

// close ends what goes on beside the evaluation.
func (h *hostObjects) close() { h.copies.close() }

// contents returns the text or derivation p of this evaluation.
func (h *hostObjects) contents(p storepath.Path) ([]byte, bool) {
	h.mu.Lock()
	d, isDrv := h.drvs[p]
	t, ok := h.texts[p]
	h.mu.Unlock()
	switch {
	case !isDrv:
		return t.contents, ok
	case d != nil:
		return d.Encode(h.dir), true
	}
	return h.batch.Contents(p)
}

func (h *hostObjects) countDerivations() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.drvs)
}

// AddText adds a text.
func (h *hostObjects) AddText(name string, contents []byte, refs []storepath.Path) (storepath.Path, error) {
	p, err := h.addText(name, contents, refs)
	if err != nil {
		return "", err
	}
	h.mu.Lock()
	h.texts[p] = text{contents, refs}
	h.mu.Unlock()
	return p, nil
}

func (h *hostObjects) addText(name string, contents []byte, refs []storepath.Path) (storepath.Path, error) {
	if h.batch != nil {
		return h.push(len(contents), func() (storepath.Path, error) { return h.batch.AddText(h.ctx, name, contents, refs) })
	}
	return h.dir.MakeText(name, nixhash.Sum(nixhash.SHA256, contents), refs)
}

// AddDerivation adds a derivation. There are tens of thousands of them, hardly one
// of which is looked at again, so it is not kept if a store will have it.
func (h *hostObjects) AddDerivation(d *derivation.Derivation, f derivation.File) error {
	kept := d
	if h.batch != nil {
		kept = nil
		_, err := h.push(len(f.Text), func() (storepath.Path, error) { return h.batch.AddDerivation(h.ctx, d, f) })
		if err != nil {
			return err
		}
	}
	h.mu.Lock()
	h.drvs[f.Path] = kept
	h.mu.Unlock()
	return nil
}

// ReadDerivation returns a derivation.
func (h *hostObjects) ReadDerivation(p storepath.Path) (*derivation.Derivation, error) {
	h.mu.Lock()
	d := h.drvs[p]
	h.mu.Unlock()
	if d != nil {
		return d, nil
	}
	b, ok := h.contents(p)
	if !ok {
		var err error
		if b, err = os.ReadFile(h.files.real(h.dir.Join(p))); err != nil {
			return nil, fmt.Errorf("read the derivation '%s': %w", h.dir.Join(p), err)
		}
	}
	d, err := derivation.Parse(h.dir, strings.TrimSuffix(p.Name(), ".drv"), b)
	if err != nil {
		return nil, fmt.Errorf("derivation '%s': %w", h.dir.Join(p), err)
	}
	return d, nil
}

// drvReferences returns what a derivation of this evaluation refers to.
func (h *hostObjects) drvReferences(p storepath.Path) ([]storepath.Path, error) {
	h.mu.Lock()
	refs, ok := h.refs[p]
	h.mu.Unlock()
	if ok {
		return refs, nil
	}
	d, err := h.ReadDerivation(p)
	if err != nil {
		return nil, err
	}
	refs = d.References()
	h.mu.Lock()
	h.refs[p] = refs
	h.mu.Unlock()
	return refs, nil
}

// References returns what an object refers to, whether or not it has been
// written yet.
func (h *hostObjects) References(p storepath.Path) ([]storepath.Path, error) {
	h.mu.Lock()
	_, isDrv := h.drvs[p]
	t, isText := h.texts[p]
	h.mu.Unlock()
	switch {
	case isDrv:
		return h.drvReferences(p)
	case isText:
		return t.refs, nil
	}
	if k := h.copies.get(p); k != nil {
		return k.refs, nil
	}
	info, err := h.reader.Info(h.ctx, p)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil // a tree that has not been copied: sources refer to nothing
	}
	if err != nil {
		return nil, err
	}
	return info.References, nil
}

// Closure returns all that an object refers to.
func (h *hostObjects) Closure(p storepath.Path) ([]storepath.Path, error) {
	h.mu.Lock()
	known, ok := h.closed[p]
	h.mu.Unlock()
	if ok {
		return known, nil
	}
	seen := map[storepath.Path]bool{p: true}
	for todo := []storepath.Path{p}; len(todo) > 0; {
		q := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		refs, err := h.References(q)
		if err != nil {
			return nil, err
		}
		for _, r := range refs {
			if !seen[r] {
				seen[r] = true
				todo = append(todo, r)
			}
		}
	}
	all := make([]storepath.Path, 0, len(seen))
	for q := range seen {
		all = append(all, q)
	}
	slices.Sort(all)
	h.mu.Lock()
	h.closed[p] = all
	h.mu.Unlock()
	return all, nil
}

// ContentAddress returns how an object is addressed by its contents, "" if it
// is not. What this evaluation has added always is.
func (h *hostObjects) ContentAddress(p storepath.Path) (string, error) {
	if h.added(p) {
		return "fixed", nil
	}
	info, err := h.reader.Info(h.ctx, p)
	if err != nil {
		return "", err
	}
	return info.CA, nil
}

// IsValid tells whether an object is there, or will be when the evaluation is
// committed. One that is stays so until the session ends.
func (h *hostObjects) IsValid(p storepath.Path) bool { return h.added(p) || h.inStore(p) == nil }

// EnsureValid checks that an object is there. An evaluation that writes nothing
// takes the caller's word for it, as Nix does in its read-only mode.
func (h *hostObjects) EnsureValid(p storepath.Path) error {
	if h.store == nil || h.added(p) {
		return nil
	}
	if err := h.inStore(p); err != nil {
		return unobtainable(h.dir.Join(p), err)
	}
	return nil
}

// unobtainable words that a path is not there, where a build or a substituter
// would have to make it.
func unobtainable(path string, err error) error {
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return &notFound{"path '" + path + "' is required, but there is no substituter that can build it"}
}

// notFound is [store.ErrNotFound] in other words.
type notFound struct{ msg string }

// Error returns the words.
func (e *notFound) Error() string { return e.msg }

// Unwrap returns what it is.
func (e *notFound) Unwrap() error { return store.ErrNotFound }

// added tells whether an object was made by this evaluation.
func (h *hostObjects) added(p storepath.Path) bool {
	h.mu.Lock()
	_, isDrv := h.drvs[p]
	_, isText := h.texts[p]
	h.mu.Unlock()
	h.files.mu.RLock()
	_, isTree := h.files.trees[p]
	h.files.mu.RUnlock()
	return isDrv || isText || isTree || h.copies.get(p) != nil
}

// inStore checks that an object is valid, and keeps it so: the root comes first,
// or a collection in between could take the object.
func (h *hostObjects) inStore(p storepath.Path) error {
	if err := h.keep(p); err != nil {
		return err
	}
	if _, err := h.reader.Info(h.ctx, p); err != nil {
		return fmt.Errorf("path '%s' is not valid: %w", h.dir.Join(p), err)
	}
	return nil
}

// Realise builds outputs now.
func (h *hostObjects) Realise(outputs []builtins.DerivationOutput) error {
	if h.realise == nil {
		return fmt.Errorf("this evaluation may not build")
	}
	if h.store == nil && h.built(outputs) {
		return nil
	}
	if err := h.commit(h.ctx); err != nil {
		return err
	}
	return h.realise(h.ctx, outputs)
}

// built tells whether outputs are in the store, with their derivations: then an
// evaluation that writes nothing may use them.
func (h *hostObjects) built(outputs []builtins.DerivationOutput) bool {
	for _, o := range outputs {
		if h.inStore(o.Derivation) != nil {
			return false
		}
		d, err := h.ReadDerivation(o.Derivation)
		if err != nil {
			return false // building it says what is wrong
		}
		for _, out := range d.Outputs {
			if (o.Output == "" || o.Output == out.Key) && h.inStore(out.Value.Path) != nil {
				return false
			}
		}
	}
	return true
}

// Fetch downloads.
func (h *hostObjects) Fetch(req builtins.FetchRequest) (storepath.Path, error) {
	if h.download == nil {
		return "", fmt.Errorf("unable to download '%s': this evaluation has no network", fetch.Redact(req.URL))
	}
	return h.download(h.ctx, req)
}

// AddPath hashes a tree or file, and begins to copy it into the store unless it
// is there already.
func (h *hostObjects) AddPath(req builtins.AddPathRequest) (storepath.Path, error) {
	var want storepath.Path
	if !req.SHA256.IsZero() {
		var err error
		if want, err = h.dir.MakeFixed(req.Name, !req.Flat, req.SHA256, req.References); err != nil {
			return "", err
		}
		if h.inStore(want) == nil {
			return want, nil
		}
	}
	t, err := h.lookAt(req)
	if err != nil {
		return "", err
	}
	h.mu.Lock()
	p, known := h.trees[t.key]
	h.mu.Unlock()
	switch {
	case known && want != "" && want != p: // it was added before, without a hash or with the right one
		return "", fmt.Errorf("%w: '%s' is %s", builtins.ErrPathMismatch, req.Path, h.dir.Join(p))
	case known:
		return p, nil
	}
	p, err = h.addTree(req, t)
	if err != nil {
		return "", err
	}
	h.mu.Lock()
	h.trees[t.key] = p
	h.mu.Unlock()
	return p, nil
}

func (h *hostObjects) keep(p storepath.Path) error {
	if h.store == nil {
		return nil
	}
	return h.store.AddTempRoot(h.ctx, p)
}

// lookedAt is a tree or file that is to be added.
type lookedAt struct {
	key  treeKey
	name string         // of the file, without symlinks on the way to it
	real string         // where it lies
	in   besideFile     // the tree that it is part of, if that is being copied
	tree *treehash.Tree // nil if it is flat, or nobody has asked a filter yet
}

// request asks for the listing of a tree.
func (t *lookedAt) request(h *hostObjects, f treehash.Filter) treehash.Request {
	req := treehash.Request{Root: t.real, Filter: f}
	if t.in.beside != nil {
		req.Of, req.Rel = t.in.tree, t.in.rel
	} else {
		req.Known = h.knownHash(t.name)
	}
	return req
}

// lookAt finds a tree and asks the filter, if there is one, about every file
// that it would be asked about: the hash of a tree is a function of the tree
// and what is refused.
func (h *hostObjects) lookAt(req builtins.AddPathRequest) (t lookedAt, err error) {
	// Below a store object the kernel would follow links to the wrong place.
	t.name, err = h.files.ResolveSymlinks(req.Path, false)
	if err != nil {
		return t, err
	}
	h.locate(&t, req.Flat)
	t.key = treeKey{path: req.Path, name: req.Name, flat: req.Flat, refs: joinPaths(req.References)}
	if req.Filter == nil {
		return t, nil
	}
	t.tree, err = h.hasher.List(t.request(h, func(rel, kind string) (bool, error) {
		return req.Filter(filepath.Join(req.Path, rel), builtins.FileKind(kind))
	}))
	if err == nil {
		t.key.rejected = strings.Join(t.tree.Rejected(), "\x00")
	}
	return t, err
}

// locate finds out where a tree or file is read. A flat file of a tree that is
// being copied is waited for.
func (h *hostObjects) locate(t *lookedAt, flat bool) {
	if in, ok := h.files.beside(t.name); ok && !flat {
		if _, err := in.tree.Kind(in.rel); err == nil {
			t.in, t.real = in, in.real()
			return
		}
	}
	t.real = h.files.real(t.name)
}

// knownHash returns the NAR hash of a file that is a whole object of the store,
// zero for any other.
func (h *hostObjects) knownHash(name string) nixhash.Hash {
	if !h.dir.Contains(name) {
		return nixhash.Hash{}
	}
	p, rest, err := h.dir.Split(name)
	if err != nil || rest != "" {
		return nixhash.Hash{}
	}
	info, err := h.reader.Info(h.ctx, p)
	if err != nil { // a tree that is not in the store yet
		return nixhash.Hash{}
	}
	return info.NarHash
}

func (h *hostObjects) addTree(req builtins.AddPathRequest, t lookedAt) (storepath.Path, error) {
	sum, err := h.hashTree(req.Flat, &t)
	if err != nil && t.in.beside != nil {
		sum, err = h.hashSettled(&t)
	}
	if err != nil {
		return "", err
	}
	if !req.SHA256.IsZero() && req.SHA256 != sum {
		return "", fmt.Errorf("%w: '%s' has the hash %s, not %s", builtins.ErrPathMismatch, req.Path, sum.SRI(), req.SHA256.SRI())
	}
	p, err := h.dir.MakeFixed(req.Name, !req.Flat, sum, req.References)
	if err != nil {
		return "", err
	}
	if h.store == nil {
		h.files.mu.Lock()
		h.files.trees[p] = t.real
		h.files.mu.Unlock()
		return p, nil
	}
	if h.copies.get(p) != nil {
		return p, nil
	}
	h.commits.RLock()
	defer h.commits.RUnlock()
	src := store.Source{Name: req.Name, Path: t.real, Flat: req.Flat, Known: sum, References: req.References}
	var from *beside
	if !req.Flat {
		src.Filter = absFilter(t.real, t.tree.Rejected())
		if t.tree.Listed() {
			src.Dump = func(w io.Writer) error { return h.hasher.Dump(t.tree, w) }
		}
		if seen := t.tree.Seen(); seen != nil {
			from = &beside{tree: seen, hasher: h.hasher, root: t.real}
		}
	}
	h.copies.begin(p, func() bool { return h.inStore(p) == nil }, src, from)
	return p, nil
}

// hashTree returns the hash of a tree or, if it is flat, file.
func (h *hostObjects) hashTree(flat bool, t *lookedAt) (sum nixhash.Hash, err error) {
	if flat {
		return hashFile(t.real)
	}
	if t.tree == nil {
		if t.tree, err = h.hasher.List(t.request(h, nil)); err != nil {
			return sum, err
		}
	}
	return h.hasher.Hash(t.tree)
}

// hashSettled is hashTree for a part of a tree that is being copied whose source
// is not what it was. The object itself is waited for; most probably that will
// not be finished, either.
func (h *hostObjects) hashSettled(t *lookedAt) (sum nixhash.Hash, err error) {
	var rejected []string
	if t.tree != nil {
		rejected = t.tree.Rejected()
	}
	t.in, t.real = besideFile{}, h.files.real(t.name)
	if t.tree, err = h.hasher.List(t.request(h, treehash.Filter(relFilter(rejected)))); err != nil {
		return sum, err
	}
	return h.hasher.Hash(t.tree)
}

// hashWithout returns the hash of the tree or file at name, of which no part is
// a symlink, without what was refused.
func (h *hostObjects) hashWithout(name string, flat bool, rejected []string) (nixhash.Hash, error) {
	real := h.files.real(name)
	if flat {
		return hashFile(real)
	}
	t, err := h.hasher.List(treehash.Request{Root: real, Known: h.knownHash(name), Filter: treehash.Filter(relFilter(rejected))})
	if err != nil {
		return nixhash.Hash{}, err
	}
	return h.hasher.Hash(t)
}

// hashFile hashes the contents of a file.
func hashFile(name string) (nixhash.Hash, error) {
	f, err := os.Open(name)
	if err != nil {
		return nixhash.Hash{}, err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return nixhash.Hash{}, err
	}
	return nixhash.New(nixhash.SHA256, sum.Sum(nil))
}

func relFilter(rejected []string) nar.Filter {
	if len(rejected) == 0 {
		return nil
	}
	set := make(map[string]bool, len(rejected))
	for _, r := range rejected {
		set[r] = true
	}
	return func(path, _ string) (bool, error) { return !set[path], nil }
}

func absFilter(root string, rejected []string) func(path, kind string) (bool, error) {
	f := relFilter(rejected)
	if f == nil {
		return nil
	}
	return func(path, kind string) (bool, error) {
		return f(strings.TrimPrefix(path, root+"/"), kind)
	}
}

func joinPaths(paths []storepath.Path) string {
	var b strings.Builder
	for _, p := range paths {
		b.WriteString(string(p))
		b.WriteByte(0)
	}
	return b.String()
}
