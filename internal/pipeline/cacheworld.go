package pipeline

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"syscall"

	"isomorph/internal/evalcache"
	"isomorph/internal/fetchtree"
	"isomorph/internal/input"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// cacheWorld is the machine as records of evaluations are compared with it: the
// files and the store that an evaluation would see, before it has added
// anything.
type cacheWorld struct {
	s       *Session
	files   *hostFiles
	objects *hostObjects
	ctx     context.Context

	inputs   *fetchtree.Fetcher // made when it is needed
	warnings []string           // of it
}

var _ evalcache.World = (*cacheWorld)(nil)

func newCacheWorld(ctx context.Context, s *Session) *cacheWorld {
	// The channel is not made for a comparison: if it is not there, files are
	// missing.
	files := newHostFiles(s.reader, nil)
	return &cacheWorld{s: s, files: files, objects: newHostObjects(ctx, s.reader, nil, files, s.Hasher()), ctx: ctx}
}

// Dir returns the logical store directory.
func (w *cacheWorld) Dir() storepath.Dir { return w.s.reader.Dir() }

// Getenv returns a variable of the environment.
func (w *cacheWorld) Getenv(name string) string { return w.s.cfg.Eval.getenv(name) }

// Real returns where the bytes of a file are.
func (w *cacheWorld) Real(path string) string { return w.files.real(path) }

// Keep makes temporary roots; a session that writes nothing has none.
func (w *cacheWorld) Keep(ctx context.Context, objects ...storepath.Path) error {
	if st := w.s.writable(); st != nil {
		return st.AddTempRoot(ctx, objects...)
	}
	return nil
}

// FetchTree fetches an input of this machine as the evaluation would. Its
// warnings are kept until it is clear that there is no evaluation.
func (w *cacheWorld) FetchTree(in input.Attrs) (*input.Fetched, error) {
	if w.inputs == nil {
		o := w.s.inputOptions()
		o.Warn = func(msg string) { w.warnings = append(w.warnings, msg) }
		w.inputs = fetchtree.New(o)
	}
	return w.inputs.Fetch(w.ctx, in)
}

// Valid returns the objects that are valid.
func (w *cacheWorld) Valid(ctx context.Context, objects []storepath.Path) (map[storepath.Path]bool, error) {
	return w.s.reader.ValidPaths(ctx, objects)
}

// Object returns the identity of a valid object.
func (w *cacheWorld) Object(ctx context.Context, p storepath.Path) (id evalcache.Sum, ok bool, err error) {
	info, err := w.s.reader.Info(ctx, p)
	if errors.Is(err, store.ErrNotFound) {
		return id, false, nil
	}
	if err != nil {
		return id, false, err
	}
	h := sha256.New()
	io.WriteString(h, info.NarHash.SRI())
	for _, r := range info.References {
		io.WriteString(h, "\x00"+string(r))
	}
	h.Sum(id[:0])
	return id, true, nil
}

// Downloaded returns what a URL stands for until tarball-ttl has passed.
func (w *cacheWorld) Downloaded(url, name string, unpack bool) (storepath.Path, bool) {
	return w.s.Inputs().Remembered(w.Dir(), url, name, unpack)
}

// TreePath computes the path of a tree.
func (w *cacheWorld) TreePath(_ context.Context, t *evalcache.Tree) (storepath.Path, error) {
	rejected := make([]string, len(t.Rejected))
	for i, r := range t.Rejected {
		rejected[i] = r.Path
	}
	sum, err := w.objects.hashWithout(t.Path, t.Flat, rejected)
	if err != nil {
		return "", err
	}
	return w.Dir().MakeFixed(t.Name, !t.Flat, sum, t.References)
}

// isReadOnly tells whether an error says that nothing can be written to a place.
func isReadOnly(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}
