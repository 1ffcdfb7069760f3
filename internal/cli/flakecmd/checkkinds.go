package flakecmd

import (
	"maps"
	"os"
	"slices"
	"strconv"

	"isomorph/internal/cli"
	"isomorph/internal/cli/installable"
	"isomorph/internal/nixlang/eval"
)

// byName returns the attributes of a set in the order in which Nix goes through
// it: that in which it has first seen the names.
func byName(c *eval.Ctx, a *eval.Attrs) []eval.Attr {
	var all []eval.Attr
	for at := range c.Sorted(a) {
		all = append(all, at)
	}
	slices.SortStableFunc(all, func(a, b eval.Attr) int { return int(a.Name) - int(b.Name) })
	return all
}

func sortedNames(m map[string]bool) []string { return slices.Sorted(maps.Keys(m)) }

func installableAbs(env *cli.Env, path string) string { return installable.Abs(env, path) }

// numbered is the link for the i-th of several results.
func numbered(link string, i int) string {
	if i == 0 {
		return link
	}
	return link + "-" + strconv.Itoa(i+1)
}

// app checks a program with what is to be known of it.
func (k *checker) app(path string, at eval.Attr) {
	k.say("checking app '%s'...", path)
	k.try(at.Pos, "while checking the app definition '"+path+"'", func() {
		a := k.c.ForceAttrs(at.Pos, at.Value, "")
		k.text(a, "type", "app '"+path+"' lacks attribute 'type'")
		program, ok := a.GetAttr(k.c.Intern("program"))
		if !ok {
			wrong("app '%s' lacks attribute 'program'", path)
		}
		k.c.ForceString(program.Pos, program.Value, "")
		if meta, ok := a.GetAttr(k.c.Intern("meta")); !ok {
			k.warn("app '" + path + "' lacks attribute 'meta'")
		} else if d, ok := k.c.ForceAttrs(meta.Pos, meta.Value, "").GetAttr(k.c.Intern("description")); !ok {
			k.warn("app '" + path + "' lacks attribute 'meta.description'")
		} else {
			k.c.ForceStringNoCtx(d.Pos, d.Value, "")
		}
		k.only(a, "type program meta", "app '"+path+"'")
	})
}

// text checks that a set has an attribute that is a string.
func (k *checker) text(a *eval.Attrs, name, missing string) {
	at, ok := a.GetAttr(k.c.Intern(name))
	if !ok {
		wrong("%s", missing)
	}
	k.c.ForceStringNoCtx(at.Pos, at.Value, "")
}

// only checks that a set has no other attributes.
func (k *checker) only(a *eval.Attrs, names, what string) {
	for _, at := range byName(k.c, a) {
		if name := k.c.Name(at.Name); !among(name, names) {
			wrong("%s has unsupported attribute '%s'", what, name)
		}
	}
}

func (k *checker) overlay(path string, at eval.Attr) {
	k.say("checking overlay '%s'...", path)
	k.try(at.Pos, "while checking the overlay '"+path+"'", func() {
		v := k.c.ForceAt(at.Value, at.Pos)
		if !v.IsLambda() {
			wrong("overlay is not a function, but %s instead", k.c.ShowType(v))
		}
		info, _ := k.c.Describe(v)
		name := ""
		if info.Arg != 0 {
			name = k.c.Name(info.Arg)
		}
		if info.HasFormals || name != "final" && name != "_" && name != "_final" {
			wrong("overlay does not take an argument named 'final'")
		}
	})
}

func (k *checker) module(path string, at eval.Attr) {
	k.say("checking NixOS module '%s'...", path)
	k.try(at.Pos, "while checking the NixOS module '"+path+"'", func() { k.c.ForceAt(at.Value, at.Pos) })
}

// configuration checks that a NixOS system evaluates to a derivation.
func (k *checker) configuration(path string, at eval.Attr) {
	k.say("checking NixOS configuration '%s'...", path)
	k.try(at.Pos, "while checking the NixOS configuration '"+path+"'", func() {
		v := k.ev.SelectPath(k.c, at.Value, "config.system.build.toplevel", k.c.State().EmptyAttrs().AsAttrs())
		if !k.c.IsDerivation(k.c.Force(v)) {
			wrong("attribute 'config.system.build.toplevel' is not a derivation")
		}
	})
}

// maxJobDepth bounds how deep sets of Hydra jobs nest.
const maxJobDepth = 1000

func (k *checker) hydraJobs(path string, at eval.Attr, depth int) {
	k.say("checking Hydra job '%s'...", path)
	k.try(at.Pos, "while checking the Hydra jobset '"+path+"'", func() {
		if depth > maxJobDepth {
			panic(eval.Errorf(eval.KindStackOverflow, 0, "sets of Hydra jobs nest deeper than %d", maxJobDepth))
		}
		a := k.c.ForceAttrs(at.Pos, at.Value, "")
		if k.c.IsDerivation(k.c.Force(at.Value)) {
			wrong("jobset should not be a derivation at top-level")
		}
		for _, job := range byName(k.c, a) {
			k.c.ForceAttrs(job.Pos, job.Value, "")
			name := path + "." + k.c.Name(job.Name)
			if k.c.IsDerivation(k.c.Force(job.Value)) {
				k.say("checking Hydra job '%s'...", name)
				k.derivation(name, job)
			} else {
				k.hydraJobs(name, job, depth+1)
			}
		}
	})
}

// template checks a directory that new flakes are made from.
func (k *checker) template(path string, at eval.Attr) {
	k.say("checking template '%s'...", path)
	k.try(at.Pos, "while checking the template '"+path+"'", func() {
		a := k.c.ForceAttrs(at.Pos, at.Value, "")
		place, ok := a.GetAttr(k.c.Intern("path"))
		if !ok {
			wrong("template '%s' lacks attribute 'path'", path)
		}
		dir := k.c.CoerceToPath(place.Pos, place.Value, new(eval.ContextSet), "")
		if !k.exists(dir) {
			wrong("template '%s' refers to a non-existent path '%s'", path, dir)
		}
		k.text(a, "description", "template '"+path+"' lacks attribute 'description'")
		k.only(a, "path description welcomeText", "template '"+path+"'")
	})
}

// exists asks as the language does: the path may be one of the store.
func (k *checker) exists(path string) bool {
	f, ok := k.c.State().Global("__pathExists")
	if !ok {
		_, err := os.Lstat(path)
		return err == nil
	}
	return k.c.ForceBool(0, k.c.Call1(0, f, eval.Path(path)), "")
}

func (k *checker) bundler(path string, at eval.Attr) {
	k.say("checking bundler '%s'...", path)
	k.try(at.Pos, "while checking the template '"+path+"'", func() {
		if !k.c.ForceAt(at.Value, at.Pos).IsLambda() {
			wrong("bundler must be a function")
		}
	})
}
