package pipeline

import (
	"context"
	"fmt"

	"isomorph/internal/nixlang/eval"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// userEnvironment makes the derivation of a user environment of a list of
// packages (nix-env/buildenv.nix). Its attributes are Nix's, so that its path
// is, too.
const userEnvironment = `{ derivations, manifest }: derivation {
  name = "user-environment";
  system = "builtin";
  builder = "builtin:buildenv";
  inherit manifest;
  derivations = map (d:
    [ (d.meta.active or "true") (d.meta.priority or 5) (builtins.length d.outputs) ]
    ++ map (output: d.${output}) d.outputs) derivations;
  preferLocalBuild = true;
  allowSubstitutes = false;
}`

// packageRecord is a package as the manifest of an environment has it.
type packageRecord struct {
	value eval.Value
	refs  []storepath.Path // that it mentions
}

// PackageOutputs makes the outputs of packages valid.
func (s *Session) PackageOutputs(ctx context.Context, pkgs []*Package) error {
	found, outs, err := s.packageGoals(ctx, pkgs)
	if err != nil {
		return err
	}
	if _, err := s.Realise(ctx, found); err != nil {
		return err
	}
	valid, err := s.reader.ValidPaths(ctx, outs)
	for _, p := range outs {
		if err == nil && !valid[p] {
			err = unobtainable(s.PrintPath(p), store.ErrNotFound)
		}
	}
	return err
}

// PackageGoals returns what there is to build of packages.
func (s *Session) PackageGoals(ctx context.Context, pkgs []*Package) ([]Found, error) {
	found, _, err := s.packageGoals(ctx, pkgs)
	return found, err
}

// packageGoals returns all outputs of the packages that are derivations, and
// the paths of the others.
func (s *Session) packageGoals(ctx context.Context, pkgs []*Package) (found []Found, paths []storepath.Path, err error) {
	ev := s.Evaluator(ctx)
	var drvs []storepath.Path
	err = ev.Do(func(c *eval.Ctx) {
		for _, p := range pkgs {
			if drv := p.Drv(ev, c); drv != "" {
				drvs = append(drvs, drv)
				continue
			}
			for _, o := range p.Outputs(ev, c, true, true) {
				paths = append(paths, o.Path)
			}
		}
	})
	if err == nil {
		err = ev.Commit(ctx)
	}
	if err != nil {
		return nil, nil, err
	}
	for _, drv := range drvs {
		more, err := s.operandOutputs(drv, "")
		if err != nil {
			return nil, nil, err
		}
		found = append(found, more...)
	}
	return found, paths, nil
}

// BuildUserEnvironment builds the environment that has the given packages, and
// returns its path. The derivations of the packages live as long as it does if
// keepDerivations is set.
func (s *Session) BuildUserEnvironment(ctx context.Context, pkgs []*Package, keepDerivations bool) (storepath.Path, error) {
	w := s.writable()
	if w == nil {
		return "", fmt.Errorf("no user environment can be built in a read-only session")
	}
	if err := s.PackageOutputs(ctx, pkgs); err != nil {
		return "", err
	}
	ev := s.Evaluator(ctx)
	var list eval.Value
	var text string
	var refs []storepath.Path
	err := ev.Do(func(c *eval.Ctx) {
		values := make([]eval.Value, len(pkgs))
		for i, p := range pkgs {
			r := p.record(ev, c, keepDerivations)
			values[i], refs = r.value, append(refs, r.refs...)
		}
		list = eval.List(values)
		text = c.PrintWhole(list)
	})
	if err != nil {
		return "", err
	}
	manifest, err := w.AddText(ctx, "env-manifest.nix", []byte(text), refs)
	if err != nil {
		return "", err
	}
	var env Found
	err = ev.Do(func(c *eval.Ctx) {
		f := ev.Library.EvalString(c, userEnvironment, "/", Source{}.origin())
		b := c.NewAttrs(2)
		name := s.PrintPath(manifest)
		b.SetName("manifest", eval.StringWith(name, eval.NewContext(eval.ContextElem{Kind: eval.ContextPath, Path: string(manifest)})))
		b.SetName("derivations", list)
		v := c.Call1(0, f, b.Build())
		k := collector{c: c, dir: ev.objects.dir, done: map[*eval.Attrs]bool{}}
		env = k.describe(c.ForceAttrs(0, v, "while evaluating a user environment"))
	})
	if err == nil {
		err = ev.Commit(ctx)
	}
	if err != nil {
		return "", err
	}
	outs, err := s.Realise(ctx, []Found{env})
	if err != nil {
		return "", err
	}
	return outs[0].Path, nil
}

// record makes the description of a package that a manifest holds.
func (p *Package) record(e *Evaluator, c *eval.Ctx, keepDerivation bool) packageRecord {
	var r packageRecord
	text := func(path storepath.Path) eval.Value { return eval.String(e.objects.dir.Join(path)) }
	outputs := p.Outputs(e, c, true, true)
	b := c.NewAttrs(7 + len(outputs))
	b.SetName("type", eval.String("derivation"))
	b.SetName("name", eval.String(p.Name(c)))
	if system := p.System(c); system != "" {
		b.SetName("system", eval.String(system))
	}
	b.SetName("outPath", text(p.Out(e, c)))
	if drv := p.Drv(e, c); keepDerivation && drv != "" {
		b.SetName("drvPath", text(drv))
		r.refs = append(r.refs, drv)
	}
	names := make([]eval.Value, len(outputs))
	for i, o := range outputs {
		names[i] = eval.String(o.Name)
		out := c.NewAttrs(1)
		out.SetName("outPath", text(o.Path))
		b.SetName(o.Name, out.Build())
		r.refs = append(r.refs, o.Path)
	}
	b.SetName("outputs", eval.List(names))
	meta := c.NewAttrs(8)
	for _, name := range p.MetaNames(c) {
		if v, ok := p.Meta(c, name); ok {
			meta.SetName(name, v)
		}
	}
	b.SetName("meta", meta.Build())
	r.value = b.Build()
	return r
}

// InstalledPackages returns the packages of an environment, none if it is not
// there.
func (e *Evaluator) InstalledPackages(c *eval.Ctx, manifest string) []*Package {
	v := e.Library.EvalRootFile(c, manifest)
	return e.Packages(c, v, "", c.State().EmptyAttrs().AsAttrs(), false)
}
