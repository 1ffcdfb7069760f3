package flakecmd

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"isomorph/internal/cli"
	"isomorph/internal/flake"
	"isomorph/internal/nixlang/eval"
	"isomorph/internal/pipeline"
)

func newShow(env *cli.Env, deps Deps) *cobra.Command {
	c := &command{env: env, deps: deps}
	v := &shower{warn: func(msg string) { fmt.Fprintln(env.Stderr, "warning: "+msg) }}
	cmd := &cobra.Command{
		Use:   "show [FLAKE]",
		Short: "Show what a flake provides",
		Long: `Shows the outputs of a flake as a tree. What is there for other systems, and legacyPackages,
which may be thousands, are left out unless asked for. Nothing is built, not even for
import-from-derivation.`,
		Args: c.oneFlake,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v.json = c.json
			return c.show(cmd.Context(), v)
		},
	}
	c.register(cmd)
	fl := cmd.Flags()
	fl.BoolVar(&c.json, "json", false, "print JSON")
	fl.BoolVar(&v.legacy, "legacy", false, "show legacyPackages, too")
	fl.BoolVar(&v.allSystems, "all-systems", false, "show what is there for other systems, too")
	return cmd
}

func (c *command) show(ctx context.Context, v *shower) error {
	c.shared.Options = append([]string{"allow-import-from-derivation=false"}, c.shared.Options...)
	s, done, err := c.session(ctx, true)
	if err != nil {
		return err
	}
	defer done()
	l, err := c.lock(ctx, s, nil)
	if err != nil {
		return err
	}
	ev := s.Evaluator(ctx)
	err = ev.Do(func(ec *eval.Ctx) {
		v.c, v.system = ec, ev.System()
		j := v.visit(outputsOf(ec, ev, l), nil, l.Locked.String(), "")
		if v.json {
			v.b.WriteString(flake.CompactJSON(j) + "\n")
		}
	})
	if err != nil {
		return err
	}
	_, err = io.WriteString(c.env.Stdout, v.b.String())
	return err
}

// outputsOf returns the set of a flake's outputs.
func outputsOf(c *eval.Ctx, ev *pipeline.Evaluator, l *flake.Locked) eval.Value {
	set := c.Force(ev.Flakes().Call(c, l)).AsAttrs()
	return c.Force(c.GetAttr(set, c.Intern("outputs"), "in a flake").Value)
}

// shower draws the tree of outputs, or makes the JSON of it.
type shower struct {
	c                        *eval.Ctx
	b                        strings.Builder
	system                   string
	json, legacy, allSystems bool
	warn                     func(string)
}

type object = map[string]any

// among tells whether s is one of the words.
func among(s, words string) bool { return strings.Contains(" "+words+" ", " "+s+" ") }

// visit shows the value at a path. header is the line that names it, next what
// the lines below it begin with.
func (v *shower) visit(val eval.Value, path []string, header, next string) object {
	j := object{}
	show := func() {
		top := ""
		if len(path) > 0 {
			top = path[0]
		}
		switch n := len(path); {
		case n == 0,
			n == 1 && among(top, "defaultPackage devShell formatter nixosConfigurations nixosModules defaultApp templates overlays"),
			n <= 2 && among(top, "checks packages devShells apps"):
			v.recurse(val, path, header, next, j)
		case n == 2 && among(top, "defaultPackage devShell formatter"), n == 3 && among(top, "checks packages devShells"):
			v.ownPackage(val, path, header, j)
		case top == "hydraJobs":
			v.orDerivation(val, path, header, j, func() { v.recurse(val, path, header, next, j) })
		case top == "legacyPackages":
			v.legacyPackages(val, path, header, next, j)
		case n == 2 && top == "defaultApp", n == 3 && top == "apps":
			v.app(val, header, j)
		case n == 1 && top == "defaultTemplate", n == 2 && top == "templates":
			v.template(val, header, j)
		default:
			v.other(path, header, j)
		}
	}
	if len(path) == 0 || path[0] != "legacyPackages" {
		v.c.Recurse(show)
		return j
	}
	if err := v.c.Try(func() { v.c.Recurse(show) }); err != nil && err.Kind == eval.KindOther {
		panic(err) // of the world, not of the package
	}
	return j
}

func (v *shower) line(format string, args ...any) {
	if !v.json {
		fmt.Fprintf(&v.b, format+"\n", args...)
	}
}

// attrs returns the attributes of a set.
func (v *shower) attrs(val eval.Value, path []string) []eval.Attr {
	set := v.c.Force(val)
	if set.Type() != eval.TypeSet {
		panic(eval.Errorf(eval.KindType, 0, "'%s' is not an attribute set", strings.Join(path, ".")))
	}
	var all []eval.Attr
	for at := range v.c.Sorted(set.AsAttrs()) {
		all = append(all, at)
	}
	return all
}

func child(path []string, name string) []string { return append(path[:len(path):len(path)], name) }

func (v *shower) recurse(val eval.Value, path []string, header, next string, j object) {
	v.line("%s", header)
	var kept []eval.Attr
	for _, at := range v.attrs(val, path) {
		if v.hasContent(at.Value, child(path, v.c.Name(at.Name))) {
			kept = append(kept, at)
		}
	}
	for i, at := range kept {
		branch, stem := "├───", "│   "
		if i == len(kept)-1 {
			branch, stem = "└───", "    "
		}
		name := v.c.Name(at.Name)
		sub := v.visit(at.Value, child(path, name), next+branch+name, next+stem)
		if v.json {
			j[name] = sub
		}
	}
}

// hasContent tells whether there is anything below a path that frameworks make
// for every system, empty or not.
func (v *shower) hasContent(val eval.Value, path []string) (has bool) {
	per := len(path) <= 2 && among(path[0], "apps checks devShells legacyPackages packages") ||
		len(path) == 1 && among(path[0], "formatter nixosConfigurations nixosModules overlays")
	if !per {
		return true
	}
	err := v.c.Try(func() {
		for _, at := range v.attrs(val, path) {
			if v.hasContent(at.Value, child(path, v.c.Name(at.Name))) {
				has = true
				return
			}
		}
	})
	return has || err != nil
}

func (v *shower) omitted(path []string, header, why string) {
	v.line("%s omitted %s", header, why)
	if v.json {
		v.warn(fmt.Sprintf("%s omitted %s", strings.Join(path, "."), why))
	}
}

func (v *shower) ownPackage(val eval.Value, path []string, header string, j object) {
	if !v.allSystems && path[1] != v.system {
		v.omitted(path, header, "(use '--all-systems' to show)")
		return
	}
	v.orDerivation(val, path, header, j, func() { v.warn(strings.Join(child(path, "name"), ".") + " is not a derivation") })
}

// orDerivation shows a derivation, or does something else with other values.
func (v *shower) orDerivation(val eval.Value, path []string, header string, j object, other func()) {
	err := v.c.Try(func() {
		if d := v.c.Force(val); v.c.IsDerivation(d) {
			v.derivation(d.AsAttrs(), path, header, j)
		} else {
			other()
		}
	})
	if err == nil {
		return
	}
	if err.Kind != eval.KindIFD {
		panic(err)
	}
	v.omitted(path, header, "due to use of import from derivation")
}

func (v *shower) text(a *eval.Attrs, name string) (string, bool) {
	at, ok := a.GetAttr(v.c.Intern(name))
	if !ok {
		return "", false
	}
	return v.c.ForceString(at.Pos, at.Value, "while evaluating the attribute '"+name+"'").AsString(), true
}

func (v *shower) description(a *eval.Attrs) (string, bool) {
	meta, ok := a.Get(v.c.Intern("meta"))
	if !ok {
		return "", false
	}
	set := v.c.Force(meta)
	if set.Type() != eval.TypeSet {
		return "", false
	}
	return v.text(set.AsAttrs(), "description")
}

func (v *shower) derivation(a *eval.Attrs, path []string, header string, j object) {
	name, _ := v.text(a, "name")
	if v.json {
		j["type"], j["name"] = "derivation", name
		j["description"], _ = v.description(a)
		return
	}
	what := "package"
	switch {
	case len(path) == 2 && path[0] == "devShell", path[0] == "devShells":
		what = "development environment"
	case len(path) == 3 && path[0] == "checks", path[0] == "hydraJobs":
		what = "derivation"
	}
	v.line("%s: %s '%s'", header, what, name)
}

func (v *shower) legacyPackages(val eval.Value, path []string, header, next string, j object) {
	switch {
	case len(path) == 1:
		v.recurse(val, path, header, next, j)
	case !v.legacy:
		v.omitted(path, header, "(use '--legacy' to show)")
	case !v.allSystems && path[1] != v.system:
		v.omitted(path, header, "(use '--all-systems' to show)")
	default:
		v.orDerivation(val, path, header, j, func() {
			if len(path) <= 2 {
				v.recurse(val, path, header, next, j)
			}
		})
	}
}

func (v *shower) app(val eval.Value, header string, j object) {
	a := v.c.ForceAttrs(0, val, "while evaluating an app")
	if kind, _ := v.text(a, "type"); kind != "app" {
		panic(eval.Errorf(eval.KindEval, 0, "not an app definition"))
	}
	description, ok := v.description(a)
	if v.json {
		j["type"] = "app"
		if ok {
			j["description"] = description
		}
		return
	}
	if !ok {
		description = "no description"
	}
	v.line("%s: app: %s", header, description)
}

func (v *shower) template(val eval.Value, header string, j object) {
	a := v.c.ForceAttrs(0, val, "while evaluating a template")
	at := v.c.GetAttr(a, v.c.Intern("description"), "in a template")
	description := v.c.ForceString(at.Pos, at.Value, "while evaluating the attribute 'description'").AsString()
	if v.json {
		j["type"], j["description"] = "template", description
	}
	v.line("%s: template: %s", header, description)
}

func (v *shower) other(path []string, header string, j object) {
	kind, words := "unknown", "unknown"
	switch n, top := len(path), path[0]; {
	case n == 1 && top == "overlay", n == 2 && top == "overlays":
		kind, words = "nixpkgs-overlay", "Nixpkgs overlay"
	case n == 2 && top == "nixosConfigurations":
		kind, words = "nixos-configuration", "NixOS configuration"
	case n == 1 && top == "nixosModule", n == 2 && top == "nixosModules":
		kind, words = "nixos-module", "NixOS module"
	}
	if v.json {
		j["type"] = kind
	}
	v.line("%s: %s", header, words)
}
