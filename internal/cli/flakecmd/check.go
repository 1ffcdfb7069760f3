package flakecmd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"isomorph/internal/build"
	"isomorph/internal/cli"
	"isomorph/internal/flake"
	"isomorph/internal/nixlang/eval"
	"isomorph/internal/nixlang/syntax"
	"isomorph/internal/pipeline"
	"isomorph/internal/storepath"
)

// checkFlags are the flags of flake check.
type checkFlags struct {
	noBuild, allSystems, keepGoing, printOut bool
	outLink                                  string
}

func newCheck(env *cli.Env, deps Deps) *cobra.Command {
	c := &command{env: env, deps: deps}
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check [FLAKE]",
		Short: "Evaluate all that a flake provides, and build its checks",
		Long: `Evaluates the outputs of a flake for this system, looks whether each is what its name says
(packages are derivations, overlays are functions of "final", templates have a path ...), and builds
the derivations in "checks". What is wrong is told with the place in the flake. Hydra jobs may not
import what a derivation makes, unless the setting allow-import-from-derivation is given; with
--no-build everything else may as far as that has been built.`,
		Example: `  isomorph flake check
  isomorph flake check --no-build github:OWNER/REPO`,
		Args: c.oneFlake,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.check(cmd.Context(), &f) },
	}
	c.register(cmd)
	fl := cmd.Flags()
	fl.BoolVar(&f.noBuild, "no-build", false, "evaluate only, and build nothing")
	fl.BoolVar(&f.allSystems, "all-systems", false, "evaluate what is there for other systems, too")
	fl.BoolVarP(&f.keepGoing, "keep-going", "k", false, "go on after an error and tell all of them")
	fl.BoolVar(&f.printOut, "print-out-paths", false, "print the paths of the checks' outputs")
	fl.StringVarP(&f.outLink, "out-link", "o", "", "make links to the checks' outputs: `LINK`, LINK-2, ...")
	return cmd
}

func (c *command) check(ctx context.Context, f *checkFlags) error {
	if f.keepGoing {
		c.shared.Options = append(c.shared.Options, "keep-going=true")
	}
	s, done, err := c.session(ctx, f.noBuild)
	if err != nil {
		return err
	}
	defer done()
	l, err := c.lock(ctx, s, func(fl *flake.Flags) { fl.ApplyConfig = true })
	if err != nil {
		return err
	}
	ev := s.Evaluator(ctx)
	k := &checker{env: c.env, flags: f, ev: ev, system: ev.System(), attrs: map[storepath.Path][]string{}, omitted: map[string]bool{}}
	k.say("evaluating flake...")
	if err := ev.Do(func(ec *eval.Ctx) { k.c = ec; k.outputs(outputsOf(ec, ev, l)) }); err != nil {
		return err
	}
	if !f.noBuild {
		if err := ev.Commit(ctx); err != nil {
			return err
		}
		if err := k.build(ctx, s); err != nil {
			return err
		}
	}
	if k.failed {
		return errors.New("some errors were encountered during the evaluation")
	}
	k.say("all checks passed!")
	if len(k.omitted) > 0 {
		k.warn("The check omitted these incompatible systems: " + strings.Join(sortedNames(k.omitted), ", ") + "\nUse '--all-systems' to check all.")
	}
	return nil
}

// checker looks at the outputs of a flake as "nix flake check" does.
type checker struct {
	env    *cli.Env
	flags  *checkFlags
	ev     *pipeline.Evaluator
	c      *eval.Ctx
	system string
	failed bool // and went on

	drvs    []storepath.Path            // to build, in order
	attrs   map[storepath.Path][]string // where they are in the flake
	omitted map[string]bool             // systems
}

func (k *checker) say(format string, args ...any) {
	fmt.Fprintln(k.env.Stderr, syntax.ForTerminal(fmt.Sprintf(format, args...)))
}

func (k *checker) warn(msg string) { k.say("warning: %s", msg) }

// report tells of an error and goes on, or ends the check with it.
func (k *checker) report(err *eval.Error) {
	if !k.flags.keepGoing || err.Kind == eval.KindStopped {
		panic(err)
	}
	k.failed = true
	k.say("%s", k.ev.State.RenderError(err, k.ev.ShowTrace()))
}

// try does one check; its error is reported with where it was made.
func (k *checker) try(pos eval.Pos, where string, f func()) {
	if err := k.c.Try(f); err != nil {
		k.report(err.With(pos, where))
	}
}

// wrong throws an error.
func wrong(format string, args ...any) { panic(eval.Errorf(eval.KindOther, 0, format, args...)) }

// each goes through the attributes of a set.
func (k *checker) each(pos eval.Pos, v eval.Value, f func(name string, at eval.Attr)) {
	for _, at := range byName(k.c, k.c.ForceAttrs(pos, v, "")) {
		f(k.c.Name(at.Name), at)
	}
}

// perSystem goes through an output that has an attribute for each system.
func (k *checker) perSystem(pos eval.Pos, v eval.Value, f func(system string, at eval.Attr)) {
	k.each(pos, v, func(system string, at eval.Attr) {
		if !strings.Contains(system, "-") {
			k.report(eval.Errorf(eval.KindOther, 0, "'%s' is not a valid system type, at %s", system, k.ev.State.Files().Position(at.Pos)))
		}
		if system != k.system && !k.flags.allSystems {
			k.omitted[system] = true
			return
		}
		f(system, at)
	})
}

// replacements are names of outputs that are not to be used any more.
var replacements = map[string]string{
	"defaultPackage": "packages.<system>.default", "defaultApp": "apps.<system>.default", "defaultTemplate": "templates.default",
	"defaultBundler": "bundlers.<system>.default", "overlay": "overlays.default", "devShell": "devShells.<system>.default",
	"nixosModule": "nixosModules.default",
}

// unchecked are outputs that others than Nix give a meaning.
const unchecked = "lib darwinConfigurations darwinModules flakeModule flakeModules herculesCI homeConfigurations homeModule homeModules nixopsConfigurations"

func (k *checker) outputs(v eval.Value) {
	a := k.c.ForceAttrs(0, v, "while evaluating the outputs of a flake")
	hydra := k.c.Intern("hydraJobs")
	if at, ok := a.GetAttr(hydra); ok {
		k.output("hydraJobs", at)
	}
	for _, at := range byName(k.c, a) {
		if at.Name != hydra {
			k.output(k.c.Name(at.Name), at)
		}
	}
}

func (k *checker) output(name string, at eval.Attr) {
	k.say("checking flake output '%s'...", name)
	k.ev.DefaultIFD(name != "hydraJobs")
	k.try(at.Pos, "while checking flake output '"+name+"'", func() {
		v := k.c.ForceAt(at.Value, at.Pos)
		if better, ok := replacements[name]; ok {
			k.warn("flake output attribute '" + name + "' is deprecated; use '" + better + "' instead")
		}
		k.kind(name, v, at.Pos)
	})
}

// kind checks an output by its name.
func (k *checker) kind(name string, v eval.Value, pos eval.Pos) {
	direct := func(check func(string, eval.Attr)) {
		k.perSystem(pos, v, func(system string, at eval.Attr) { check(name+"."+system, at) })
	}
	nested := func(check func(string, eval.Attr)) {
		k.perSystem(pos, v, func(system string, at eval.Attr) {
			k.each(at.Pos, at.Value, func(n string, at eval.Attr) { check(name+"."+system+"."+n, at) })
		})
	}
	list := func(check func(string, eval.Attr)) {
		k.each(pos, v, func(n string, at eval.Attr) { check(name+"."+n, at) })
	}
	whole := eval.Attr{Pos: pos, Value: v}
	derivation := func(path string, at eval.Attr) { k.derivation(path, at) }
	switch name {
	case "checks":
		nested(k.checkToBuild)
	case "packages", "devShells":
		nested(derivation)
	case "formatter", "defaultPackage", "devShell":
		direct(derivation)
	case "apps":
		nested(k.app)
	case "defaultApp":
		direct(k.app)
	case "legacyPackages":
		direct(func(string, eval.Attr) {})
	case "overlay":
		k.overlay(name, whole)
	case "overlays":
		list(k.overlay)
	case "nixosModule":
		k.module(name, whole)
	case "nixosModules":
		list(k.module)
	case "nixosConfigurations":
		list(k.configuration)
	case "hydraJobs":
		k.hydraJobs(name, whole, 0)
	case "defaultTemplate":
		k.template(name, whole)
	case "templates":
		list(k.template)
	case "defaultBundler":
		direct(k.bundler)
	case "bundlers":
		nested(k.bundler)
	default:
		if !among(name, unchecked) {
			k.warn("unknown flake output '" + name + "'")
		}
	}
}

// derivation checks that a value is one, and returns its path, "" if not.
func (k *checker) derivation(path string, at eval.Attr) (drv storepath.Path) {
	k.say("checking derivation %s...", path)
	k.try(at.Pos, "while checking the derivation '"+path+"'", func() {
		v := k.c.Force(at.Value)
		if !k.c.IsDerivation(v) {
			wrong("flake attribute '%s' is not a derivation", path)
		}
		p := k.ev.Packages(k.c, v, "", k.c.State().EmptyAttrs().AsAttrs(), false)[0]
		if drv = p.Drv(k.ev, k.c); drv != "" {
			k.say("derivation evaluated to %s", k.c.State().StoreDir()+"/"+string(drv))
		}
	})
	return drv
}

// missingDrvRelease is the version of Nix 2 from which on a check without a
// drvPath is an error.
const missingDrvRelease = 36

func (k *checker) checkToBuild(path string, at eval.Attr) {
	drv := k.derivation(path, at)
	if drv == "" && k.c.Since(missingDrvRelease) {
		k.report(eval.Errorf(eval.KindOther, 0, "'%s.drvPath' does not exist", path[:strings.LastIndex(path, ".")]))
	}
	if drv == "" || !strings.HasPrefix(path, "checks."+k.system+".") {
		return
	}
	if k.attrs[drv] == nil {
		k.drvs = append(k.drvs, drv)
	}
	k.attrs[drv] = append(k.attrs[drv], path)
}

// build builds the checks.
func (k *checker) build(ctx context.Context, s *pipeline.Session) error {
	if len(k.drvs) == 0 {
		return nil
	}
	var found []pipeline.Found
	for _, drv := range k.drvs {
		more, err := s.AllOutputs(drv)
		if err != nil {
			return err
		}
		found = append(found, more...)
	}
	plan, err := s.Plan(ctx, found)
	if err != nil {
		return err
	}
	if n := len(plan.Builds) + len(plan.Downloads); n > 0 {
		k.say("running %d flake checks...", n)
	}
	outs, err := s.Realise(ctx, found)
	s.CloseDisplay()
	if err != nil {
		return k.buildFailed(s, err)
	}
	for i, o := range outs {
		if k.flags.outLink != "" {
			if err := s.AddRoot(ctx, numbered(installableAbs(k.env, k.flags.outLink), i), o.Path); err != nil {
				return err
			}
		}
		if k.flags.printOut {
			fmt.Fprintln(k.env.Stdout, s.PrintPath(o.Path))
		}
	}
	return nil
}

// buildFailed names the checks that failed.
func (k *checker) buildFailed(s *pipeline.Session, err error) error {
	var several interface{ Unwrap() []error }
	failures := []error{err}
	if errors.As(err, &several) {
		failures = several.Unwrap()
	}
	var texts []string
	for _, err := range failures {
		b, ok := errors.AsType[*build.Error](err)
		if !ok {
			texts = append(texts, err.Error())
			continue
		}
		path := s.PrintPath(b.Drv) + "^*"
		if k.attrs[b.Drv] == nil {
			texts = append(texts, fmt.Sprintf("build of '%s' failed: %s", path, b.Error()))
		}
		for _, attr := range k.attrs[b.Drv] {
			texts = append(texts, fmt.Sprintf("failed to build attribute '%s', build of '%s' failed: %s", attr, path, b.Error()))
		}
	}
	if !k.flags.keepGoing {
		return &cli.ExitError{Code: cli.ExitFailure, Err: fmt.Errorf("%s", texts[0])}
	}
	for _, t := range texts {
		k.say("error: %s", t)
	}
	k.failed = true
	return nil
}
