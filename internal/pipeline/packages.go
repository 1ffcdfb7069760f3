package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/nixlang/eval"
	"isomorph/internal/storepath"
)

// Package is a derivation as nix-env sees it (PackageInfo in get-drvs.cc): what
// it is called and what is to be known of it, asked for one by one, since each
// answer may need an evaluation. Its methods are called within
// [Evaluator.Do]; errors are thrown.
type Package struct {
	AttrPath string // "" if it was not found in a set or list
	Failed   bool   // an assertion of it has failed

	attrs *eval.Attrs // nil for a path of the store
	name  string
	drv   storepath.Path
	out   storepath.Path
	meta  map[string]eval.Value // once it was asked for
}

// packageCollector finds packages in a value, in the order of their attribute
// paths (getDerivations).
type packageCollector struct {
	e    *Evaluator
	c    *eval.Ctx
	args *eval.Attrs
	done map[*eval.Attrs]bool

	ignoreAssertions bool // a package whose assertion fails is left out
	found            []*Package
}

// Packages returns the packages that a value holds. A package whose assertion
// fails is left out if ignoreAssertions is set.
func (e *Evaluator) Packages(c *eval.Ctx, v eval.Value, prefix string, args *eval.Attrs, ignoreAssertions bool) []*Package {
	k := packageCollector{e: e, c: c, args: args, done: map[*eval.Attrs]bool{}, ignoreAssertions: ignoreAssertions}
	k.collect(v, prefix, 0)
	return k.found
}

func (k *packageCollector) collect(v eval.Value, prefix string, depth int) {
	if depth > k.e.cfg.MaxCallDepth {
		panic(eval.Errorf(eval.KindStackOverflow, 0, "stack overflow; max-call-depth exceeded"))
	}
	v = k.c.AutoCall(v, k.args)
	v, more := k.take(v, prefix)
	if !more {
		return
	}
	switch v.Type() {
	case eval.TypeSet:
		k.set(v.AsAttrs(), prefix, depth)
	case eval.TypeList:
		for i, x := range v.AsList() {
			if _, more := k.take(x, joinAttrPath(prefix, strconv.Itoa(i))); more {
				k.collect(x, joinAttrPath(prefix, strconv.Itoa(i)), depth+1)
			}
		}
	default:
		panic(eval.Errorf(eval.KindType, 0, "expression does not evaluate to a derivation (or a set or list of those)"))
	}
}

func (k *packageCollector) set(a *eval.Attrs, prefix string, depth int) {
	combine := a.Has(k.c.Intern("_combineChannels"))
	recurse := k.c.Intern("recurseForDerivations")
	for at := range k.c.Sorted(a) {
		name := k.c.Name(at.Name)
		if !attrName.MatchString(name) {
			continue
		}
		k.c.PushTrace(at.Pos, "while evaluating the attribute '"+name+"'")
		path := joinAttrPath(prefix, name)
		if combine {
			k.collect(at.Value, path, depth+1)
		} else if v, more := k.take(at.Value, path); more && v.Type() == eval.TypeSet {
			if r, ok := v.AsAttrs().GetAttr(recurse); ok && k.c.ForceBool(r.Pos, r.Value, "while evaluating the attribute `recurseForDerivations`") {
				k.collect(v, path, depth+1)
			}
		}
		k.c.PopTrace()
	}
}

func joinAttrPath(prefix, name string) string {
	if prefix == "" {
		return name
	}
	return prefix + "." + name
}

// take takes v if it is a derivation. more tells whether it makes sense to look
// for derivations inside.
func (k *packageCollector) take(v eval.Value, path string) (forced eval.Value, more bool) {
	err := k.c.Try(func() {
		forced = k.c.Force(v)
		if more = !k.c.IsDerivation(forced); more {
			return
		}
		a := forced.AsAttrs()
		if k.done[a] {
			return
		}
		k.done[a] = true
		p := &Package{AttrPath: path, attrs: a}
		p.Name(k.c)
		k.found = append(k.found, p)
	})
	if err != nil && !(k.ignoreAssertions && err.Catchable()) {
		panic(err)
	}
	return forced, err == nil && more
}

// Name returns the name with its version.
func (p *Package) Name(c *eval.Ctx) string {
	if p.name == "" && p.attrs != nil {
		a, ok := p.attrs.GetAttr(c.Intern("name"))
		if !ok {
			panic(eval.Errorf(eval.KindType, 0, "derivation name missing"))
		}
		p.name = c.ForceStringNoCtx(0, a.Value, "while evaluating the 'name' attribute of a derivation")
	}
	return p.name
}

// SetName gives the package another name.
func (p *Package) SetName(name string) { p.name = name }

// System returns the platform, "unknown" if the derivation does not say, "" for
// a path of the store.
func (p *Package) System(c *eval.Ctx) string {
	if p.attrs == nil {
		return ""
	}
	a, ok := p.attrs.GetAttr(c.Intern("system"))
	if !ok {
		return "unknown"
	}
	return c.ForceStringNoCtx(a.Pos, a.Value, "while evaluating the 'system' attribute of a derivation")
}

// OutputName returns the output that the package stands for, "" if it does not
// say.
func (p *Package) OutputName(c *eval.Ctx) string {
	if p.attrs == nil {
		return ""
	}
	a, ok := p.attrs.GetAttr(c.Intern("outputName"))
	if !ok {
		return ""
	}
	return c.ForceStringNoCtx(0, a.Value, "while evaluating the output name of a derivation")
}

// Drv returns the derivation, "" if there is none.
func (p *Package) Drv(e *Evaluator, c *eval.Ctx) storepath.Path {
	if p.drv == "" && p.attrs != nil {
		if a, ok := p.attrs.GetAttr(c.Intern("drvPath")); ok {
			const what = "while evaluating the 'drvPath' attribute of a derivation"
			p.drv = e.storePath(c, a, what)
			if !p.drv.IsDerivation() {
				panic(eval.Errorf(eval.KindOther, 0, "store path '%s' is not a valid derivation path", p.drv).With(a.Pos, what))
			}
		}
	}
	return p.drv
}

// Out returns the output path.
func (p *Package) Out(e *Evaluator, c *eval.Ctx) storepath.Path {
	if p.out == "" && p.attrs != nil {
		if a, ok := p.attrs.GetAttr(c.Intern("outPath")); ok {
			p.out = e.storePath(c, a, "while evaluating the output path of a derivation")
		}
	}
	if p.out == "" {
		panic(eval.Errorf(eval.KindOther, 0, "derivation does not have attribute 'outPath'"))
	}
	return p.out
}

// storePath reads an attribute that is the name of a path in the store.
func (e *Evaluator) storePath(c *eval.Ctx, a eval.Attr, what string) storepath.Path {
	text := c.CoerceToString(a.Pos, a.Value, new(eval.ContextSet), what, eval.CoerceNoCopy)
	path, err := e.objects.dir.Parse(text)
	if err != nil {
		panic(eval.Wrap(0, err).With(a.Pos, what))
	}
	return path
}

// PackageOutput is one output of a package.
type PackageOutput struct {
	Name string
	Path storepath.Path // "" if it was not asked for
}

// Outputs returns the outputs by name: all of them, or those only that are to
// be installed.
func (p *Package) Outputs(e *Evaluator, c *eval.Ctx, paths, toInstall bool) []PackageOutput {
	all := p.allOutputs(e, c, paths)
	if !toInstall || p.attrs == nil {
		return sortedOutputs(all)
	}
	if a, ok := p.attrs.GetAttr(c.Intern("outputSpecified")); ok && c.ForceBool(a.Pos, a.Value, "while evaluating the 'outputSpecified' attribute of a derivation") {
		name := p.OutputName(c)
		path, ok := all[name]
		if !ok {
			panic(eval.Errorf(eval.KindOther, 0, "derivation does not have output '%s'", name))
		}
		return []PackageOutput{{name, path}}
	}
	wanted, ok := p.Meta(c, "outputsToInstall")
	if !ok {
		return sortedOutputs(all)
	}
	bad := eval.Errorf(eval.KindOther, 0, "this derivation has bad 'meta.outputsToInstall'")
	if wanted.Type() != eval.TypeList {
		panic(bad)
	}
	some := map[string]storepath.Path{}
	for _, x := range wanted.AsList() {
		if x = c.Force(x); !x.IsString() {
			panic(bad)
		}
		path, ok := all[x.AsString()]
		if !ok {
			panic(bad)
		}
		some[x.AsString()] = path
	}
	return sortedOutputs(some)
}

func sortedOutputs(m map[string]storepath.Path) []PackageOutput {
	out := make([]PackageOutput, 0, len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, PackageOutput{name, m[name]})
	}
	return out
}

func (p *Package) allOutputs(e *Evaluator, c *eval.Ctx, paths bool) map[string]storepath.Path {
	all := map[string]storepath.Path{}
	var list eval.Attr
	ok := false
	if p.attrs != nil {
		list, ok = p.attrs.GetAttr(c.Intern("outputs"))
	}
	if !ok {
		all["out"] = ""
		if paths {
			all["out"] = p.Out(e, c)
		}
		return all
	}
	for _, x := range c.ForceList(list.Pos, list.Value, "while evaluating the 'outputs' attribute of a derivation") {
		name := c.ForceStringNoCtx(list.Pos, x, "while evaluating the name of an output of a derivation")
		if !paths {
			all[name] = ""
			continue
		}
		out, ok := p.attrs.GetAttr(c.Intern(name))
		if !ok {
			continue
		}
		a := c.ForceAttrs(list.Pos, out.Value, "while evaluating an output of a derivation")
		if at, ok := a.GetAttr(c.Intern("outPath")); ok {
			all[name] = e.storePath(c, at, "while evaluating an output path of a derivation")
		}
	}
	return all
}

func (p *Package) allMeta(c *eval.Ctx) map[string]eval.Value {
	if p.meta != nil {
		return p.meta
	}
	p.meta = map[string]eval.Value{}
	if p.attrs == nil {
		return p.meta
	}
	if a, ok := p.attrs.GetAttr(c.Intern("meta")); ok {
		for at := range c.Sorted(c.ForceAttrs(a.Pos, a.Value, "while evaluating the 'meta' attribute of a derivation")) {
			p.meta[c.Name(at.Name)] = at.Value
		}
	}
	return p.meta
}

// MetaNames returns the names of the attributes of meta, sorted.
func (p *Package) MetaNames(c *eval.Ctx) []string { return slices.Sorted(maps.Keys(p.allMeta(c))) }

// Meta returns an attribute of meta if there is one that is plain data.
func (p *Package) Meta(c *eval.Ctx, name string) (eval.Value, bool) {
	v, ok := p.allMeta(c)[name]
	if !ok || !plainMeta(c, v) {
		return eval.Value{}, false
	}
	return c.Force(v), true
}

// SetMeta sets an attribute of meta.
func (p *Package) SetMeta(c *eval.Ctx, name string, v eval.Value) {
	p.meta = maps.Clone(p.allMeta(c))
	p.meta[name] = v
}

// plainMeta tells whether a value is one of those that a user environment can
// keep: numbers, Booleans, strings, and lists and sets of them, but no
// derivations.
func plainMeta(c *eval.Ctx, v eval.Value) bool {
	c.Enter(0)
	defer c.Leave()
	v = c.Force(v)
	switch v.Type() {
	case eval.TypeList:
		for _, x := range v.AsList() {
			if !plainMeta(c, x) {
				return false
			}
		}
		return true
	case eval.TypeSet:
		if v.AsAttrs().Has(c.Intern("outPath")) {
			return false
		}
		for at := range c.Sorted(v.AsAttrs()) {
			if !plainMeta(c, at.Value) {
				return false
			}
		}
		return true
	case eval.TypeInt, eval.TypeBool, eval.TypeString, eval.TypeFloat:
		return true
	}
	return false
}

// MetaString returns an attribute of meta that is a string, "" for any other.
func (p *Package) MetaString(c *eval.Ctx, name string) string {
	if v, ok := p.Meta(c, name); ok && v.IsString() {
		return v.AsString()
	}
	return ""
}

// MetaInt returns an attribute of meta that is a number, or a string with one.
func (p *Package) MetaInt(c *eval.Ctx, name string, def int64) int64 {
	v, ok := p.Meta(c, name)
	switch {
	case !ok:
	case v.Type() == eval.TypeInt:
		return v.AsInt()
	case v.IsString():
		if n, err := strconv.ParseInt(v.AsString(), 10, 64); err == nil {
			return n
		}
	}
	return def
}

// MetaBool returns an attribute of meta that is a Boolean, or a string with the
// name of one.
func (p *Package) MetaBool(c *eval.Ctx, name string) bool {
	v, ok := p.Meta(c, name)
	switch {
	case !ok:
		return false
	case v.Type() == eval.TypeBool:
		return v.AsBool()
	}
	return v.IsString() && v.AsString() == "true"
}

// StorePackage returns the package that a path of the store is: an output, or a
// derivation, which stands for its output "out". The path may be a link, and
// may lead to a file inside.
func (s *Session) StorePackage(ctx context.Context, file string) (*Package, error) {
	path, err := s.ResolvePath(file)
	if err != nil {
		return nil, err
	}
	p := &Package{name: path.Name(), out: path}
	if !path.IsDerivation() {
		return p, nil
	}
	outs, err := s.reader.DerivationOutputs(ctx, path)
	if err != nil {
		return nil, err
	}
	p.drv, p.out, p.name = path, outs["out"], path.Name()
	if p.out == "" {
		return nil, fmt.Errorf("derivation '%s' does not have output 'out'", s.PrintPath(path))
	}
	return p, nil
}

// ResolvePath returns the store path that a file is, is inside, or links to.
func (s *Session) ResolvePath(file string) (storepath.Path, error) {
	for range maxPathLinks {
		if p, _, err := s.reader.Dir().Split(file); err == nil {
			return p, nil
		}
		if s.local != nil {
			if p, ok := s.local.Resolve(file); ok {
				return p, nil
			}
		}
		target, err := os.Readlink(file)
		if err != nil {
			break
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(file), target)
		}
		file = target
	}
	if real, err := filepath.EvalSymlinks(file); err == nil && s.local != nil {
		if p, ok := s.local.Resolve(real); ok {
			return p, nil
		}
	}
	return "", notInStore(file)
}

// maxPathLinks is how many symlinks are followed on the way to a store path.
const maxPathLinks = 40

// Valid tells which paths are valid.
func (s *Session) Valid(ctx context.Context, paths []storepath.Path) (map[storepath.Path]bool, error) {
	return s.reader.ValidPaths(ctx, paths)
}

// PackageSource returns the value of a file with packages as nix-env takes it: a
// directory without a default.nix is the set of all expressions below it.
func (e *Evaluator) PackageSource(c *eval.Ctx, file, dir string) eval.Value {
	file = e.resolveFile(c, file, dir)
	st, err := os.Stat(file)
	if err == nil && st.IsDir() {
		if _, err := os.Stat(filepath.Join(file, "default.nix")); errors.Is(err, fs.ErrNotExist) {
			d := packageDir{e: e, c: c, b: c.NewAttrs(8), seen: map[string]bool{}}
			d.b.SetName("_combineChannels", eval.List(nil))
			d.add(file, 0)
			return d.b.Build()
		}
	}
	return e.Library.EvalRootFile(c, file)
}

// DefaultPackageSource returns the packages that are installed from if nobody
// names a file: the user's expressions, or else what <nixpkgs> is, as "nixpkgs".
func (e *Evaluator) DefaultPackageSource(c *eval.Ctx, dir string) eval.Value {
	if _, err := os.Stat(dir); err == nil {
		return e.PackageSource(c, dir, "/")
	}
	return e.Library.EvalString(c, "{ _combineChannels = [ ]; nixpkgs = import <nixpkgs>; }", "/", Source{}.origin())
}

// packageDir makes one set of the expressions in a directory (getAllExprs).
type packageDir struct {
	e    *Evaluator
	c    *eval.Ctx
	b    *eval.AttrsBuilder
	seen map[string]bool
}

const (
	maxPackageFiles = 1024
	maxPackageDirs  = 64 // depth
)

func (d *packageDir) add(dir string, depth int) {
	entries, err := os.ReadDir(dir)
	if err == nil && depth > maxPackageDirs {
		err = fmt.Errorf("directories below '%s' nest deeper than %d", dir, maxPackageDirs)
	}
	if err != nil {
		panic(eval.Wrap(0, err))
	}
	for _, entry := range entries {
		name := entry.Name()
		path, err := filepath.EvalSymlinks(filepath.Join(dir, name))
		if name == "manifest.nix" || err != nil { // of a profile; a link that leads nowhere
			continue
		}
		st, err := os.Stat(path)
		if err != nil {
			continue
		}
		if st.IsDir() {
			if _, err := os.Stat(filepath.Join(path, "default.nix")); err != nil {
				d.add(path, depth+1)
				continue
			}
		} else if !strings.HasSuffix(path, ".nix") {
			continue
		}
		d.file(strings.TrimSuffix(name, ".nix"), path)
	}
}

func (d *packageDir) file(attr, path string) {
	if d.seen[attr] {
		d.e.cfg.Warn("name collision in input Nix expressions, skipping '" + path + "'")
		return
	}
	if d.seen[attr] = true; len(d.seen) == maxPackageFiles {
		panic(eval.Errorf(eval.KindOther, 0, "too many Nix expressions in directory '%s'", filepath.Dir(path)))
	}
	d.b.SetName(attr, d.c.Lazy(func(c *eval.Ctx) eval.Value { return d.e.Library.EvalRootFile(c, path) }))
}

// SelectPath goes from v along an attribute path.
func (e *Evaluator) SelectPath(c *eval.Ctx, v eval.Value, path string, args *eval.Attrs) eval.Value {
	return selectPath(c, v, path, args)
}

// Apply returns what an expression, a function, makes of the source.
func (e *Evaluator) Apply(c *eval.Ctx, text, dir string, source eval.Value) eval.Value {
	f := e.Library.EvalString(c, text, dir, Source{}.origin())
	return c.LazyCall(f, source)
}

// JSON returns a value as JSON text.
func (e *Evaluator) JSON(c *eval.Ctx, v eval.Value) string {
	return builtins.ToJSON(c, 0, v, new(eval.ContextSet))
}
