package flake

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"isomorph/internal/flakeref"
	"isomorph/internal/nixlang/eval"
	"isomorph/internal/storepath"
)

// Input is what a flake.nix says of an input.
type Input struct {
	Ref       *flakeref.Ref // nil if it is only the input's name, or follows
	NotFlake  bool
	Follows   *InputPath // from the root of the lock file
	Overrides map[string]Input
}

// Setting is one of nixConfig, as a text.
type Setting struct{ Name, Value string }

// Flake is a flake.nix that has been read.
type Flake struct {
	Original flakeref.Ref // as it was asked for
	Resolved flakeref.Ref // as the registries have it
	Locked   flakeref.Ref // as it was fetched
	Tree     storepath.Path
	Dir      string // in the tree, "" for its top
	root     string // name of the tree's directory

	fingerprint string // of the tree, "" if the attributes determine it

	Description *string
	Inputs      map[string]Input
	Config      []Setting

	// Dirty is set when the lock file that was used is not the one on the
	// disk: then the revision does not say what has been evaluated.
	Dirty bool

	selfAttrs flakeref.Attrs
}

// dir is the absolute directory of the flake.nix.
func (f *Flake) dir() string { return path.Join(f.root, f.Dir) }

func throw(format string, args ...any) { panic(eval.Errorf(eval.KindOther, 0, format, args...)) }

func throwErr(err error) { panic(eval.Wrap(0, err)) }

// fileReader reads one flake.nix. Its values are looked at as they are
// written: nothing is computed, so that reading the inputs of a flake is quick
// and cannot fail in interesting ways.
type fileReader struct {
	c    *eval.Ctx
	e    *Engine
	f    *Flake
	root InputPath // of the flake in the lock file
}

func (r *fileReader) place(pos eval.Pos) string {
	if pos == 0 {
		return "«none»"
	}
	return r.c.State().Files().Position(pos).String()
}

// literal finishes a value that needs no computation.
func (r *fileReader) literal(v eval.Value, pos eval.Pos) eval.Value {
	if v.IsThunk() && v.IsLiteral() {
		return r.c.ForceAt(v, pos)
	}
	return v
}

func (r *fileReader) expect(t eval.Type, v eval.Value, pos eval.Pos) eval.Value {
	v = r.literal(v, pos)
	if v.Type() != t {
		throw("expected %s but got %s at %s", t, v.Type(), r.place(pos))
	}
	return v
}

// readFlake reads the flake.nix of f.
func (e *Engine) readFlake(c *eval.Ctx, f *Flake, root InputPath) {
	r := &fileReader{c: c, e: e, f: f, root: root}
	set := e.opts.Library.EvalSetFile(c, f.dir()+"/flake.nix").AsAttrs()
	if at, ok := set.GetAttr(c.Intern("description")); ok {
		s := r.expect(eval.TypeString, at.Value, at.Pos).AsString()
		f.Description = &s
	}
	if at, ok := set.GetAttr(c.Intern("inputs")); ok {
		f.Inputs, f.selfAttrs = r.inputs(at.Value, at.Pos, true, 0)
	}
	at, ok := set.GetAttr(c.Intern("outputs"))
	if !ok {
		throw("flake '%s' lacks attribute 'outputs'", f.Resolved)
	}
	r.formals(r.expect(eval.TypeFunction, at.Value, at.Pos))
	if at, ok := set.GetAttr(c.Intern("nixConfig")); ok {
		r.config(r.expect(eval.TypeSet, at.Value, at.Pos).AsAttrs())
	}
	for at := range c.Sorted(set) {
		switch name := c.Name(at.Name); name {
		case "description", "inputs", "outputs", "nixConfig":
		default:
			throw("flake '%s' has an unsupported attribute '%s', at %s", f.Resolved, name, r.place(at.Pos))
		}
	}
}

// formals makes inputs of the arguments of outputs that are not in the list.
func (r *fileReader) formals(outputs eval.Value) {
	info, _ := r.c.Describe(outputs)
	for _, formal := range info.Formals {
		name := r.c.Name(formal.Name)
		if _, ok := r.f.Inputs[name]; ok || name == "self" {
			continue
		}
		ref, err := flakeref.Parse(name, flakeref.Options{})
		if err != nil {
			throwErr(err)
		}
		r.add(name, Input{Ref: &ref})
	}
}

func (r *fileReader) add(name string, in Input) {
	if r.f.Inputs == nil {
		r.f.Inputs = map[string]Input{}
	}
	r.f.Inputs[name] = in
}

func (r *fileReader) inputs(v eval.Value, pos eval.Pos, self bool, depth int) (map[string]Input, flakeref.Attrs) {
	if depth > maxDepth {
		throwErr(errDepth)
	}
	inputs, attrs := map[string]Input{}, flakeref.Attrs{}
	for at := range r.c.Sorted(r.expect(eval.TypeSet, v, pos).AsAttrs()) {
		name := r.c.Name(at.Name)
		if name != "self" {
			inputs[name] = r.input(at.Value, at.Pos, depth)
			continue
		}
		if !self {
			throw("'self' input attribute not allowed at %s", r.place(at.Pos))
		}
		for a := range r.c.Sorted(r.expect(eval.TypeSet, at.Value, at.Pos).AsAttrs()) {
			r.attr(attrs, a)
		}
	}
	return inputs, attrs
}

func (r *fileReader) input(v eval.Value, pos eval.Pos, depth int) Input {
	var in Input
	attrs := flakeref.Attrs{}
	var url *string
	for at := range r.c.Sorted(r.expect(eval.TypeSet, v, pos).AsAttrs()) {
		name := r.c.Name(at.Name)
		r.c.PushTrace(at.Pos, "while evaluating flake attribute '"+name+"'")
		switch name {
		case "url":
			s := r.url(at, pos)
			url, attrs["url"] = &s, s
		case "flake":
			in.NotFlake = !r.expect(eval.TypeBool, at.Value, at.Pos).AsBool()
		case "inputs":
			in.Overrides, _ = r.inputs(at.Value, at.Pos, false, depth+1)
		case "follows":
			p, err := ParseInputPath(r.expect(eval.TypeString, at.Value, at.Pos).AsString())
			if err != nil {
				throwErr(err)
			}
			p = r.root.join(p...)
			in.Follows = &p
		default:
			r.attr(attrs, at)
		}
		r.c.PopTrace()
	}
	r.reference(&in, attrs, url, pos)
	if in.Ref != nil && in.Follows != nil {
		throw("flake input has both a flake reference and a follows attribute, at %s", r.place(pos))
	}
	return in
}

// reference works out the flake reference of an input.
func (r *fileReader) reference(in *Input, attrs flakeref.Attrs, url *string, pos eval.Pos) {
	if attrs["type"] != nil {
		r.c.PushTrace(pos, "while evaluating flake input")
		ref, err := flakeref.FromAttrs(attrs)
		if err != nil {
			throwErr(err)
		}
		r.c.PopTrace()
		in.Ref = &ref
		return
	}
	delete(attrs, "url")
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		throw("unexpected flake input attribute '%s', at %s", name, r.place(pos))
	}
	if url == nil {
		return
	}
	ref, err := flakeref.Parse(*url, flakeref.Options{
		AllowMissing: true, NotFlake: in.NotFlake, KeepRelative: true, Warn: r.e.opts.Warn,
	})
	if err != nil {
		throwErr(err)
	}
	in.Ref = &ref
}

// url reads the url of an input: a text, or a path in the same tree.
func (r *fileReader) url(at eval.Attr, pos eval.Pos) string {
	switch v := r.literal(at.Value, pos); v.Type() {
	case eval.TypeString:
		return v.AsString()
	case eval.TypePath:
		return "path:" + relative(r.f.dir(), v.AsString())
	default:
		throw("expected a string or a path but got %s at %s", v.Type(), r.place(at.Pos))
		return ""
	}
}

// relative returns how to get from one directory of a tree to another.
func relative(from, to string) string {
	a, b := strings.Split(from, "/"), strings.Split(to, "/")
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	parts := append(slices.Repeat([]string{".."}, len(a)), b...)
	if len(parts) == 0 {
		return "."
	}
	return strings.Join(parts, "/")
}

// attr takes an attribute over as it is.
func (r *fileReader) attr(attrs flakeref.Attrs, at eval.Attr) {
	name := r.c.Name(at.Name)
	switch v := at.Value; v.Type() {
	case eval.TypeString:
		attrs[name] = v.AsString()
	case eval.TypeBool:
		attrs[name] = v.AsBool()
	case eval.TypeInt:
		if v.AsInt() < 0 {
			panic(eval.Errorf(eval.KindEval, 0, "negative value given for flake input attribute %s: %d", name, v.AsInt()))
		}
		attrs[name] = uint64(v.AsInt())
	default:
		panic(eval.Errorf(eval.KindType, 0, "flake input attribute '%s' is %s while a string, Boolean, or integer is expected", name, r.c.ShowType(v)))
	}
}

func (r *fileReader) config(set *eval.Attrs) {
	for at := range r.c.Sorted(set) {
		name := r.c.Name(at.Name)
		r.f.Config = append(r.f.Config, Setting{name, r.setting(name, r.literal(at.Value, at.Pos), at.Pos)})
	}
}

func (r *fileReader) setting(name string, v eval.Value, pos eval.Pos) string {
	switch v.Type() {
	case eval.TypeString:
		return r.c.ForceStringNoCtx(pos, v, "")
	case eval.TypePath:
		p, _ := r.c.CopyPath(v.AsString())
		return p
	case eval.TypeInt:
		return strconv.FormatInt(v.AsInt(), 10)
	case eval.TypeBool:
		return strconv.FormatBool(v.AsBool())
	case eval.TypeList:
		var words []string
		for _, e := range v.AsList() {
			if e.Type() != eval.TypeString {
				panic(eval.Errorf(eval.KindType, 0, "list element in flake configuration setting '%s' is %s while a string is expected", name, r.c.ShowType(v)))
			}
			words = append(words, r.c.ForceStringNoCtx(pos, e, ""))
		}
		return strings.TrimLeft(strings.Join(words, " "), " ")
	}
	panic(eval.Errorf(eval.KindType, 0, "flake configuration setting '%s' is %s", name, r.c.ShowType(v)))
}

// applySelf returns the reference with what the flake asks of its own source.
func applySelf(ref flakeref.Ref, f *Flake) flakeref.Ref {
	attrs := maps.Clone(ref.Attrs)
	for _, name := range slices.Sorted(maps.Keys(f.selfAttrs)) {
		if name != "submodules" && name != "lfs" {
			throw("flake 'self' attribute '%s' is not supported", name)
		}
		attrs[name] = f.selfAttrs[name]
	}
	return flakeref.Ref{Attrs: attrs, Dir: ref.Dir}
}

func (e *Engine) frame(c *eval.Ctx, format string, args ...any) {
	c.PushTraceFunc(0, func() string { return fmt.Sprintf(format, args...) })
}
