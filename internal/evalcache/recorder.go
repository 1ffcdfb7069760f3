package evalcache

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"isomorph/internal/input"
	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/storepath"
)

// World is what records are made of and compared with. Package pipeline puts
// the machine behind it, as the evaluator sees it. All methods may be called
// from several goroutines.
type World interface {
	// Dir is the logical store directory.
	Dir() storepath.Dir

	// Getenv returns a variable of the environment, "" if it is not set.
	Getenv(name string) string

	// Real returns where on this machine the bytes of a file lie that the
	// language calls by the absolute name path.
	Real(path string) string

	// Keep keeps the collector from removing the objects, valid or not, until
	// the session ends.
	Keep(ctx context.Context, objects ...storepath.Path) error

	// Valid returns those of the objects that are valid.
	Valid(ctx context.Context, objects []storepath.Path) (map[storepath.Path]bool, error)

	// Object returns the identity of a valid object: a hash of its contents
	// and references. ok is false if it is not valid.
	Object(ctx context.Context, p storepath.Path) (id Sum, ok bool, err error)

	// Downloaded returns the store path that a URL without a hash stands for
	// if it has been downloaded so lately that it would not be again.
	Downloaded(url, name string, unpack bool) (p storepath.Path, ok bool)

	// FetchTree fetches an input again. It is an object of the store
	// afterwards.
	FetchTree(in input.Attrs) (*input.Fetched, error)

	// TreePath returns the store path that the tree has now. It writes
	// nothing to the store.
	TreePath(ctx context.Context, t *Tree) (storepath.Path, error)
}

// limits of one record: an evaluation that shows or looks at more than this is
// not remembered.
const (
	maxMessages = 1 << 20 // bytes
	maxSeen     = 1 << 20 // files
)

// Recorder is a builtins.Host that notes what another one answers.
type Recorder struct {
	ctx    context.Context
	inner  builtins.Host
	world  World
	dir    storepath.Dir
	writes bool // the evaluation makes its objects valid
	start  time.Time
	disks  fileSystems

	mu        sync.Mutex
	spoiled   string // why this evaluation cannot be remembered; "" if it can
	vars      map[string]string
	files     map[string]*File
	parents   map[string]bool // directories that are known to be no symlinks
	resolved  map[string]string
	trees     []Tree
	downloads []Download
	inputs    []Input
	objects   map[storepath.Path]object
	made      map[storepath.Path]bool   // by this evaluation
	referred  map[storepath.Path]bool   // that something made refers to
	source    map[storepath.Path]string // where trees lie that are not copied
	messages  []Message
	shown     int // bytes of messages
}

// object is what was found out about a store object that the evaluation did
// not make: by whatever question, or by IsValid alone.
type object struct {
	id    Sum
	valid bool
	seen  bool
}

var _ builtins.Host = (*Recorder)(nil)

// NewRecorder returns a recorder of an evaluation that begins now, at the time
// start by the clock that file systems go by. writes tells whether the
// evaluation makes the objects valid that it adds, or only computes their
// paths.
func NewRecorder(ctx context.Context, inner builtins.Host, world World, writes bool, start time.Time) *Recorder {
	return &Recorder{
		ctx: ctx, inner: inner, world: world, dir: world.Dir(), writes: writes, start: start,
		vars: map[string]string{}, files: map[string]*File{}, parents: map[string]bool{}, resolved: map[string]string{},
		objects: map[storepath.Path]object{}, made: map[storepath.Path]bool{},
		referred: map[storepath.Path]bool{}, source: map[storepath.Path]string{},
	}
}

// Spoiled returns why the evaluation cannot be remembered, "" if it can.
func (r *Recorder) Spoiled() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.spoiled
}

// Spoil makes this an evaluation that is not remembered.
func (r *Recorder) Spoil(why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.spoil(why)
}

// spoil is Spoil for callers that hold the lock; the first reason stays.
func (r *Recorder) spoil(why string) {
	if r.spoiled == "" {
		r.spoiled = why
	}
}

// spoilErr spoils the record if a question to the world ended in an error: the
// reason of that lies outside of what is noted.
func (r *Recorder) spoilErr(what string, err error) {
	if err != nil {
		r.Spoil(what + ": " + err.Error())
	}
}

// Record returns the record with the answers given; ok is false if the
// evaluation cannot be remembered. Everything that it made must be valid by now.
func (r *Recorder) Record(answers []Answer) (rec *Record, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.files) > maxSeen {
		r.spoil("too many files")
	}
	if r.spoiled != "" {
		return nil, false
	}
	rec = &Record{Trees: r.trees, Downloads: r.downloads, Inputs: r.inputs, Messages: r.messages, Answers: answers}
	for name, value := range r.vars {
		rec.Vars = append(rec.Vars, Var{name, value})
	}
	slices.SortFunc(rec.Vars, func(a, b Var) int { return strings.Compare(a.Name, b.Name) })
	for _, f := range r.files {
		rec.Files = append(rec.Files, *f)
	}
	slices.SortFunc(rec.Files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	r.recordObjects(rec)
	return rec, true
}

func (r *Recorder) recordObjects(rec *Record) {
	for p, o := range r.objects {
		switch {
		case o.valid:
			rec.Objects = append(rec.Objects, Object{p, o.id})
		case o.seen || !r.made[p]:
			rec.Absent = append(rec.Absent, p)
		}
		// Otherwise only IsValid was asked, by somebody who then made the
		// object: it is the same whether it was there or not.
	}
	slices.SortFunc(rec.Objects, func(a, b Object) int { return strings.Compare(string(a.Path), string(b.Path)) })
	slices.Sort(rec.Absent)
	if !r.writes {
		return
	}
	for p := range r.made {
		if !r.referred[p] {
			rec.Made = append(rec.Made, p)
		}
	}
	slices.Sort(rec.Made)
}

// object finds out about a store object that something was asked of, and tells
// whether its validity accounts for all that can be seen of it. So it is with
// valid objects and with those that this evaluation makes; what lies at the
// path of another is files like all others.
func (r *Recorder) object(p storepath.Path) bool { return r.lookAt(p, true) }

func (r *Recorder) lookAt(p storepath.Path, seen bool) bool {
	r.mu.Lock()
	made := r.made[p]
	o, known := r.objects[p]
	r.mu.Unlock()
	if made {
		return true
	}
	if known && (o.seen || !seen) {
		return o.valid
	}
	now, valid, err := r.world.Object(r.ctx, p)
	r.spoilErr("store object "+string(p), err)
	r.mu.Lock()
	defer r.mu.Unlock()
	if known && (valid != o.valid || now != o.id) {
		r.spoil("store object " + string(p) + " changed during the evaluation")
	}
	r.objects[p] = object{now, valid, seen}
	return valid
}

// mustHave notes that the evaluation relied on a store object, which so has to
// be valid.
func (r *Recorder) mustHave(p storepath.Path) {
	if !r.object(p) {
		r.Spoil("store object " + string(p) + " is not valid")
	}
}

// make notes that the evaluation has made an object that refers to others.
func (r *Recorder) make(p storepath.Path, refs ...[]storepath.Path) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.made[p] = true
	for _, list := range refs {
		for _, q := range list {
			if q != p {
				r.referred[q] = true
			}
		}
	}
}

// Getenv returns a variable and notes it.
func (r *Recorder) Getenv(name string) string {
	value := r.inner.Getenv(name)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.vars[name] = value
	return value
}

// CurrentTime returns the time. An evaluation that asks for it gives another
// answer every second.
func (r *Recorder) CurrentTime() int64 {
	r.Spoil("builtins.currentTime")
	return r.inner.CurrentTime()
}

// CurrentSystem returns the platform, which is part of the key.
func (r *Recorder) CurrentSystem() string { return r.inner.CurrentSystem() }

// Trace shows a message and notes it.
func (r *Recorder) Trace(msg string) {
	r.note(Trace, msg)
	r.inner.Trace(msg)
}

// Warn shows a warning and notes it.
func (r *Recorder) Warn(msg string) {
	r.note(Warn, msg)
	r.inner.Warn(msg)
}

// EvaluationWarning shows a warning of the recipe and notes it.
func (r *Recorder) EvaluationWarning(msg string) {
	r.note(EvaluationWarning, msg)
	r.inner.EvaluationWarning(msg)
}

func (r *Recorder) note(kind MessageKind, msg string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.shown += len(msg); r.shown > maxMessages {
		r.spoil("too many messages")
		r.messages = nil
		return
	}
	r.messages = append(r.messages, Message{kind, msg})
}

// Replay shows the messages of a record again.
func (rec *Record) Replay(show func(kind MessageKind, msg string)) {
	for _, m := range rec.Messages {
		show(m.Kind, m.Text)
	}
}

func sumOf(b []byte) Sum { return sha256.Sum256(b) }

// changed is why a record is spoiled by two answers that contradict each other.
func changed(path string) string { return fmt.Sprintf("'%s' changed during the evaluation", path) }
