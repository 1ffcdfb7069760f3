package builtins

import (
	"errors"

	"isomorph/internal/flakeref"
	"isomorph/internal/input"
	"isomorph/internal/nixlang/eval"
)

// treeKind says which builtin fetches a tree: they differ in their arguments
// and in what they return.
type treeKind struct {
	name     string // in messages
	git      bool   // fetchGit: the type is given, a name is allowed, export-ignore is heeded
	final    bool   // the attributes are those of a lock file
	fallback bool   // rev and revCount are zeros when there is none
}

var (
	fetchTreeKind      = treeKind{name: "fetchTree"}
	fetchGitKind       = treeKind{name: "fetchGit", git: true, fallback: true}
	fetchFinalTreeKind = treeKind{name: "fetchTree", final: true}
)

func (w *world) primFetchTree(k treeKind) func(*eval.Ctx, eval.Pos, []eval.Value) eval.Value {
	return func(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
		in := w.treeArgument(c, args[0], k)
		return w.treeValue(c, w.fetchTree(c, in, k), k.fallback)
	}
}

// FetchTree fetches an input as builtins.fetchTree does, with the same rules for
// pure and restricted evaluation, and returns the value of it. With final, the
// attributes are those of a lock file. Errors are thrown.
func (w *world) FetchTree(c *eval.Ctx, in input.Attrs, final bool) (eval.Value, *input.Fetched) {
	k := fetchTreeKind
	if final {
		k = fetchFinalTreeKind
	}
	r := w.fetchTree(c, normalised(in, w.opts.features()), k)
	return w.treeValue(c, r, false), r
}

func normalised(in input.Attrs, f input.Features) input.Attrs {
	a, err := input.Normalise(in, f)
	if err != nil {
		panic(eval.Wrap(0, err))
	}
	return a
}

// treeArgument reads a URL, or a set of attributes.
func (w *world) treeArgument(c *eval.Ctx, arg eval.Value, k treeKind) input.Attrs {
	v := c.Force(arg)
	if v.Type() == eval.TypeSet {
		return w.treeAttrs(c, v.AsAttrs(), k)
	}
	url := c.CoerceToString(0, v, &eval.ContextSet{}, "while evaluating the first argument passed to '"+k.name+"'", eval.CoerceNoCopy)
	if k.git {
		return normalised(input.Attrs{"type": "git", "url": gitURL(url), "exportIgnore": true}, w.opts.features())
	}
	if !w.opts.Flakes {
		fail("passing a string argument to '%s' requires the 'flakes' experimental feature", k.name)
	}
	ref, err := flakeref.ParseInput(url, func(msg string) { w.warn(c, msg) })
	if err != nil {
		panic(eval.Wrap(0, err))
	}
	return normalised(input.Attrs(ref), w.opts.features())
}

func gitURL(s string) string {
	u, err := flakeref.FixGitURL(s)
	if err != nil {
		panic(eval.Wrap(0, err))
	}
	return u.String()
}

func (w *world) treeAttrs(c *eval.Ctx, set *eval.Attrs, k treeKind) input.Attrs {
	a := input.Attrs{}
	typ, hasType := set.GetAttr(c.Intern("type"))
	switch {
	case k.git && hasType:
		fail("unexpected argument 'type'")
	case k.git:
		a["type"] = "git"
	case !hasType:
		fail("argument 'type' is missing in call to '%s'", k.name)
	default:
		a["type"] = c.ForceStringNoCtx(typ.Pos, typ.Value, "while evaluating the `type` argument passed to '"+k.name+"'")
	}
	for at := range inOrder(set) {
		if name := c.Name(at.Name); name != "type" {
			a[name] = w.treeAttr(c, name, at, k)
		}
	}
	return w.treeDefaults(a, k)
}

// treeAttr turns a value into an attribute of an input.
func (w *world) treeAttr(c *eval.Ctx, name string, at eval.Attr, k treeKind) input.Attr {
	v := c.ForceAt(at.Value, at.Pos)
	switch v.Type() {
	case eval.TypePath, eval.TypeString:
		s := c.CoerceToString(at.Pos, v, &eval.ContextSet{}, "", eval.CoerceNoCopy)
		if k.git && name == "url" {
			s = gitURL(s)
		}
		return s
	case eval.TypeBool:
		return v.AsBool()
	case eval.TypeInt:
		if v.AsInt() < 0 {
			fail("negative value given for '%s' argument '%s': %d", k.name, name, v.AsInt())
		}
		return uint64(v.AsInt())
	}
	if name == "publicKeys" {
		if !w.opts.features().VerifiedFetches {
			panic(eval.Wrap(0, &input.FeatureError{Feature: "verified-fetches"}))
		}
		return toJSON(c, 0, v, nil)
	}
	panic(eval.Errorf(eval.KindType, 0, "argument '%s' to '%s' is %s while a string, Boolean or integer is expected", name, k.name, c.ShowType(v)))
}

// treeDefaults fills in what the builtins differ in.
func (w *world) treeDefaults(a input.Attrs, k treeKind) input.Attrs {
	if _, ok := a["exportIgnore"]; k.git && !ok && !a.Bool("submodules") {
		a["exportIgnore"] = true
	}
	if _, ok := a["shallow"]; a.Type() == "git" && !k.git && !ok {
		a["shallow"] = true
	}
	if _, ok := a["name"]; !k.git && ok {
		fail("argument 'name' isn’t supported in call to '%s'", k.name)
	}
	return normalised(a, w.opts.features())
}

// fetchTree checks that an input may be fetched in this mode, and fetches it.
func (w *world) fetchTree(c *eval.Ctx, in input.Attrs, k treeKind) *input.Fetched {
	c.Alone()
	if !w.opts.PureEval && !input.IsDirect(in) && w.opts.Flakes {
		resolved, err := w.host.LookUpInput(in)
		if err != nil {
			panic(eval.Wrap(0, err))
		}
		in = resolved
	}
	if w.opts.PureEval && !input.IsLocked(in, w.opts.TrustForges) {
		w.refuseUnlocked(in, k)
	}
	u, err := input.URL(in)
	if err != nil {
		panic(eval.Wrap(0, err))
	}
	w.checkURL(u.String())
	switch {
	case k.final:
		in = in.Clone()
		in["__final"] = true
	case input.IsFinal(in):
		fail("input '%s' is not allowed to use the '__final' attribute", u.Redacted())
	}
	r, err := w.host.FetchTree(in)
	if err != nil {
		panic(treeError(err))
	}
	w.access.allow(w.dir.Join(r.Path))
	return r
}

// refuseUnlocked throws for an input that may change, unless its hash is given.
func (w *world) refuseUnlocked(in input.Attrs, k treeKind) {
	u, err := input.URL(in)
	if err != nil {
		panic(eval.Wrap(0, err))
	}
	if _, ok := in.Str("narHash"); !ok {
		fail("in pure evaluation mode, '%s' doesn't fetch unlocked input '%s'", k.name, u.Redacted())
	}
	w.host.Warn("Input '" + u.Redacted() + "' is unlocked (e.g. lacks a Git revision) but is checked by NAR hash. " +
		"This is not reproducible and will break after garbage collection or when shared.")
}

// treeError gives an error its trace: which input, or which submodule of which
// input, was being fetched.
func treeError(err error) *eval.Error {
	if f, ok := err.(*input.FetchError); ok {
		return treeError(f.Err).With(0, "while fetching the input '"+f.Input+"'")
	}
	e := eval.Wrap(0, err)
	if errors.As(err, new(*input.MismatchError)) {
		e.Exit = exitHashMismatch
	}
	return e
}

// treeValue is what the builtins return.
func (w *world) treeValue(c *eval.Ctx, r *input.Fetched, fallback bool) eval.Value {
	b := c.NewAttrs(12)
	b.Set(eval.SymOutPath, w.storeString(r.Path))
	if h := r.NarHash(); !h.IsZero() {
		b.SetName("narHash", eval.String(h.SRI()))
	}
	if with, ok := r.Submodules(); ok {
		b.SetName("submodules", eval.Bool(with))
	}
	switch {
	case r.Rev() != "":
		b.SetName("rev", eval.String(r.Rev()))
		b.SetName("shortRev", eval.String(r.ShortRev()))
	case fallback:
		b.SetName("rev", eval.String(input.NullRev))
		b.SetName("shortRev", eval.String(input.NullRev[:input.ShortLen]))
	}
	if n, ok := r.RevCount(); ok || fallback {
		b.SetName("revCount", eval.Int(int64(n)))
	}
	if rev, short, ok := r.DirtyRev(); ok {
		b.SetName("dirtyRev", eval.String(rev))
		b.SetName("dirtyShortRev", eval.String(short))
	}
	if t, ok := r.LastModified(); ok {
		b.SetName("lastModified", eval.Int(int64(t)))
		b.SetName("lastModifiedDate", eval.String(r.LastModifiedDate()))
	}
	return b.Build()
}
