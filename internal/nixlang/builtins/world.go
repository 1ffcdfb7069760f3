package builtins

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"syscall"

	"isomorph/internal/derivation"
	"isomorph/internal/nixlang/eval"
	"isomorph/internal/storepath"
)

// world is the part of the library that deals with what lies outside of the
// evaluation: files, the store, the environment. It holds what must be the
// same for all workers: each file is evaluated once, each search path entry is
// looked at once.
type world struct {
	st     *eval.State
	host   Host
	opts   Options
	dir    storepath.Dir
	hasher *derivation.Hasher
	access *access // nil: everything may be read

	mu       sync.Mutex
	resolved map[string]string     // path of an import -> file
	files    map[string]eval.Value // file -> its value, a thunk
	copies   map[string]storepath.Path
	entries  map[string]searchRoot // path of a search path entry -> what it stands for

	wholePath func() []SearchPathEntry // the search path, pure or not

	kinds       map[FileKind]eval.Value
	importedDrv eval.Value // the function that makes the value of a .drv file
}

func newWorld(st *eval.State, opts Options) *world {
	w := &world{
		st: st, host: opts.Host, opts: opts,
		dir:      storepath.Dir(st.StoreDir()),
		resolved: map[string]string{},
		files:    map[string]eval.Value{},
		copies:   map[string]storepath.Path{},
		entries:  map[string]searchRoot{},
		kinds:    map[FileKind]eval.Value{},
	}
	w.wholePath = sync.OnceValue(opts.wholePath)
	w.importedDrv = w.internalExpr(st.NewCtx(), "imported-drv-to-derivation.nix")
	w.hasher = derivation.NewHasher(w.dir, opts.Host.ReadDerivation)
	for _, k := range []FileKind{Regular, Directory, Symlink, Unknown} {
		w.kinds[k] = eval.String(string(k))
	}
	if opts.PureEval || opts.RestrictEval {
		w.access = newAccess(opts, w.wholePath)
		w.allowClosures()
	}
	if opts.RestrictEval && !opts.PureEval {
		w.missingEntries()
	}
	return w
}

// missingEntries tells of search path entries that are not there. A restricted
// evaluation looks at them before anything else, for they are what it may read;
// others when they are asked for.
func (w *world) missingEntries() {
	for _, e := range w.opts.SearchPath {
		if isPseudoURL(e.Path) || strings.HasPrefix(e.Path, flakeScheme) {
			continue
		}
		file, err := w.host.ResolveSymlinks(w.opts.absolute(e.Path), true)
		if err == nil {
			_, err = w.host.Lstat(file)
		}
		if _, told := w.entries[e.Path]; errors.Is(err, fs.ErrNotExist) && !told {
			w.host.Warn("Nix search path entry '" + e.Path + "' does not exist, ignoring")
			w.entries[e.Path] = searchRoot{}
		}
	}
}

// allowClosures lets a search path entry in the store refer to others there.
func (w *world) allowClosures() {
	for _, e := range w.searchPath() {
		p, _, err := w.dir.Split(w.opts.absolute(e.Path))
		if err != nil {
			continue // not in the store
		}
		closure, err := w.host.Closure(p)
		if err != nil {
			continue // nor will it be found there
		}
		for _, q := range closure {
			w.access.allow(w.dir.Join(q))
		}
	}
}

// primOps lists the builtins that need the world.
func (w *world) primOps() []*eval.PrimOp {
	return []*eval.PrimOp{
		{Name: "import", Args: []string{"path"}, Arity: 1, Fn: w.primImport, Doc: "Load, parse and return the Nix expression in the file *path*, or in its `default.nix` if it is a directory."},
		{Name: "scopedImport", Args: []string{"scope", "path"}, Arity: 2, Fn: w.primScopedImport, Doc: "Like `import`, with the attributes of *scope* as variables of the file. The result is not remembered."},
		{Name: "derivationStrict", Args: []string{"attrs"}, Arity: 1, Fn: w.primDerivationStrict, Doc: "Make a store derivation; the work behind `derivation`."},
		{Name: "placeholder", Args: []string{"output"}, Arity: 1, Fn: primPlaceholder, Doc: "Return a text that the builder finds replaced by the path of *output*."},
		{Name: "__toPath", Args: []string{"s"}, Arity: 1, Fn: primToPath, Doc: "Deprecated: turn *s* into an absolute path, and that into a string."},
		{Name: "__storePath", Args: []string{"path"}, Arity: 1, Fn: w.primStorePath, Doc: "Return *path*, which must be in the store already, as a dependency."},
		{Name: "__pathExists", Args: []string{"path"}, Arity: 1, Fn: w.primPathExists, Doc: "Tell whether *path* exists."},
		{Name: "__readFile", Args: []string{"path"}, Arity: 1, Fn: w.primReadFile, Doc: "Return the contents of a file as a string."},
		{Name: "__readDir", Args: []string{"path"}, Arity: 1, Fn: w.primReadDir, Doc: "Return a set of the names in a directory and their types."},
		{Name: "__readFileType", Args: []string{"p"}, Arity: 1, Fn: w.primReadFileType, Doc: "Return the type of a file: `\"regular\"`, `\"directory\"`, `\"symlink\"` or `\"unknown\"`."},
		{Name: "__hashFile", Args: []string{"type", "p"}, Arity: 2, Fn: w.primHashFile, Doc: "Return the hash of a file in base 16."},
		{Name: "__toFile", Args: []string{"name", "s"}, Arity: 2, Fn: w.primToFile, Doc: "Put the string *s* in the store as a file and return its path."},
		{Name: "__filterSource", Args: []string{"e1", "e2"}, Arity: 2, Fn: w.primFilterSource, Doc: "Copy the tree *e2* to the store, without the files for which the function *e1* is false."},
		{Name: "__path", Args: []string{"args"}, Arity: 1, Fn: w.primPath, Doc: "Copy a path to the store. *args* has `path`, and may have `name`, `filter`, `recursive` and `sha256`."},
		{Name: "__findFile", Args: []string{"search-path", "lookup-path"}, Arity: 2, Fn: w.primFindFile, Doc: "Find *lookup-path* in *search-path*; `<x>` stands for `builtins.findFile builtins.nixPath \"x\"`."},
		{Name: "__getEnv", Args: []string{"s"}, Arity: 1, Fn: w.primGetEnv, Doc: "Return an environment variable, the empty string if it is not set."},
		{Name: "__fetchurl", Args: []string{"arg"}, Arity: 1, Fn: w.primFetchurl, Doc: "Download a file and return its store path."},
		{Name: "fetchTarball", Args: []string{"args"}, Arity: 1, Fn: w.primFetchTarball, Doc: "Download an archive, unpack it and return its store path."},
		{Name: "fetchGit", Args: []string{"args"}, Arity: 1, Fn: w.primFetchTree(fetchGitKind), Doc: "Fetch a tree from a git repository: a URL, or a set with `url` and `ref`, `rev`, `name`, `submodules`, `shallow`, `allRefs`, `exportIgnore`. Return a set with `outPath` and what is known of the commit."},
		{Name: "fetchMercurial", Args: []string{"args"}, Arity: 1, Fn: w.primFetchMercurial, Doc: "Refused: Mercurial repositories cannot be fetched."},
		{Name: "__unsafeDiscardOutputDependency", Args: []string{"s"}, Arity: 1, Fn: primDiscardOutputDependency, Doc: "Make each reference to a derivation with all its outputs one to its file alone."},
		{Name: "__addDrvOutputDependencies", Args: []string{"s"}, Arity: 1, Fn: w.primAddDrvOutputDependencies, Doc: "Make the reference to a derivation's file one to all its outputs, too."},
	}
}

// featurePrims lists the builtins that are there with an experimental feature of
// Nix only.
func (w *world) featurePrims() []*eval.PrimOp {
	var prims []*eval.PrimOp
	if w.opts.FetchTree {
		prims = append(prims, &eval.PrimOp{Name: "fetchTree", Args: []string{"input"}, Arity: 1, Fn: w.primFetchTree(fetchTreeKind), Doc: "Fetch a tree or a file: a set with `type` and the attributes of that type, or a URL. Return a set with `outPath`, `narHash` and what is known of it."})
	}
	if w.opts.FetchClosure {
		prims = append(prims, &eval.PrimOp{Name: "__fetchClosure", Args: []string{"args"}, Arity: 1, Fn: w.primFetchClosure, Doc: "Return a store path that is in the store already. *args* has `fromStore` and `fromPath`, and may have `toPath` or `inputAddressed`."})
	}
	return prims
}

// constants lists the values that need the world.
func (w *world) constants(add func(name string, v eval.Value)) {
	c := w.st.NewCtx()
	add("derivation", w.internalExpr(c, "derivation-internal.nix"))
	add("__nixPath", w.nixPath(c))
}

// storeString is a store path as a value that depends on it.
func (w *world) storeString(p storepath.Path) eval.Value {
	return eval.StringWith(w.dir.Join(p), eval.NewContext(eval.ContextElem{Path: string(p)}))
}

// warn shows a warning.
func (w *world) warn(c *eval.Ctx, msg string) {
	c.Alone()
	w.host.Warn(msg)
}

// throw raises an error from the host about a file.
func throw(path string, err error) {
	panic(fileError(path, err))
}

func fileError(path string, err error) *eval.Error {
	if e, ok := errors.AsType[*eval.Error](err); ok {
		return e // of a filter
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) { // below a file there is nothing
		return &eval.Error{Kind: eval.KindOther, Msg: "path '" + path + "' does not exist", Err: err, Advice: "a relative path starts in the directory of the file that it is written in"}
	}
	e := eval.Wrap(0, err)
	if msg, ok := systemMessage(err); ok {
		e.Msg = msg
	}
	return e
}

// systemMessage words what the system says of a file as Nix does.
func systemMessage(err error) (msg string, ok bool) {
	p, isPath := errors.AsType[*fs.PathError](err)
	if !isPath {
		return "", false
	}
	errno, isErrno := errors.AsType[syscall.Errno](p.Err)
	if !isErrno || errno == syscall.EISDIR {
		return "", false
	}
	why := errno.Error()
	why = strings.ToUpper(why[:1]) + why[1:] // strerror(3)
	switch p.Op {
	case OpStatus:
		return "getting status of \"" + p.Path + "\": " + why, true
	case OpOpen:
		return "opening file '" + p.Path + "': " + why, true
	case OpReadDir:
		return "cannot read directory \"" + p.Path + "\": " + why, true
	case OpFollow:
		return "infinite symlink recursion in path '" + p.Path + "'", true
	}
	return "", false
}

// experimental says that a feature of Nix is one that isomorph does not have.
func experimental(feature, why string) *eval.Error {
	if why != "" {
		why = " (" + why + ")"
	}
	return eval.Errorf(eval.KindOther, 0, "experimental Nix feature '%s' is disabled%s; add '--extra-experimental-features %[1]s' to enable it", feature, why)
}

// SetAllowIFD says whether files that derivations make may be read from now on. It
// must not be called while anything is evaluated.
func (w *world) SetAllowIFD(allow bool) { w.opts.AllowIFD = allow }

// realise builds what the string with the context x refers to, so that its
// files can be read.
func (w *world) realise(c *eval.Ctx, x *eval.Context) {
	var outputs []DerivationOutput
	for _, e := range x.Elems() {
		if e.Kind == eval.ContextOutput {
			outputs = append(outputs, DerivationOutput{storepath.Path(e.Path), e.Output})
		}
	}
	if len(outputs) == 0 {
		return
	}
	if !w.opts.AllowIFD {
		panic(eval.Errorf(eval.KindIFD, 0, "cannot build '%s^%s' during evaluation because the option 'allow-import-from-derivation' is disabled",
			w.dir.Join(outputs[0].Derivation), outputs[0].Output).
			Advise("what is imported or read here is made by a build: allow that, --option allow-import-from-derivation true, or keep a copy of the file beside the recipe"))
	}
	c.Alone()
	if w.opts.TraceIFD {
		w.host.Warn(fmt.Sprintf("built '%s^%s' during evaluation due to an import from derivation", w.dir.Join(outputs[0].Derivation), outputs[0].Output))
	}
	if err := w.host.Realise(outputs); err != nil {
		e := eval.Wrap(0, err)
		if e.Advice == "" {
			e.Advice = "evaluation goes on with what this derivation makes, so it has to be built first: " + w.dir.Join(outputs[0].Derivation)
		}
		panic(e)
	}
	for _, o := range outputs {
		w.allowOutput(o)
	}
}

// allowOutput lets restricted evaluation read what it has built.
func (w *world) allowOutput(o DerivationOutput) {
	if w.access == nil {
		return
	}
	d, err := w.host.ReadDerivation(o.Derivation)
	if err != nil {
		return // then nothing is allowed
	}
	closure, err := w.host.Closure(d.Outputs.At(o.Output).Path)
	if err != nil {
		closure = []storepath.Path{d.Outputs.At(o.Output).Path}
	}
	for _, p := range closure {
		w.access.allow(w.dir.Join(p))
	}
}

// symlinks says how far realisePath follows them.
type symlinks uint8

const (
	followNone symlinks = iota
	followParents
	followAll
)

// realisePath turns a value into the name of a file that can be read, building
// it first if it is in the output of a derivation.
func (w *world) realisePath(c *eval.Ctx, v eval.Value, follow symlinks) string {
	var set eval.ContextSet
	path := c.CoerceToPath(0, v, &set, "while realising the context of a path")
	if follow == followNone && set.Empty() {
		return path
	}
	c.PushTraceFunc(0, func() string { return "while realising the context of path '" + path + "'" })
	w.realise(c, set.Context())
	if follow != followNone {
		path = w.follow(path, follow == followAll)
	}
	c.PopTrace()
	return path
}

// follow resolves symlinks; the embedded files have none. Whether the file may
// be read is for the caller to check.
func (w *world) follow(path string, last bool) string {
	if isEmbedded(path) {
		return path
	}
	if w.access != nil {
		return w.followChecked(path, last)
	}
	r, err := w.host.ResolveSymlinks(path, last)
	if err != nil {
		throw(path, err)
	}
	return r
}
