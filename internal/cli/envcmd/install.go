package envcmd

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"isomorph/internal/cli"
	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/nixlang/eval"
	"isomorph/internal/pipeline"
	"isomorph/internal/realise"
	"isomorph/internal/storepath"
)

// wanted returns the packages to install; with --prebuilt-only those only that
// need not be built.
func (c *command) wanted(ctx context.Context) (pkgs []*pipeline.Package, err error) {
	err = c.ev.Do(func(ec *eval.Ctx) {
		for _, p := range c.find(ctx, ec, true) {
			if !c.prebuiltOnly || c.valid(ctx, ec, p) {
				pkgs = append(pkgs, p)
			}
		}
		if c.forceName != "" {
			for _, p := range pkgs {
				p.SetName(c.forceName)
			}
		}
	})
	return pkgs, err
}

func (c *command) valid(ctx context.Context, ec *eval.Ctx, p *pipeline.Package) bool {
	out := p.Out(c.ev, ec)
	valid, err := c.s.Valid(ctx, []storepath.Path{out})
	if err != nil {
		panic(eval.Wrap(0, err))
	}
	return valid[out]
}

func (c *command) install(ctx context.Context) error {
	pkgs, err := c.wanted(ctx)
	if err != nil {
		return err
	}
	if c.priority != "" {
		if _, err := strconv.ParseInt(c.priority, 10, 32); err != nil {
			return usage("'--priority' requires an integer argument")
		}
		err := c.ev.Do(func(ec *eval.Ctx) {
			for _, p := range pkgs {
				p.SetMeta(ec, "priority", eval.String(c.priority))
			}
		})
		if err != nil {
			return err
		}
	}
	return c.change(ctx, func(ec *eval.Ctx) (all, fresh []*pipeline.Package) {
		all = slices.Clone(pkgs)
		if c.removeAll {
			return all, pkgs
		}
		names := map[string]bool{}
		for _, p := range pkgs {
			name, _ := builtins.ParseDrvName(p.Name(ec))
			names[name] = true
		}
		for _, p := range c.installed(ec, c.profilePath) {
			if name, _ := builtins.ParseDrvName(p.Name(ec)); !c.preserve && names[name] && !p.MetaBool(ec, "keep") {
				c.say("replacing old '%s'", p.Name(ec))
			} else {
				all = append(all, p)
			}
		}
		for _, p := range pkgs {
			c.say("installing '%s'", p.Name(ec))
		}
		return all, pkgs
	})
}

// change makes a new generation of the profile. work returns the packages that
// it is to have, and those that are new; it is called again if somebody else
// has changed the profile meanwhile.
func (c *command) change(ctx context.Context, work func(ec *eval.Ctx) (all, fresh []*pipeline.Package)) error {
	p := c.profile()
	for {
		token := p.Token()
		var all, fresh []*pipeline.Package
		if err := c.ev.Do(func(ec *eval.Ctx) { all, fresh = work(ec) }); err != nil {
			return err
		}
		if c.common.DryRun {
			return c.plan(ctx, fresh)
		}
		env, err := c.s.BuildUserEnvironment(ctx, all, c.set.Flag("keep-env-derivations", false))
		if err != nil {
			return buildError(err)
		}
		unlock, err := p.Lock(ctx)
		if err != nil {
			return err
		}
		if p.Token() != token {
			unlock()
			c.say("profile '%s' changed while we were busy; restarting", p.Path)
			continue
		}
		err = c.newGeneration(ctx, env)
		unlock()
		return err
	}
}

// buildError gives a failed build its exit code.
func buildError(err error) error {
	return &cli.ExitError{Code: realise.ExitCode(err), Err: err}
}

// plan says what would be built.
func (c *command) plan(ctx context.Context, pkgs []*pipeline.Package) error {
	found, err := c.s.PackageGoals(ctx, pkgs)
	if err != nil {
		return err
	}
	return c.s.ShowPlan(ctx, found)
}

// newGeneration makes the profile point to a path of the store, by way of a new
// generation if it is not the newest one's already.
func (c *command) newGeneration(ctx context.Context, to storepath.Path) error {
	return c.profile().New(func(target string) bool {
		p, err := c.s.ResolvePath(target)
		return err == nil && p == to
	}, func(link string) error { return c.s.AddRoot(ctx, link, to) })
}

func (c *command) setProfile(ctx context.Context) error {
	pkgs, err := c.wanted(ctx)
	if err != nil {
		return err
	}
	if len(pkgs) != 1 {
		return errors.New("--set requires exactly one derivation")
	}
	if c.common.DryRun {
		return c.plan(ctx, pkgs)
	}
	if err := c.s.PackageOutputs(ctx, pkgs); err != nil {
		return buildError(err)
	}
	var out storepath.Path
	if err := c.ev.Do(func(ec *eval.Ctx) { out = pkgs[0].Out(c.ev, ec) }); err != nil {
		return err
	}
	return c.newGeneration(ctx, out)
}

func (c *command) uninstall(ctx context.Context) error {
	return c.change(ctx, func(ec *eval.Ctx) (all, fresh []*pipeline.Package) {
		all = c.installed(ec, c.profilePath)
		for _, arg := range c.args {
			matches := c.uninstallMatcher(ec, arg)
			left := slices.DeleteFunc(slices.Clone(all), matches)
			if len(left) == len(all) {
				c.warn("selector '%s' matched no installed derivations", arg)
			}
			for _, p := range all {
				if matches(p) {
					c.say("uninstalling '%s'", p.Name(ec))
				}
			}
			all = left
		}
		return all, nil
	})
}

// uninstallMatcher returns what tells whether an operand means a package: by a
// path of the store, or by name.
func (c *command) uninstallMatcher(ec *eval.Ctx, arg string) func(*pipeline.Package) bool {
	if strings.Contains(arg, "/") {
		path, err := c.s.ResolvePath(c.abs(arg))
		if err != nil {
			panic(eval.Wrap(0, err))
		}
		return func(p *pipeline.Package) bool { return p.Out(c.ev, ec) == path }
	}
	s, err := newSelector(arg)
	if err != nil {
		panic(eval.Wrap(0, err))
	}
	return func(p *pipeline.Package) bool { return s.matches(p.Name(ec)) }
}

func (c *command) setFlag(ctx context.Context) error {
	if len(c.args) < 2 {
		return usage("not enough arguments to '--set-flag'")
	}
	name, value := c.args[0], c.args[1]
	selectors, err := newSelectors(c.args[2:])
	if err != nil {
		return err
	}
	return c.change(ctx, func(ec *eval.Ctx) (all, fresh []*pipeline.Package) {
		all = c.installed(ec, c.profilePath)
		for _, p := range all {
			for _, s := range selectors {
				if s.matches(p.Name(ec)) {
					c.say("setting flag on '%s'", p.Name(ec))
					s.hits++
					p.SetMeta(ec, name, eval.String(value))
					break
				}
			}
		}
		for _, s := range selectors {
			if s.hits == 0 && s.full != "*" {
				panic(eval.Errorf(eval.KindOther, 0, "selector '%s' matches no derivations", s.full))
			}
		}
		return all, nil
	})
}

func (c *command) upgradeAll(ctx context.Context) error {
	return c.change(ctx, func(ec *eval.Ctx) (all, fresh []*pipeline.Package) {
		installed := c.installed(ec, c.profilePath)
		available := c.find(ctx, ec, false)
		for _, p := range installed {
			all = append(all, c.upgraded(ctx, ec, p, available))
		}
		return all, all
	})
}

// upgraded returns what an installed package is to be replaced by, or itself.
func (c *command) upgraded(ctx context.Context, ec *eval.Ctx, p *pipeline.Package, available []*pipeline.Package) *pipeline.Package {
	if p.MetaBool(ec, "keep") {
		return p
	}
	name, version := builtins.ParseDrvName(p.Name(ec))
	var best *pipeline.Package
	bestVersion := ""
	for _, q := range available {
		if comparePriorities(ec, p, q) > 0 {
			continue
		}
		newName, newVersion := builtins.ParseDrvName(q.Name(ec))
		if newName != name || !c.upgrades(builtins.CompareVersions(version, newVersion)) {
			continue
		}
		order := -1
		if best != nil {
			if order = comparePriorities(ec, best, q); order == 0 {
				order = builtins.CompareVersions(bestVersion, newVersion)
			}
		}
		if order < 0 && (!c.prebuiltOnly || c.valid(ctx, ec, q)) {
			best, bestVersion = q, newVersion
		}
	}
	if best == nil || p.Out(c.ev, ec) == best.Out(c.ev, ec) {
		return p
	}
	action := "upgrading"
	if builtins.CompareVersions(version, bestVersion) > 0 {
		action = "downgrading"
	}
	c.say("%s '%s' to '%s'", action, p.Name(ec), best.Name(ec))
	return best
}

// upgrades tells whether a package may be replaced by one to whose version its
// own compares like this.
func (c *command) upgrades(order int) bool {
	switch c.upgrade {
	case "leq":
		return order <= 0
	case "eq":
		return order == 0
	case "always":
		return true
	}
	return order < 0
}
