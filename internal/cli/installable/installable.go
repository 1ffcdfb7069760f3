// Package installable tells what an operand of a command stands for: a recipe,
// or an output of a flake.
package installable

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"isomorph/internal/cli"
	"isomorph/internal/cli/classic"
	"isomorph/internal/cli/settings"
	"isomorph/internal/flake"
	"isomorph/internal/flakeref"
	"isomorph/internal/lazyre"
	"isomorph/internal/nixlang/eval"
	"isomorph/internal/pipeline"
	"isomorph/internal/storepath"
)

// IsFlake tells whether an operand is a flake: it has a "#", a scheme that
// flake references know, or it is a directory without a recipe that is a flake or
// lies in one. What exists as a file is a recipe, and so is the URL of an archive,
// which becomes one of a flake by a "#" or a scheme such as tarball+https. A name
// that is no file's is one of the registries; PATH?dir=DIR is a flake if PATH is
// there.
func IsFlake(env *cli.Env, operand string) bool {
	info, err := os.Stat(Abs(env, operand))
	switch {
	case err == nil && info.IsDir():
		return isFlakeDir(Abs(env, operand))
	case err == nil:
		return false
	case strings.Contains(operand, "#"):
		return true
	}
	for _, scheme := range []string{"http:", "https:", "file:"} {
		if strings.HasPrefix(operand, scheme) {
			return false
		}
	}
	if dir, _, ok := strings.Cut(operand, "?"); ok {
		if isDir(Abs(env, dir)) {
			return true
		}
	}
	return flakeref.IsURL(operand) || isRegistryName(env, operand)
}

var registryName = lazyre.New(`^[a-zA-Z][a-zA-Z0-9_-]*$`)

// isRegistryName tells whether an operand has the form of a name in the
// registries, and is that of no file.
func isRegistryName(env *cli.Env, operand string) bool {
	_, err := os.Stat(Abs(env, operand))
	return err != nil && registryName.MatchString(operand)
}

// isFlakeDir tells whether a directory has no recipe, and a flake.nix in it or
// above.
func isFlakeDir(dir string) bool {
	if _, ok := cli.FindRecipe(dir); ok {
		return false
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "flake.nix")); err == nil {
			return true
		}
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil || dir == "/" {
			return false
		}
		dir = filepath.Dir(dir)
	}
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// Abs makes a path absolute.
func Abs(env *cli.Env, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(env.Dir, path)
}

// DefaultIsFlake tells whether a command without operands means the flake of
// the working directory: there is no recipe in it, and a flake.nix in it or
// above.
func DefaultIsFlake(env *cli.Env) bool { return isFlakeDir(env.Dir) }

// Parse reads an output of a flake: FLAKE[#ATTRIBUTE][^OUTPUTS].
func Parse(env *cli.Env, operand string) (pipeline.Installable, error) {
	if dir := Abs(env, operand); !filepath.IsAbs(operand) && isDir(dir) && isFlakeDir(dir) {
		operand = "./" + operand // not a name of the registries
	}
	rest, outputs, err := flakeref.CutOutputs(operand, storepath.CheckName)
	if err != nil {
		return pipeline.Installable{}, err
	}
	ref, fragment, err := flakeref.ParseWithFragment(rest, options(env))
	return pipeline.Installable{Ref: ref, Fragment: fragment, Outputs: outputs}, err
}

// ParseRef reads a flake reference of the command line.
func ParseRef(env *cli.Env, text string) (flakeref.Ref, error) {
	return flakeref.Parse(text, options(env))
}

func options(env *cli.Env) flakeref.Options {
	return flakeref.Options{
		BaseDir: env.Dir,
		Warn:    func(msg string) { fmt.Fprintln(env.Stderr, "warning: "+msg) },
		Notice:  func(msg string) { fmt.Fprintln(env.Stderr, msg) },
	}
}

// Settings puts what the flags say about settings into the options of a
// session. Flakes are evaluated purely unless --impure is given. What --option
// says counts more.
func Settings(f *cli.FlakeFlags, common *classic.Common) {
	var first []settings.Setting
	set := func(name string, on bool, value string) {
		if on {
			first = append(first, settings.Setting{Name: name, Value: value})
		}
	}
	set("pure-eval", !f.Impure, "true")
	set("accept-flake-config", f.AcceptConfig, "true")
	set("use-registries", f.NoRegistries, "false")
	set("tarball-ttl", common.Refresh, "0")
	common.Settings = append(first, common.Settings...)
}

func usage(format string, args ...any) error {
	return &cli.ExitError{Code: cli.ExitUsage, Err: fmt.Errorf(format, args...)}
}

// Flags turns the flags of a command line into those of the lock.
func Flags(env *cli.Env, f *cli.FlakeFlags) (flake.Flags, error) {
	flags := flake.Flags{
		Recreate: f.Recreate, NoUpdate: f.NoUpdate, NoWrite: f.NoWrite || len(f.Overrides) > 0, Commit: f.Commit,
		Overrides: map[string]flakeref.Ref{}, Updates: map[string]bool{},
	}
	f.WarnDeprecated(env)
	if f.Reference != "" {
		flags.ReferenceFile = Abs(env, f.Reference)
	}
	if f.Output != "" {
		flags.OutputFile = Abs(env, f.Output)
	}
	for _, u := range slices.Concat(f.Updates, f.Renew) {
		p, err := inputPath(u)
		if err != nil {
			return flags, err
		}
		flags.Updates[p.Key()] = true
	}
	pairs, err := cli.Pairs("override-input", f.Overrides)
	if err != nil {
		return flags, err
	}
	for _, pair := range pairs {
		p, err := inputPath(pair[0])
		if err != nil {
			return flags, err
		}
		o := options(env)
		o.AllowMissing = true
		if flags.Overrides[p.Key()], err = flakeref.Parse(pair[1], o); err != nil {
			return flags, err
		}
	}
	return flags, nil
}

func inputPath(s string) (flake.InputPath, error) {
	p, err := flake.ParseInputPath(s)
	if err == nil && len(p) == 0 {
		err = errors.New("the path of an input must not be empty: that would be the flake itself")
	}
	if err != nil {
		return nil, usage("%w", err)
	}
	return p, nil
}

// Prepare makes the redirections of the command line known to an evaluator:
// --override-flake and --inputs-from.
func Prepare(env *cli.Env, f *cli.FlakeFlags, evaluator func() *pipeline.Evaluator) error {
	if len(f.Redirects)+len(f.InputsFrom) == 0 {
		return nil // an evaluator that has been made is not asked of the cache
	}
	ev := evaluator()
	pairs, err := cli.Pairs("override-flake", f.Redirects)
	if err != nil {
		return err
	}
	for _, pair := range pairs {
		from, err := ParseRef(env, pair[0])
		if err != nil {
			return err
		}
		to, err := ParseRef(env, pair[1])
		if err != nil {
			return err
		}
		ev.Flakes().Redirect(flake.Entry{From: from, To: to})
	}
	for _, text := range f.InputsFrom {
		ref, err := ParseRef(env, text)
		if err != nil {
			return err
		}
		if err := ev.Do(func(c *eval.Ctx) { ev.Flakes().RedirectToInputs(c, ref) }); err != nil {
			return err
		}
	}
	return nil
}

// List reads the operands of a command that all are outputs of flakes; none
// stands for the flake of the working directory.
func List(env *cli.Env, args, attrs []string, common *classic.Common) ([]pipeline.Installable, error) {
	if len(common.Args) > 0 {
		return nil, usage("'--arg' and '--argstr' are incompatible with flakes")
	}
	if len(attrs) > 0 {
		return nil, usage("-A is for recipes; of a flake an attribute is chosen with FLAKE#%s", attrs[0])
	}
	if len(args) == 0 {
		args = []string{"."}
	}
	list := make([]pipeline.Installable, len(args))
	for i, a := range args {
		if !IsFlake(env, a) && a != "." {
			return nil, usage("'%s' is a recipe; it cannot be built together with flakes", a)
		}
		var err error
		if list[i], err = Parse(env, a); err != nil {
			return nil, err
		}
	}
	return list, nil
}
