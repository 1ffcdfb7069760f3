package flake

import (
	"isomorph/internal/flakeref"
	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/nixlang/eval"
	"isomorph/internal/storepath"
)

// Tree is a source that has been fetched.
type Tree struct {
	Path   storepath.Path
	Locked flakeref.Attrs // complete: revision, time and hash, as far as the source has them

	// Fingerprint identifies the tree if Locked does not; "" if it does.
	Fingerprint string
}

// World is all that locking asks of what is outside. Errors are plain.
type World interface {
	// Fetch makes a source a store object. final says that the attributes
	// are those of a lock file: they come back as they are, and the tree must
	// fit them.
	Fetch(attrs flakeref.Attrs, final bool) (Tree, error)

	// IsLocked tells whether a source will always be the same tree.
	IsLocked(attrs flakeref.Attrs) bool

	// ReadFile returns a file's contents; ok is false if it does not exist.
	ReadFile(name string) (text []byte, ok bool, err error)

	// SourceDir returns the directory on this machine that a source is, ""
	// if it is none that could be written to.
	SourceDir(attrs flakeref.Attrs) string

	// PutFile writes a file of such a source, and commits it with a message
	// unless that is "".
	PutFile(attrs flakeref.Attrs, name, text, message string) error

	// Store returns the logical name of a store object.
	Store(p storepath.Path) string
}

// Options are the settings of an [Engine].
type Options struct {
	Library *builtins.Library
	World   World

	// Registries in the order in which they are asked. It is called when the
	// first reference is looked up.
	Registries func() []Registry

	Pure         bool // unlocked references are refused in getFlake
	NoRegistries bool // Nix's use-registries = false

	AcceptConfig   bool   // Nix's accept-flake-config
	AllowDirtyLock bool   // allow-dirty-locks
	RefuseDirty    bool   // allow-dirty = false
	QuietDirty     bool   // warn-dirty = false
	CommitSummary  string // commit-lock-file-summary

	// Setting applies a setting of a flake's nixConfig.
	Setting func(name, value string) error
	Warn    func(msg string)
}

// Engine locks and calls flakes, for one evaluation. It fetches each source
// once.
type Engine struct {
	opts       Options
	fetched    map[string]Tree // by the attributes, as JSON
	registries []Registry
	looked     bool
	redirects  []Entry // asked before all registries
}

// New makes an engine.
func New(opts Options) *Engine { return &Engine{opts: opts, fetched: map[string]Tree{}} }

// Options returns the settings, to be changed before the engine is used.
func (e *Engine) Options() *Options { return &e.opts }

func (e *Engine) registry() []Registry {
	if !e.looked {
		e.registries, e.looked = e.opts.Registries(), true
	}
	return append([]Registry{{Kind: "flags", Entries: e.redirects, Limited: true}}, e.registries...)
}

// Redirect adds an entry that counts more than all registries.
func (e *Engine) Redirect(entry Entry) { e.redirects = append(e.redirects, entry) }

// RedirectToInputs makes the inputs of a flake what their names stand for.
// Errors are thrown.
func (e *Engine) RedirectToInputs(c *eval.Ctx, ref flakeref.Ref) {
	l := e.Lock(c, ref, Flags{NoWrite: true})
	for _, name := range l.Lock.Root.Names() {
		n, err := l.Lock.Find(InputPath{name})
		if err != nil {
			throwErr(err)
		}
		if n != nil && n != l.Lock.Root {
			e.Redirect(Entry{From: flakeref.Ref{Attrs: flakeref.Attrs{"type": "indirect", "id": name}}, To: n.Locked})
		}
	}
}

// fetchKey is a source as a key of fetched.
func fetchKey(ref flakeref.Ref, final bool) string {
	if final {
		return ref.Attrs.JSON() + "!"
	}
	return ref.Attrs.JSON()
}

// fetch gets a source, which must be direct.
func (e *Engine) fetch(ref flakeref.Ref, final bool) Tree {
	key := fetchKey(ref, final)
	if t, ok := e.fetched[key]; ok {
		return t
	}
	t, err := e.opts.World.Fetch(ref.Attrs, final)
	if err != nil {
		throwErr(err)
	}
	e.fetched[key] = t
	return t
}

// fetchRef resolves a reference and gets its source.
func (e *Engine) fetchRef(ref flakeref.Ref, which use, final bool) (resolved flakeref.Ref, t Tree) {
	resolved = ref
	if ref.IsIndirect() {
		if which == useNone {
			throw("'%s' is an indirect flake reference, but registry lookups are not allowed", flakeref.Ref{Attrs: ref.Attrs})
		}
		var err error
		if resolved, err = resolve(e.registry(), ref, which); err != nil {
			throwErr(err)
		}
	}
	return resolved, e.fetch(resolved, final)
}

// getFlake fetches a flake and reads it. root is where it lies in the lock file
// that is being made.
func (e *Engine) getFlake(c *eval.Ctx, ref flakeref.Ref, which use, root InputPath, final bool) *Flake {
	resolved, t := e.fetchRef(ref, which, final)
	f := e.flakeIn(ref, resolved, t)
	e.readFlake(c, f, root)
	if wanted := applySelf(f.Locked, f); !wanted.Equal(f.Locked) {
		delete(wanted.Attrs, "narHash")
		f = e.flakeIn(ref, resolved, e.fetch(wanted, false))
		e.readFlake(c, f, root)
	}
	return f
}

func (e *Engine) flakeIn(original, resolved flakeref.Ref, t Tree) *Flake {
	return &Flake{
		Original: original, Resolved: resolved, Locked: flakeref.Ref{Attrs: t.Locked, Dir: resolved.Dir},
		Tree: t.Path, Dir: resolved.Dir, root: e.opts.World.Store(t.Path), fingerprint: t.Fingerprint,
	}
}

// LookUp returns what an indirect reference stands for in the registries that
// may decide about inputs.
func (e *Engine) LookUp(ref flakeref.Ref) (flakeref.Ref, error) {
	return resolve(e.registry(), ref, e.useInputs(&Flags{}))
}

// useTop and useInputs say which registries the flake itself and its inputs
// may be looked up in.
func (e *Engine) useTop(flags *Flags) use {
	if e.opts.NoRegistries || flags.NoRegistries {
		return useNone
	}
	return useAll
}

func (e *Engine) useInputs(flags *Flags) use {
	if e.useTop(flags) == useNone {
		return useNone
	}
	return useLimited
}
