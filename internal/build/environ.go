package build

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"isomorph/internal/derivation"
	"isomorph/internal/nixhash"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// BuildDir is the builder's working directory in the sandbox, unless the user
// wants another.
const BuildDir = "/build"

// Environment is what a builder program is started with.
type Environment struct {
	Args  []string          // argv[1:]
	Env   []string          // KEY=VALUE, sorted
	Files map[string][]byte // by name in the build directory
}

// EnvironmentInput is what [NewEnvironment] needs to know.
type EnvironmentInput struct {
	Store      store.Reader
	Drv        storepath.Path
	Derivation *derivation.Derivation
	Options    *Options
	Closure    []storepath.Path // of the inputs, sorted
	Cores      int
	BuildDir   string                      // "" for BuildDir
	LookupEnv  func(string) (string, bool) // for impureEnvVars; nil: all empty
	ReadDrv    func(context.Context, storepath.Path) (*derivation.Derivation, error)
}

// NewEnvironment makes the environment that Nix would make, to the last
// character: a slip here changes the bits of unlucky packages. See
// libstore/unix/build/derivation-builder.cc (initEnv) and
// libstore/build/derivation-env-desugar.cc for each variable.
func NewEnvironment(ctx context.Context, in EnvironmentInput) (*Environment, error) {
	in.BuildDir = cmp.Or(in.BuildDir, BuildDir)
	e := &environment{in: in, vars: map[string]string{}, files: map[string]string{}}
	e.base()
	if err := e.attributes(ctx); err != nil {
		return nil, err
	}
	e.fixed()
	e.impure()
	return e.finish(), nil
}

type environment struct {
	in    EnvironmentInput
	vars  map[string]string
	files map[string]string
}

// base sets what the derivation may override.
func (e *environment) base() {
	e.vars["PATH"] = "/path-not-set"     // shells have a default otherwise
	e.vars["HOME"] = "/homeless-shelter" // programs look into /etc/passwd otherwise
	e.vars["NIX_STORE"] = string(e.in.Store.Dir())
	e.vars["NIX_BUILD_CORES"] = fmt.Sprint(max(1, e.in.Cores))
}

func (e *environment) attributes(ctx context.Context) error {
	o := e.in.Options
	if o.Attrs != nil {
		return e.structured(ctx)
	}
	for name, value := range e.in.Derivation.Env.All() {
		if o.PassAsFile[name] {
			file := ".attr-" + nixhash.Sum(nixhash.SHA256, []byte(name)).Base32()
			e.file(name+"Path", file, value)
		} else {
			e.vars[name] = value
		}
	}
	for name, roots := range o.ExportReferencesGraph {
		infos, err := e.export(ctx, roots)
		if err != nil {
			return err
		}
		e.files[name] = registrationText(e.in.Store.Dir(), infos)
	}
	return nil
}

// file passes a value by a file in the build directory.
func (e *environment) file(variable, name, contents string) {
	e.vars[variable] = e.in.BuildDir + "/" + name
	e.files[name] = contents
}

// fixed sets what the derivation may not override.
func (e *environment) fixed() {
	e.vars["NIX_BUILD_TOP"] = e.in.BuildDir
	for _, name := range []string{"TMPDIR", "TEMPDIR", "TMP", "TEMP", "PWD"} {
		e.vars[name] = e.in.BuildDir
	}
	if e.in.Derivation.IsFixed() {
		e.vars["NIX_OUTPUT_CHECKED"] = "1"
	}
}

// impure lets variables of the caller in, for fixed outputs alone: their bits
// are known beforehand, so it cannot matter.
func (e *environment) impure() {
	if e.in.Derivation.IsFixed() {
		for _, name := range e.in.Options.ImpureEnvVars {
			e.vars[name] = ""
			if e.in.LookupEnv != nil {
				e.vars[name], _ = e.in.LookupEnv(name)
			}
		}
	}
	e.vars["NIX_LOG_FD"] = "2"
	e.vars["TERM"] = "xterm-256color"
}

// finish puts the output paths in place of the placeholders that
// builtins.placeholder left in arguments, variables and files.
func (e *environment) finish() *Environment {
	d := e.in.Derivation
	var pairs []string
	for _, name := range d.OutputNames() {
		pairs = append(pairs, derivation.Placeholder(name), e.in.Store.Dir().Join(d.Outputs.At(name).Path))
	}
	rewrite := strings.NewReplacer(pairs...).Replace
	out := &Environment{Files: map[string][]byte{}}
	for _, a := range d.Args {
		out.Args = append(out.Args, rewrite(a))
	}
	for _, name := range slices.Sorted(maps.Keys(e.vars)) {
		out.Env = append(out.Env, rewrite(name+"="+e.vars[name]))
	}
	for name, contents := range e.files {
		out.Files[name] = []byte(rewrite(contents))
	}
	return out
}

// export returns what is known about the closure of some inputs, sorted. With
// a derivation in it the derivation's outputs belong to it too: this is how all
// build-time dependencies of an image get into that image.
func (e *environment) export(ctx context.Context, roots []storepath.Path) ([]*store.PathInfo, error) {
	for _, p := range roots {
		if _, ok := slices.BinarySearch(e.in.Closure, p); !ok {
			return nil, fmt.Errorf("cannot export references of path '%s' because it is not in the input closure of the derivation",
				e.in.Store.Dir().Join(p))
		}
	}
	paths, err := store.Closure(ctx, e.in.Store, roots...)
	if err != nil {
		return nil, err
	}
	more := slices.Clone(paths)
	for _, p := range paths {
		if !p.IsDerivation() {
			continue
		}
		d, err := e.in.ReadDrv(ctx, p)
		if err != nil {
			return nil, err
		}
		for _, o := range d.Outputs.All() {
			more = append(more, o.Path)
		}
	}
	return store.ClosureInfo(ctx, e.in.Store, more...)
}

// registrationText is the form that nix-store --load-db reads, without hashes.
func registrationText(dir storepath.Dir, infos []*store.PathInfo) string {
	var b strings.Builder
	for _, i := range infos {
		fmt.Fprintf(&b, "%s\n\n%d\n", dir.Join(i.Path), len(i.References))
		for _, r := range i.References {
			b.WriteString(dir.Join(r) + "\n")
		}
	}
	return b.String()
}
