package pipeline

import (
	"fmt"
	"strconv"
	"strings"

	"isomorph/internal/lazyre"
	"isomorph/internal/nixlang/eval"
	"isomorph/internal/storepath"
)

// Found is a derivation that a value holds.
type Found struct {
	Drv    storepath.Path
	Name   string
	Output string // the output that the value stands for, usually "out"

	// Plain is a path of the store that no derivation makes, such as a source;
	// Drv and Output are empty then.
	Plain storepath.Path

	Origin *Origin // of a flake's output; nil for all others
}

// Object returns the path that stands for f: its derivation, or the plain path.
func (f *Found) Object() storepath.Path {
	if f.Drv == "" {
		return f.Plain
	}
	return f.Drv
}

// attrName is which attributes of a set are searched for derivations
// (get-drvs.cc: the others could not be written in an attribute path).
var attrName = lazyre.New(`^[A-Za-z_][A-Za-z0-9_+-]*$`)

// collector finds derivations in a value as nix-instantiate does: the value
// itself, the elements of a list, the attributes of a set, and those of sets
// below that ask for it with recurseForDerivations. All are found, and have
// their names, before the first one is asked for its path.
type collector struct {
	c    *eval.Ctx
	dir  storepath.Dir
	args *eval.Attrs
	done map[*eval.Attrs]bool
	sets []*eval.Attrs // the derivations

	maxDepth int

	// ahead starts helpers on parts of a value; nil for none.
	ahead func(c *eval.Ctx, parts []eval.Value, do func(c *eval.Ctx, part eval.Value)) *eval.Team
}

// lookAhead starts helpers that look for derivations in parts of a value in the
// way of one.
func (k *collector) lookAhead(parts []eval.Value, depth int, one func(k *collector, part eval.Value)) *eval.Team {
	if k.ahead == nil || depth > 0 && len(parts) < fewParts {
		return nil
	}
	return k.ahead(k.c, parts, func(c *eval.Ctx, part eval.Value) {
		h := &collector{c: c, dir: k.dir, args: k.args, done: map[*eval.Attrs]bool{}, maxDepth: k.maxDepth}
		one(h, part)
		for _, a := range h.sets {
			h.describe(a)
		}
	})
}

func (k *collector) collect(v eval.Value, depth int) {
	if depth > k.maxDepth {
		panic(eval.Errorf(eval.KindStackOverflow, 0, "stack overflow; max-call-depth exceeded"))
	}
	v = k.c.AutoCall(v, k.args)
	if k.derivation(v) {
		return
	}
	switch v.Type() {
	case eval.TypeSet:
		k.set(v.AsAttrs(), depth)
	case eval.TypeList:
		element := func(k *collector, e eval.Value) {
			if e = k.c.Force(e); !k.derivation(e) {
				k.collect(e, depth+1)
			}
		}
		defer k.lookAhead(v.AsList(), depth, element).End()
		for _, e := range v.AsList() {
			element(k, e)
		}
	default:
		panic(eval.Errorf(eval.KindType, 0, "expression does not evaluate to a derivation (or a set or list of those)"))
	}
}

func (k *collector) set(a *eval.Attrs, depth int) {
	combine := a.Has(k.c.Intern("_combineChannels"))
	recurse := k.c.Intern("recurseForDerivations")
	var parts []eval.Value
	for at := range k.c.Sorted(a) {
		if attrName.MatchString(k.c.Name(at.Name)) {
			parts = append(parts, at.Value)
		}
	}
	attribute := func(k *collector, v eval.Value) {
		if combine {
			k.collect(v, depth+1)
			return
		}
		v = k.c.Force(v)
		if k.derivation(v) || v.Type() != eval.TypeSet {
			return
		}
		if r, ok := v.AsAttrs().Get(recurse); ok && k.c.ForceBool(0, r, "while evaluating the attribute `recurseForDerivations`") {
			k.collect(v, depth+1)
		}
	}
	defer k.lookAhead(parts, depth, attribute).End()
	for _, v := range parts {
		attribute(k, v)
	}
}

// derivation takes v if it is a derivation.
func (k *collector) derivation(v eval.Value) bool {
	if !k.c.IsDerivation(v) {
		return false
	}
	a := v.AsAttrs()
	if k.done[a] {
		return true
	}
	k.done[a] = true
	name, ok := a.GetAttr(eval.SymName)
	if !ok {
		panic(eval.Errorf(eval.KindType, 0, "derivation name missing"))
	}
	k.c.ForceStringNoCtx(name.Pos, name.Value, "while evaluating the 'name' attribute of a derivation")
	k.sets = append(k.sets, a)
	return true
}

// describeAll gives what was found to take, one after the other. What has been
// taken counts even if an error follows.
func (k *collector) describeAll(take func(Found)) {
	parts := make([]eval.Value, len(k.sets))
	for i, a := range k.sets {
		parts[i] = eval.AttrsValue(a)
	}
	if k.ahead != nil {
		defer k.ahead(k.c, parts, func(c *eval.Ctx, part eval.Value) {
			(&collector{c: c, dir: k.dir}).describe(part.AsAttrs())
		}).End()
	}
	for _, a := range k.sets {
		f := k.describe(a)
		if f.Output == "" {
			panic(eval.Errorf(eval.KindEval, 0, "derivation '%s' lacks an 'outputName' attribute", k.dir.Join(f.Drv)))
		}
		take(f)
	}
}

// describe asks a derivation for its path and the output that it stands for, ""
// if it does not say.
func (k *collector) describe(a *eval.Attrs) (f Found) {
	drv, ok := a.GetAttr(eval.SymDrvPath)
	if !ok {
		panic(eval.Errorf(eval.KindEval, 0, "derivation does not contain a 'drvPath' attribute"))
	}
	text := k.c.CoerceToString(drv.Pos, drv.Value, new(eval.ContextSet), "while evaluating the 'drvPath' attribute of a derivation", 0)
	p, err := k.dir.Parse(text)
	if err == nil && !p.IsDerivation() {
		err = fmt.Errorf("store path '%s' is not a valid derivation path", p)
	}
	if err != nil {
		panic(eval.Wrap(0, err).With(drv.Pos, "while evaluating the 'drvPath' attribute of a derivation"))
	}
	f.Drv = p
	f.Name = strings.TrimSuffix(p.Name(), ".drv")
	if o, ok := a.GetAttr(k.c.Intern("outputName")); ok {
		f.Output = k.c.ForceStringNoCtx(o.Pos, o.Value, "while evaluating the output name of a derivation")
	}
	return f
}

// splitAttrPath cuts an attribute path at its dots; a part may be quoted.
func splitAttrPath(s string) ([]string, error) {
	var parts []string
	var b strings.Builder
	quoted := false
	for i := range len(s) {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == '.' && !quoted:
			parts = append(parts, b.String())
			b.Reset()
		default:
			b.WriteByte(s[i])
		}
	}
	if quoted {
		return nil, eval.Errorf(eval.KindParse, 0, "missing closing quote in selection path '%s'", s)
	}
	if b.Len() > 0 {
		parts = append(parts, b.String())
	}
	return parts, nil
}

// selectPath goes from v along an attribute path (findAlongAttrPath in
// attr-path.cc): names select attributes, numbers list elements, and functions
// on the way are called with args.
func selectPath(c *eval.Ctx, v eval.Value, path string, args *eval.Attrs) eval.Value {
	parts, err := splitAttrPath(path)
	if err != nil {
		panic(err)
	}
	for _, part := range parts {
		v = c.AutoCall(v, args)
		if i, err := strconv.ParseUint(part, 10, 32); err == nil {
			v = selectIndex(c, v, path, int(i))
		} else {
			v = selectName(c, v, path, part)
		}
		v = c.Force(v)
	}
	return v
}

func selectIndex(c *eval.Ctx, v eval.Value, path string, i int) eval.Value {
	if v.Type() != eval.TypeList {
		panic(eval.Errorf(eval.KindType, 0, "the expression selected by the selection path '%s' should be a list but is %s", path, c.ShowType(v)))
	}
	l := v.AsList()
	if i >= len(l) {
		panic(eval.Errorf(eval.KindEval, 0, "list index %d in selection path '%s' is out of range", i, path))
	}
	return l[i]
}

func selectName(c *eval.Ctx, v eval.Value, path, name string) eval.Value {
	if v.Type() != eval.TypeSet {
		panic(eval.Errorf(eval.KindType, 0, "the expression selected by the selection path '%s' should be a set but is %s", path, c.ShowType(v)))
	}
	if name == "" {
		panic(eval.Errorf(eval.KindEval, 0, "empty attribute name in selection path '%s'", path))
	}
	a := v.AsAttrs()
	if val, ok := a.Get(c.Intern(name)); ok {
		return val
	}
	var names []string
	for at := range c.Sorted(a) {
		names = append(names, c.Name(at.Name))
	}
	panic(eval.Errorf(eval.KindEval, 0, "attribute '%s' in selection path '%s' not found", name, path).Suggest(name, names))
}
