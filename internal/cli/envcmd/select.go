package envcmd

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/nixlang/ere"
	"isomorph/internal/nixlang/eval"
	"isomorph/internal/pipeline"
)

// selector is a pattern of package names: a regular expression for the name,
// and the version, if there is one (DrvName in libstore/names.cc).
type selector struct {
	full, name, version string
	re                  *ere.Regexp
	hits                int
}

func newSelector(text string) (*selector, error) {
	s := &selector{full: text}
	s.name, s.version = builtins.ParseDrvName(text)
	if s.name == "*" {
		return s, nil
	}
	var err error
	s.re, err = ere.Compile(s.name)
	return s, err
}

func newSelectors(texts []string) ([]*selector, error) {
	all := make([]*selector, len(texts))
	for i, t := range texts {
		var err error
		if all[i], err = newSelector(t); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (s *selector) matches(pkg string) bool {
	name, version := builtins.ParseDrvName(pkg)
	if s.re != nil {
		if _, ok, err := new(ere.Matcher).Match(s.re, name); !ok || err != nil {
			return false
		}
	}
	return s.version == "" || s.version == version
}

// filter returns the packages that the selectors match, in the order of the
// selectors; without any, all packages.
func (c *command) filter(ec *eval.Ctx, all []*pipeline.Package, args []string, newestOnly bool) []*pipeline.Package {
	if len(args) == 0 {
		args = []string{"*"}
	}
	selectors, err := newSelectors(args)
	if err != nil {
		panic(eval.Wrap(0, err))
	}
	var out []*pipeline.Package
	done := map[*pipeline.Package]bool{}
	for _, s := range selectors {
		var matches []*pipeline.Package
		for _, p := range all {
			if s.matches(p.Name(ec)) {
				s.hits++
				matches = append(matches, p)
			}
		}
		if newestOnly {
			matches = c.newest(ec, matches)
		}
		for _, p := range matches {
			if !done[p] {
				done[p] = true
				out = append(out, p)
			}
		}
		if s.hits == 0 && s.full != "*" {
			panic(noMatch(ec, s, all))
		}
	}
	return out
}

// maxSuggestions is how many names are suggested for a selector that matches
// nothing.
const maxSuggestions = 3

func noMatch(ec *eval.Ctx, s *selector, all []*pipeline.Package) error {
	found := map[string]bool{}
	for _, p := range all {
		if name, _ := builtins.ParseDrvName(p.Name(ec)); strings.HasPrefix(name, s.name) && len(found) < maxSuggestions {
			found[name] = true
		}
	}
	var names []string
	for name := range found {
		names = append(names, name)
	}
	slices.Sort(names)
	text := ""
	if len(names) > 0 {
		text = ", maybe you meant:\n" + strings.Join(names, "\n")
	}
	return eval.Errorf(eval.KindOther, 0, "selector '%s' matches no derivations%s", s.full, text)
}

// newest picks one package of each name: that of this system, of the better
// priority, of the higher version, or else the first.
func (c *command) newest(ec *eval.Ctx, matches []*pipeline.Package) []*pipeline.Package {
	best := map[string]*pipeline.Package{}
	several := map[string]bool{}
	for _, p := range matches {
		full := p.Name(ec)
		name, version := builtins.ParseDrvName(full)
		order := 1
		if other, ok := best[name]; ok {
			_, otherVersion := builtins.ParseDrvName(other.Name(ec))
			order = cmp.Or(c.compareSystems(p.System(ec), other.System(ec)), comparePriorities(ec, p, other), builtins.CompareVersions(version, otherVersion))
		}
		switch {
		case order > 0:
			best[name] = p
			delete(several, full)
		case order == 0:
			several[full] = true
		}
	}
	names := make([]string, 0, len(best))
	for name := range best {
		names = append(names, name)
	}
	slices.Sort(names)
	out := make([]*pipeline.Package, len(names))
	for i, name := range names {
		if several[name] {
			c.warn("there are multiple derivations named '%s'; using the first one", name)
		}
		out[i] = best[name]
	}
	return out
}

func (c *command) compareSystems(a, b string) int {
	switch own := c.ev.System(); {
	case a == b:
		return 0
	case a == own:
		return 1
	case b == own:
		return -1
	}
	return 0
}

// comparePriorities is positive if a has the better priority, the lower number.
func comparePriorities(ec *eval.Ctx, a, b *pipeline.Package) int {
	return cmp.Compare(b.MetaInt(ec, "priority", 0), a.MetaInt(ec, "priority", 0))
}

// source is the value that packages come from.
func (c *command) source(ec *eval.Ctx) eval.Value {
	if c.file != "" {
		return c.ev.PackageSource(ec, c.file, c.env.Dir)
	}
	return c.ev.DefaultPackageSource(ec, c.places.Expressions)
}

func (c *command) autoArgs(ec *eval.Ctx) *eval.Attrs {
	in := pipeline.Input{Dir: c.env.Dir}
	for _, a := range c.common.Args {
		in.Args = append(in.Args, pipeline.Arg(a))
	}
	return c.ev.AutoArgs(ec, in)
}

// available returns the packages of the source, at an attribute path.
func (c *command) available(ec *eval.Ctx, attr string) []*pipeline.Package {
	args := c.autoArgs(ec)
	v := c.ev.SelectPath(ec, c.source(ec), attr, args)
	all := c.ev.Packages(ec, v, attr, args, true)
	if c.systemFilter == "" || c.systemFilter == "*" {
		return all
	}
	return slices.DeleteFunc(all, func(p *pipeline.Package) bool { return p.System(ec) != c.systemFilter })
}

// find returns the packages that the operands name.
func (c *command) find(ctx context.Context, ec *eval.Ctx, newestOnly bool) []*pipeline.Package {
	from := c.from
	if from == sourceUnknown && len(c.args) > 0 && strings.Contains(c.args[0], "/") {
		from = sourcePaths
	}
	var out []*pipeline.Package
	switch from {
	case sourcePaths:
		for _, a := range c.args {
			p, err := c.s.StorePackage(ctx, c.abs(a))
			if err != nil {
				panic(eval.Wrap(0, err))
			}
			out = append(out, p)
		}
	case sourceProfile:
		out = c.filter(ec, c.installed(ec, c.abs(c.fromProfile)), c.args, newestOnly)
	case sourceExprs:
		v := c.source(ec)
		for _, a := range c.args {
			out = append(out, c.ev.Packages(ec, c.ev.Apply(ec, a, c.env.Dir, v), "", c.autoArgs(ec), true)...)
		}
	case sourceAttrs:
		args := c.autoArgs(ec)
		v := c.source(ec)
		for _, a := range c.args {
			out = append(out, c.ev.Packages(ec, c.ev.SelectPath(ec, v, a, args), "", args, true)...)
		}
	default:
		out = c.filter(ec, c.available(ec, ""), c.args, newestOnly)
	}
	return out
}
