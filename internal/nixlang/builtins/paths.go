package builtins

import (
	"errors"
	"strings"

	"isomorph/internal/derivation"
	"isomorph/internal/nixhash"
	"isomorph/internal/nixlang/eval"
	"isomorph/internal/storepath"
)

// Builtins that turn paths and texts into store objects.

func primPlaceholder(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	output := c.ForceStringNoCtx(0, args[0], "while evaluating the first argument passed to builtins.placeholder")
	return eval.String(derivation.Placeholder(output))
}

func primToPath(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	var set eval.ContextSet
	path := c.CoerceToPath(0, args[0], &set, "while evaluating the first argument passed to builtins.toPath")
	return eval.StringWith(path, set.Context())
}

func (w *world) primStorePath(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	if w.opts.PureEval {
		panic(eval.Errorf(eval.KindEval, 0, "'builtins.storePath' is not allowed in pure evaluation mode"))
	}
	var set eval.ContextSet
	path := c.CoerceToPath(0, args[0], &set, "while evaluating the first argument passed to 'builtins.storePath'")
	// A symlink that is itself a store object is meant as it is.
	if _, err := w.dir.Parse(path); err != nil {
		path = w.follow(path, true)
	}
	if !w.dir.Contains(path) {
		panic(eval.Errorf(eval.KindEval, 0, "path '%s' is not in the Nix store", path))
	}
	p, _, err := w.dir.Split(path)
	if err == nil {
		err = w.host.EnsureValid(p)
	}
	if err != nil {
		panic(eval.Wrap(0, err))
	}
	set.AddElem(eval.ContextElem{Path: string(p)})
	return eval.StringWith(path, set.Context())
}

func (w *world) primToFile(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	name := c.ForceStringNoCtx(0, args[0], "while evaluating the first argument passed to builtins.toFile")
	contents := c.ForceString(0, args[1], "while evaluating the second argument passed to builtins.toFile")
	var refs []storepath.Path
	for _, e := range contents.Context().Elems() {
		if e.Kind != eval.ContextPath {
			panic(eval.Errorf(eval.KindEval, 0, "files created by builtins.toFile may not reference derivations, but %s references %s", name, e))
		}
		refs = append(refs, storepath.Path(e.Path))
	}
	p, err := w.host.AddText(name, []byte(contents.AsString()), refs)
	if err != nil {
		panic(eval.Wrap(0, err))
	}
	w.access.allow(w.dir.Join(p))
	return w.storeString(p)
}

func (w *world) primFilterSource(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	var set eval.ContextSet
	path := c.CoerceToPath(0, args[1], &set, "while evaluating the second argument (the path to filter) passed to 'builtins.filterSource'")
	filter := c.ForceFunction(0, args[0], "while evaluating the first argument passed to builtins.filterSource")
	return w.addPath(c, &pathAddition{path: path, name: lastPart(path), filter: filter, context: set.Context()})
}

func (w *world) primPath(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	a := &pathAddition{}
	var set eval.ContextSet
	given := c.ForceAttrs(0, args[0], "while evaluating the argument passed to 'builtins.path'")
	for at := range inOrder(given) {
		w.pathArgument(c, a, &set, at)
	}
	if a.path == "" {
		panic(eval.Errorf(eval.KindEval, 0, "missing required 'path' attribute in the first argument to 'builtins.path'"))
	}
	if a.name == "" {
		a.name = lastPart(a.path)
	}
	a.context = set.Context()
	return w.addPath(c, a)
}

func (w *world) pathArgument(c *eval.Ctx, a *pathAddition, set *eval.ContextSet, at eval.Attr) {
	switch name := c.Name(at.Name); name {
	case "path":
		a.path = c.CoerceToPath(at.Pos, at.Value, set, "while evaluating the 'path' attribute passed to 'builtins.path'")
	case "name":
		a.name = c.ForceStringNoCtx(at.Pos, at.Value, "while evaluating the `name` attribute passed to builtins.path")
	case "filter":
		a.filter = c.ForceFunction(at.Pos, at.Value, "while evaluating the `filter` parameter passed to builtins.path")
	case "recursive":
		a.flat = !c.ForceBool(at.Pos, at.Value, "while evaluating the `recursive` attribute passed to builtins.path")
	case "sha256":
		text := c.ForceStringNoCtx(at.Pos, at.Value, "while evaluating the `sha256` attribute passed to builtins.path")
		a.sha256 = w.parseHash(c, text, nixhash.SHA256)
	default:
		panic(eval.Errorf(eval.KindEval, at.Pos, "unsupported argument '%s' to 'builtins.path'", eval.QuoteAttrName(name)))
	}
}

// pathAddition is a path that is to become a store object.
type pathAddition struct {
	path, name string
	filter     eval.Value // zero: none
	flat       bool
	sha256     nixhash.Hash
	context    *eval.Context // of path
	thrown     any           // by the filter, through its caller
}

func (w *world) addPath(c *eval.Ctx, a *pathAddition) eval.Value {
	c.PushTraceFunc(0, func() string { return "while adding path '" + a.path + "'" })
	req := AddPathRequest{Name: a.name, Flat: a.flat, SHA256: a.sha256}
	if a.context.Len() > 0 && w.dir.Contains(a.path) {
		w.realise(c, a.context)
		req.References = w.referencesOf(a.path)
	}
	if p, ok := w.pinned(&req); ok {
		c.PopTrace()
		return w.storeString(p)
	}
	req.Path = w.follow(a.path, true)
	w.check(req.Path)
	if !a.filter.IsZero() {
		req.Filter = w.filter(c, a)
	}
	req.Filter = w.visible(req.Path, req.Filter)
	p, err := w.host.AddPath(req)
	switch {
	case a.thrown != nil:
		panic(a.thrown)
	case errors.Is(err, ErrPathMismatch):
		panic(&eval.Error{Kind: eval.KindEval, Err: err, Msg: "store path mismatch in (possibly filtered) path added from '" + a.path + "'"})
	case err != nil:
		throw(req.Path, err)
	}
	w.access.allow(w.dir.Join(p))
	c.PopTrace()
	return w.storeString(p)
}

// pinned returns the path that a request with a hash must lead to, if that is
// in the store: then the file itself is not needed, and may even be gone.
func (w *world) pinned(req *AddPathRequest) (storepath.Path, bool) {
	if req.SHA256.IsZero() {
		return "", false
	}
	p, err := w.dir.MakeFixed(req.Name, !req.Flat, req.SHA256, req.References)
	if err != nil {
		panic(eval.Wrap(0, err))
	}
	if !w.host.IsValid(p) {
		return "", false
	}
	w.access.allow(w.dir.Join(p))
	return p, true
}

// referencesOf returns what the store object that path lies in refers to.
func (w *world) referencesOf(path string) []storepath.Path {
	p, _, err := w.dir.Split(path)
	if err != nil {
		return nil
	}
	refs, err := w.host.References(p)
	if err != nil {
		return nil // Nix, too, takes an unknown path for one without references
	}
	return refs
}

var errGivenUp = errors.New("the filter has been given up")

// filter makes a Filter of a function of the language. Errors in it are thrown
// through the Host, which only sees an error value; what Try does not return, it
// need not pass through at all.
func (w *world) filter(c *eval.Ctx, a *pathAddition) Filter {
	return func(path string, kind FileKind) (keep bool, err error) {
		defer func() {
			if a.thrown = recover(); a.thrown != nil {
				err = errGivenUp
			}
		}()
		if e := c.Try(func() {
			r := c.Call2(0, a.filter, eval.String(path), w.kinds[kind])
			keep = c.ForceBool(0, r, "while evaluating the return value of the path filter function")
		}); e != nil {
			return false, e
		}
		return keep, nil
	}
}

// CopyPath finds out where a path of the file system lies in the store, and
// sees to it that it is there when it is needed. It is what
// [eval.Options.CopyPath] must call.
func (w *world) CopyPath(_ *eval.Ctx, path string) (string, eval.ContextElem) {
	p, ok := w.copied(path)
	if !ok {
		p = w.copyPath(path)
		w.mu.Lock()
		w.copies[path] = p
		w.mu.Unlock()
		w.access.allow(w.dir.Join(p))
	}
	return w.dir.Join(p), eval.ContextElem{Path: string(p)}
}

func (w *world) copied(path string) (storepath.Path, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p, ok := w.copies[path]
	return p, ok
}

func (w *world) copyPath(path string) storepath.Path {
	if isEmbedded(path) {
		p, err := w.host.AddText(lastPart(path), []byte(w.embedded(path)), nil)
		if err != nil {
			panic(eval.Wrap(0, err))
		}
		return p
	}
	real := w.follow(path, false)
	w.check(real)
	p, err := w.host.AddPath(AddPathRequest{Name: lastPart(path), Path: real, Filter: w.visible(real, nil)})
	if err != nil {
		throw(real, err)
	}
	return p
}

func lastPart(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// parseHash reads a hash of a recipe. An empty one stands for zeros: people put
// it in to be told the right one.
func (w *world) parseHash(c *eval.Ctx, text string, algo nixhash.Algorithm) nixhash.Hash {
	if text == "" {
		if algo == 0 {
			panic(eval.Errorf(eval.KindOther, 0, "empty hash requires explicit hash algorithm"))
		}
		h, _ := nixhash.New(algo, make([]byte, algo.Size()))
		w.warn(c, "found empty hash, assuming '"+h.SRI()+"'")
		return h
	}
	h, err := nixhash.Parse(text, algo)
	if err != nil {
		panic(eval.Wrap(0, err))
	}
	return h
}
