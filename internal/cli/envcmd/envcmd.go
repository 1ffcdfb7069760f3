// Package envcmd has the classic nix-env: it installs packages into profiles,
// which are user environments with generations. Its options, output and exit
// codes are those of the Nix manual.
package envcmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"isomorph/internal/cli"
	"isomorph/internal/cli/classic"
	"isomorph/internal/cli/settings"
	"isomorph/internal/nixlang/eval"
	"isomorph/internal/nixlang/syntax"
	"isomorph/internal/pipeline"
	"isomorph/internal/profile"
)

// Deps is what the command needs from outside.
type Deps struct {
	Open     func(ctx context.Context, common *classic.Common) (*pipeline.Session, error)
	Settings func(common *classic.Common) (settings.Values, error)
	Places   func(common *classic.Common) (profile.Places, error)
}

// source says where packages come from.
type source uint8

const (
	sourceUnknown source = iota // the default file, or paths of the store if there is a "/"
	sourceExprs                 // -E: functions of the file
	sourcePaths
	sourceProfile // --from-profile
	sourceAttrs   // -A
)

// command is one run of nix-env.
type command struct {
	env    *cli.Env
	deps   Deps
	common *classic.Common
	args   []string

	file, profilePath, forceName, systemFilter string
	prebuiltOnly                               bool

	from        source
	fromProfile string
	preserve    bool   // -P
	removeAll   bool   // -r
	priority    string // --priority
	upgrade     string // lt, leq, eq, always
	q           query

	s      *pipeline.Session
	ev     *pipeline.Evaluator
	set    settings.Values
	places profile.Places
}

// operation is what nix-env is asked to do.
type operation struct {
	names  []string
	run    func(c *command, ctx context.Context) error
	values []string          // options with an argument
	flags  map[string]string // options without one, and the letter that stands for them
	noEval bool              // no expression is looked at
}

var operations = []operation{
	{names: []string{"--install", "-i"}, run: (*command).install, flags: map[string]string{"--preserve-installed": "-P", "--remove-all": "-r", "--from-expression": "-E", "--attr": "-A"}, values: []string{"--from-profile", "--priority"}},
	{names: []string{"--upgrade", "-u"}, run: (*command).upgradeAll, flags: map[string]string{"--lt": "", "--leq": "", "--eq": "", "--always": "", "--from-expression": "-E", "--attr": "-A"}, values: []string{"--from-profile"}},
	{names: []string{"--set"}, run: (*command).setProfile, flags: map[string]string{"--from-expression": "-E", "--attr": "-A"}, values: []string{"--from-profile"}},
	{names: []string{"--uninstall", "-e"}, run: (*command).uninstall},
	{names: []string{"--set-flag"}, run: (*command).setFlag},
	{names: []string{"--query", "-q"}, run: (*command).query, flags: map[string]string{
		"--status": "-s", "--no-name": "", "--system": "", "--description": "", "--compare-versions": "-c", "--drv-path": "", "--out-path": "",
		"--meta": "", "--installed": "", "--available": "-a", "--xml": "", "--json": "", "--attr-path": "-P",
	}, values: []string{"--attr", "-A"}},
	{names: []string{"--switch-profile", "-S"}, run: (*command).switchProfile, noEval: true},
	{names: []string{"--switch-generation", "-G"}, run: (*command).switchGeneration, noEval: true},
	{names: []string{"--rollback"}, run: (*command).rollback, noEval: true},
	{names: []string{"--list-generations"}, run: (*command).listGenerations, noEval: true},
	{names: []string{"--delete-generations"}, run: (*command).deleteGenerations, noEval: true},
}

// Run is the classic nix-env.
func Run(ctx context.Context, env *cli.Env, deps Deps, args []string) error {
	c := &command{env: env, deps: deps}
	op, err := c.parse(args)
	if err != nil {
		return err
	}
	if c.set, err = deps.Settings(c.common); err != nil {
		return err
	}
	if c.places, err = deps.Places(c.common); err != nil {
		return err
	}
	if c.common.DryRun {
		c.say("(dry run; not doing anything)")
	}
	if err := c.findProfile(); err != nil {
		return err
	}
	if !op.noEval {
		c.common.PrintLogs, c.common.RawLogs = !c.common.NoOutput, true
		if c.s, err = deps.Open(ctx, c.common); err != nil {
			return err
		}
		defer c.s.Close()
		c.ev = c.s.Evaluator(ctx)
	}
	return op.run(c, ctx)
}

// usage is a mistake on the command line.
func usage(format string, args ...any) error {
	return classic.UsageError("nix-env", fmt.Sprintf(format, args...))
}

// parse reads the command line. Which options there are depends on the
// operation, so that is looked for first.
func (c *command) parse(args []string) (*operation, error) {
	op := findOperation(args)
	given := map[string]*bool{}
	spec := classic.Spec{
		Command: "nix-env",
		Flags:   map[string]*bool{"--prebuilt-only": &c.prebuiltOnly, "-b": &c.prebuiltOnly},
		Values: map[string]func(string){
			"--profile": func(v string) { c.profilePath = v }, "-p": func(v string) { c.profilePath = v },
			"--file": func(v string) { c.file = v }, "-f": func(v string) { c.file = v },
			"--force-name": func(v string) { c.forceName = v }, "--system-filter": func(v string) { c.systemFilter = v },
			"--priority": func(v string) { c.priority = v }, "--from-profile": func(v string) { c.from, c.fromProfile = sourceProfile, v },
		},
	}
	for i := range operations {
		for _, name := range operations[i].names {
			given[name] = new(bool)
			spec.Flags[name] = given[name]
		}
	}
	for name, letter := range op.flags {
		given[name] = new(bool)
		spec.Flags[name] = given[name]
		if letter != "" {
			spec.Flags[letter] = given[name]
		}
	}
	for _, name := range op.values {
		if name == "--attr" || name == "-A" {
			spec.Values[name] = func(v string) { c.q.attr = v }
		}
	}
	common, operands, err := classic.Parse(spec, args)
	if err == nil {
		err = common.ReadArgs(c.env.Stdin, c.env.Dir)
	}
	if err != nil {
		return nil, err
	}
	c.common, c.args = common, operands
	asked := 0
	for _, o := range operations {
		if slices.ContainsFunc(o.names, func(n string) bool { return *given[n] }) {
			asked++
		}
	}
	switch {
	case asked == 0:
		return nil, usage("no operation specified")
	case asked > 1:
		return nil, usage("only one operation may be specified")
	case op.flags == nil && c.fromProfile != "":
		return nil, usage("unknown flag '--from-profile'")
	case c.priority != "" && !slices.Contains(op.values, "--priority"):
		return nil, usage("unknown flag '--priority'")
	}
	c.options(given)
	return op, nil
}

// options notes the options of the operation.
func (c *command) options(given map[string]*bool) {
	is := func(name string) bool { return given[name] != nil && *given[name] }
	switch {
	case is("--from-expression"):
		c.from = sourceExprs
	case is("--attr"):
		c.from = sourceAttrs
	}
	c.preserve, c.removeAll = is("--preserve-installed"), is("--remove-all")
	for _, u := range []string{"lt", "leq", "eq", "always"} {
		if is("--" + u) {
			c.upgrade = u
		}
	}
	c.q.status, c.q.noName, c.q.system, c.q.description = is("--status"), is("--no-name"), is("--system"), is("--description")
	c.q.compare, c.q.drvPath, c.q.outPath, c.q.meta = is("--compare-versions"), is("--drv-path"), is("--out-path"), is("--meta")
	c.q.available, c.q.xml, c.q.json, c.q.attrPath = is("--available"), is("--xml"), is("--json"), is("--attr-path")
}

// findOperation returns the operation that is asked for; one without options
// if there is none.
func findOperation(args []string) *operation {
	for _, a := range args {
		for i, op := range operations {
			for _, name := range op.names {
				if a == name || len(name) == 2 && isBundle(a) && strings.Contains(a, name[1:]) && isFirst(a, name[1]) {
					return &operations[i]
				}
			}
		}
	}
	return &operation{}
}

// isBundle tells whether an argument is joined letters without an argument.
func isBundle(a string) bool {
	return len(a) > 2 && a[0] == '-' && strings.Trim(a[1:], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" && !strings.ContainsRune("Ijpf", rune(a[1]))
}

// isFirst tells whether a letter comes before those of all other operations.
func isFirst(bundle string, letter byte) bool {
	for i := 1; i < len(bundle); i++ {
		if strings.IndexByte("iueqSG", bundle[i]) >= 0 {
			return bundle[i] == letter
		}
	}
	return false
}

// say prints a message of Nix's level "info".
func (c *command) say(format string, args ...any) {
	if c.common.Verbosity >= 0 {
		fmt.Fprintln(c.env.Stderr, syntax.ForTerminal(fmt.Sprintf(format, args...)))
	}
}

func (c *command) warn(format string, args ...any) {
	fmt.Fprintln(c.env.Stderr, syntax.ForTerminal("warning: "+fmt.Sprintf(format, args...)))
}

// findProfile works out which profile is meant: that of the command line, of
// NIX_PROFILE, or the one that the user's link points to.
func (c *command) findProfile() error {
	p := c.profilePath
	if p == "" {
		p = c.env.Getenv("NIX_PROFILE")
	}
	if p != "" {
		c.profilePath = c.abs(p)
		return nil
	}
	if err := os.MkdirAll(c.places.Dir, 0o755); err != nil {
		return err
	}
	target, err := os.Readlink(c.places.Link)
	if errors.Is(err, fs.ErrNotExist) {
		target = filepath.Join(c.places.Dir, "profile")
		if err = os.MkdirAll(filepath.Dir(c.places.Link), 0o755); err == nil {
			err = profile.Point(c.places.Link, target, c.env.Random)
		}
	}
	if err != nil {
		return fmt.Errorf("the profile '%s': %w", c.places.Link, err)
	}
	if !filepath.IsAbs(target) {
		target = filepath.Join(filepath.Dir(c.places.Link), target)
	}
	c.profilePath = filepath.Clean(target)
	return nil
}

func (c *command) abs(p string) string {
	if filepath.IsAbs(p) {
		return filepath.Clean(p)
	}
	return filepath.Join(c.env.Dir, p)
}

// profile returns the profile that is meant.
func (c *command) profile() *profile.Profile {
	return &profile.Profile{
		Path: c.profilePath, Rand: c.env.Random, DryRun: c.common.DryRun,
		Notice: func(s string) { fmt.Fprintln(c.env.Stderr, s) },
	}
}

// installed returns the packages of a profile.
func (c *command) installed(ec *eval.Ctx, profilePath string) []*pipeline.Package {
	if _, err := os.Stat(filepath.Join(profilePath, "manifest.json")); err == nil {
		panic(eval.Errorf(eval.KindOther, 0, "profile '%s' is incompatible with 'nix-env'; please use 'nix profile' instead", profilePath))
	}
	manifest := filepath.Join(profilePath, "manifest.nix")
	real, err := c.realManifest(manifest)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		panic(eval.Wrap(0, err))
	}
	return c.ev.InstalledPackages(ec, real)
}

// realManifest returns where the manifest of an environment is: it is a link to
// a logical path.
func (c *command) realManifest(link string) (string, error) {
	target, err := os.Readlink(link)
	if err != nil {
		return "", err
	}
	p, err := c.s.ResolvePath(target)
	if err != nil {
		return "", err
	}
	return c.s.PrintPath(p), nil
}
