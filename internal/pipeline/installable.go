package pipeline

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"isomorph/internal/flake"
	"isomorph/internal/flakeref"
	"isomorph/internal/nixlang/eval"
	"isomorph/internal/storepath"
)

// Installable is an output of a flake: what "nixpkgs#hello^dev" stands for.
type Installable struct {
	Ref      flakeref.Ref
	Fragment string // attribute path, "" for the default
	Outputs  flakeref.Outputs

	// Template looks the fragment up among the templates, not the packages.
	Template bool
}

// String prints the installable as a command line has it.
func (i Installable) String() string {
	if i.Fragment == "" {
		return i.Ref.String()
	}
	return i.Ref.String() + "#" + i.Fragment
}

// attrPaths returns the attribute paths that a fragment may mean, best first.
func (i Installable) attrPaths(system string) []string {
	if i.Template {
		return i.templatePaths()
	}
	if i.Fragment == "" {
		return []string{"packages." + system + ".default", "defaultPackage." + system}
	}
	if rest, ok := strings.CutPrefix(i.Fragment, "."); ok {
		return []string{rest}
	}
	return []string{"packages." + system + "." + i.Fragment, "legacyPackages." + system + "." + i.Fragment, i.Fragment}
}

// FlakeOutput is a value that an installable selects.
type FlakeOutput struct {
	Value eval.Value
	Path  string // attribute path that was found
	Flake *flake.Locked
}

// Output finds the value of an installable. Errors are thrown.
func (e *Evaluator) Output(c *eval.Ctx, i Installable, flags flake.Flags) FlakeOutput {
	called := e.callFlake(c, i.Ref, flags)
	locked := called.locked
	outputs, _ := called.value.AsAttrs().Get(c.Intern("outputs"))
	paths := i.attrPaths(e.cfg.System)
	missing := eval.Errorf(eval.KindOther, 0, "flake '%s' does not provide attribute %s", i.Ref, orList(paths))
	for _, p := range paths {
		found, ok, candidates, name := e.along(c, outputs, p)
		if ok {
			return FlakeOutput{Value: found, Path: p, Flake: locked}
		}
		near := new(eval.Error).Suggest(name, candidates).Suggestions
		for _, n := range near {
			if !slices.Contains(missing.Suggestions, n) {
				missing.Suggestions = append(missing.Suggestions, n)
			}
		}
	}
	panic(missing)
}

// calledFlake is a locked flake with its value, or what is wrong with it.
type calledFlake struct {
	locked *flake.Locked
	value  eval.Value
	err    *eval.Error
}

// callFlake locks a flake and calls it, once for all installables of a command.
// Only the leader of a team does that: it can be seen from outside.
func (e *Evaluator) callFlake(c *eval.Ctx, ref flakeref.Ref, flags flake.Flags) calledFlake {
	flags.ApplyConfig = true
	key := ref.String() + " " + flagsKey(&flags)
	known, ok := e.called.Load(key)
	if !ok {
		c.Alone()
		var f calledFlake
		f.err = c.Try(func() {
			f.locked = e.Flakes().Lock(c, ref, flags)
			f.value = c.Force(e.Flakes().Call(c, f.locked))
		})
		known = f
		e.called.Store(key, f)
	}
	f := known.(calledFlake)
	if f.err != nil {
		panic(f.err)
	}
	return f
}

// orList quotes words and joins them as in "'a', 'b' or 'c'".
func orList(words []string) string {
	last := len(words) - 1
	if last == 0 {
		return "'" + words[0] + "'"
	}
	return "'" + strings.Join(words[:last], "', '") + "' or '" + words[last] + "'"
}

// typeFallbackRelease is the version of Nix 2 from which on a value that is no
// set where attributes are wanted makes it try the next attribute path.
const typeFallbackRelease = 36

// along goes from v along an attribute path. Where it ends without a value, the
// names are returned that are there.
func (e *Evaluator) along(c *eval.Ctx, v eval.Value, path string) (found eval.Value, ok bool, candidates []string, missing string) {
	parts, err := splitAttrPath(path)
	if err != nil {
		panic(err)
	}
	thrown := c.Try(func() {
		for i, part := range parts {
			set := c.Force(v)
			if set.Type() != eval.TypeSet {
				panic(eval.Errorf(eval.KindType, 0, "'%s' is not an attribute set", strings.Join(parts[:i], ".")))
			}
			next, has := set.AsAttrs().Get(c.Intern(part))
			if !has {
				missing = part
				for at := range c.Sorted(set.AsAttrs()) {
					candidates = append(candidates, c.Name(at.Name))
				}
				return
			}
			v = next
		}
		found, ok = c.Force(v), true
	})
	if thrown != nil && (thrown.Kind != eval.KindType || !c.Since(typeFallbackRelease)) {
		panic(thrown)
	}
	return found, ok, candidates, missing
}

// installableOutputs returns the outputs that an installable stands for.
func (e *Evaluator) installableOutputs(c *eval.Ctx, i Installable, o FlakeOutput) []Found {
	origin := describeOrigin(o.Flake, o.Path)
	if !c.IsDerivation(o.Value) {
		return []Found{e.otherOutput(c, o, origin)}
	}
	k := collector{c: c, dir: e.objects.dir, done: map[*eval.Attrs]bool{}}
	f := k.describe(o.Value.AsAttrs())
	f.Output, f.Origin = cmp.Or(f.Output, "out"), origin
	var found []Found
	for _, name := range e.outputNames(c, i, o.Value.AsAttrs(), f) {
		f.Output = name
		found = append(found, f)
	}
	return found
}

// outputNames says which outputs of a derivation are wanted: those of the
// command line, the one that the value itself is, those that the package wants
// installed, or "out".
func (e *Evaluator) outputNames(c *eval.Ctx, i Installable, a *eval.Attrs, f Found) []string {
	d, err := e.objects.ReadDerivation(f.Drv)
	if err != nil {
		panic(eval.Wrap(0, err))
	}
	have := d.OutputNames()
	switch {
	case i.Outputs.All:
		return have
	case i.Outputs.Given:
		for _, name := range i.Outputs.Names {
			if !slices.Contains(have, name) {
				panic(eval.Errorf(eval.KindOther, 0, "derivation '%s' does not have wanted outputs '%s'", e.objects.dir.Join(f.Drv), name))
			}
		}
		return i.Outputs.Names
	}
	if v, ok := a.Get(c.Intern("outputSpecified")); ok {
		if c.ForceBool(0, v, "while evaluating the attribute 'outputSpecified'") {
			return []string{f.Output}
		}
		return []string{"out"}
	}
	if names := e.outputsToInstall(c, a); len(names) > 0 {
		return names
	}
	return []string{"out"}
}

func (e *Evaluator) outputsToInstall(c *eval.Ctx, a *eval.Attrs) []string {
	meta, ok := a.Get(c.Intern("meta"))
	if !ok {
		return nil
	}
	set := c.Force(meta)
	if set.Type() != eval.TypeSet {
		return nil
	}
	v, ok := set.AsAttrs().Get(c.Intern("outputsToInstall"))
	if !ok {
		return nil
	}
	var names []string
	for _, x := range c.ForceList(0, v, "while evaluating the attribute 'meta.outputsToInstall'") {
		names = append(names, c.ForceStringNoCtx(0, x, "while evaluating the attribute 'meta.outputsToInstall'"))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// otherOutput is what a value stands for that is no derivation (libcmd,
// trySinglePathToDerivedPaths): a path becomes a store object, and a string must
// be an output of a derivation or a path of the store.
func (e *Evaluator) otherOutput(c *eval.Ctx, o FlakeOutput, origin *Origin) Found {
	v := o.Value
	if v.Type() == eval.TypePath {
		add, ok := c.State().Global("__path")
		if !ok {
			panic(eval.Errorf(eval.KindOther, 0, "there is no builtins.path"))
		}
		b := c.NewAttrs(2)
		b.SetName("path", v)
		b.SetName("name", eval.String("source"))
		v = c.Force(c.Call1(0, add, b.Build()))
	}
	if !v.IsString() {
		panic(eval.Errorf(eval.KindType, 0, "expected flake output attribute '%s' to be a derivation or path but found %s: %s", o.Path, c.ShowType(v), c.PrintForError(v)))
	}
	const what = "while evaluating the flake output attribute '%s'"
	x := v.Context().Elems()
	if len(x) != 1 {
		panic(eval.Errorf(eval.KindEval, 0, "string '%s' has %d entries in its context. It should only have exactly one entry", v.AsString(), len(x)).Withf(0, what, o.Path))
	}
	p := storepath.Path(x[0].Path)
	switch x[0].Kind {
	case eval.ContextOutput:
		return Found{Drv: p, Name: strings.TrimSuffix(p.Name(), ".drv"), Output: x[0].Output, Origin: origin}
	case eval.ContextPath:
		if full := e.objects.dir.Join(p); full != v.AsString() {
			panic(eval.Errorf(eval.KindEval, 0, "path string '%s' has context with the different path '%s'", v.AsString(), full).Withf(0, what, o.Path))
		}
		return Found{Plain: p, Name: p.Name(), Origin: origin}
	}
	panic(eval.Errorf(eval.KindEval, 0, "string '%s' has a context which refers to a complete source and binary closure. This is not supported at this time", v.AsString()).Withf(0, what, o.Path))
}

// Origin says where in which flake a derivation comes from.
type Origin struct {
	Name     string // what an image is called
	Revision string // "" if the source is not a clean commit
}

func describeOrigin(l *flake.Locked, attrPath string) *Origin {
	o := &Origin{Name: flakeName(l.Resolved)}
	if rev := l.Locked.Str("rev"); !l.Dirty {
		o.Revision = rev
	}
	parts, err := splitAttrPath(attrPath)
	if err != nil || len(parts) == 0 {
		return o
	}
	last := parts[len(parts)-1]
	if parts[0] == "nixosConfigurations" && len(parts) > 1 {
		last = parts[1]
	}
	if last != "default" && last != o.Name && !strings.ContainsAny(last, "/\x00") {
		o.Name += "-" + last
	}
	return o
}

// flakeName is what a flake is called: its directory or repository.
func flakeName(ref flakeref.Ref) string {
	name := ref.Str("repo")
	if name == "" {
		place := ref.Str("path")
		if u, err := flakeref.ParseURL(ref.Str("url")); err == nil {
			place = strings.Join(u.Path, "/")
		}
		name = strings.TrimSuffix(path.Base(path.Join("/", place, ref.Dir)), ".git")
	}
	if name == "/" || name == "." || name == "" {
		return "image"
	}
	return name
}

// LockFlake fetches a flake and locks its inputs.
func (e *Evaluator) LockFlake(ref flakeref.Ref, flags flake.Flags) (l *flake.Locked, err error) {
	err = e.Do(func(c *eval.Ctx) { l = e.Flakes().Lock(c, ref, flags) })
	return l, err
}

// IsLockedInput tells whether a source will always be the same tree.
func (e *Evaluator) IsLockedInput(attrs flakeref.Attrs) bool { return (&flakeWorld{e}).IsLocked(attrs) }

// DefaultIFD lets files that derivations make be read, or not, unless somebody has
// set that.
func (e *Evaluator) DefaultIFD(allow bool) {
	if !e.cfg.IFDDecided {
		e.Library.SetAllowIFD(allow)
	}
}

// System returns the platform that is evaluated for.
func (e *Evaluator) System() string { return e.cfg.System }
