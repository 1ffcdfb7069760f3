// Package local builds derivations on this machine, each in a sandbox of its
// own.
//
// One build goes through these steps:
//
//  1. Refuse what cannot be built here: another system, features that are
//     missing, __noChroot, impure and floating content-addressed derivations.
//  2. Root and lock the outputs; if they are valid now, somebody else built them.
//  3. Make a private scratch directory on the store's file system. It holds a
//     directory that will be /nix/store in the sandbox, one for /build, one for
//     /tmp. So a build writes to its outputs' final names while the store never
//     sees an unfinished path, and nothing is rewritten afterwards.
//  4. Run the builder (sandboxed.go), or our own in process (fetchurl.go, buildenv.go).
//  5. When every process of it is dead: look at the outputs, bring them into
//     canonical form, scan them for references, check hashes and the
//     derivation's own rules (outputs.go).
//  6. Register all outputs in one step, or compare them (Check).
//
// Whatever happens, the scratch directory is gone afterwards.
package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"isomorph/internal/build"
	"isomorph/internal/derivation"
	"isomorph/internal/fetch"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// Options say what the builder has to work with.
type Options struct {
	Store store.Store
	Fetch *fetch.Client // for builtin:fetchurl

	System       string   // such as "x86_64-linux"
	ExtraSystems []string // that this machine runs too, such as "i686-linux"
	Features     []string // system features that derivations may require

	// Helper is the executable that the sandbox starts, whose main calls
	// sandbox.Main. Default: the running one.
	Helper string
	// Shell is a statically linked shell on the host that builds see as
	// /bin/sh. Default: no /bin/sh.
	Shell string
	// HostPaths are further files and directories that builds see.
	// Default: none.
	HostPaths []HostPath
	// Pasta is the program that gives fixed-output builds a network of
	// their own. Default: such builds are refused.
	Pasta string
	// CAFile holds the certificates that fixed-output builds with a network
	// see as /etc/ssl/certs/ca-certificates.crt. Default: none.
	CAFile string
	// KeepDir is where the directories of failed builds are kept.
	KeepDir string
	// BuildDir is where a build finds its working directory in the sandbox.
	// Default: build.BuildDir.
	BuildDir string
	// HostBuildDir makes each build's working directory a new one in
	// KeepDir, seen in the sandbox under the same path as outside. So a
	// directory that is kept can be worked in, but what is built may
	// depend on the path.
	HostBuildDir bool

	LookupEnv func(string) (string, bool) // for impureEnvVars
}

// Builder is a build.Builder for this machine.
type Builder struct {
	o Options
}

var _ build.Builder = (*Builder)(nil)

// New returns a builder.
func New(o Options) *Builder { return &Builder{o} }

// job is one Build at work.
type job struct {
	*Builder
	req  build.Request
	drv  *derivation.Derivation
	opts *build.Options
	dir  storepath.Dir

	closure []storepath.Path // of the inputs, sorted
	scratch store.Scratch
	root    *os.Root // the scratch directory
	lock    store.Lock
	waited  bool // for another process

	workDir  string // the build's working directory, on the machine
	buildDir string // and in the sandbox
	log      *logger
	mute     bool // the builder was killed because it had closed its output
}

// Build builds one derivation. See build.Builder.
func (b *Builder) Build(ctx context.Context, req build.Request) (*build.Result, error) {
	j := &job{Builder: b, req: req, drv: req.Derivation, dir: b.o.Store.Dir()}
	var err error
	if j.opts, err = build.ParseOptions(j.dir, j.drv); err != nil {
		return nil, j.fail(build.Failed, fmt.Sprintf("while parsing derivation '%s': %v", j.dir.Join(req.Drv), err), err)
	}
	if err := j.refuse(); err != nil {
		return nil, err
	}
	done, err := j.claim(ctx)
	if j.lock != nil {
		defer j.lock.Unlock()
	}
	if done != nil || err != nil {
		return done, err
	}
	if j.waited && req.Resume != nil {
		if err := req.Resume(ctx); err != nil {
			return nil, err
		}
	}
	res, err := j.build(ctx)
	return res, j.explain(err)
}

// waiting notes that another process is at the same outputs.
func (j *job) waiting(output storepath.Path) {
	j.waited = true
	if j.req.Waiting != nil {
		j.req.Waiting(output)
	}
}

func (j *job) outputPaths() []storepath.Path {
	var out []storepath.Path
	for _, name := range j.drv.OutputNames() {
		out = append(out, j.drv.Outputs.At(name).Path)
	}
	return out
}

// claim makes the outputs ours to build, unless there is nothing to do.
func (j *job) claim(ctx context.Context) (*build.Result, error) {
	s := j.o.Store
	if err := s.AddTempRoot(ctx, j.outputPaths()...); err != nil {
		return nil, err
	}
	lock, err := s.LockPaths(ctx, j.outputPaths(), j.waiting)
	if err != nil {
		return nil, err
	}
	j.lock = lock
	outputs, err := j.validOutputs(ctx)
	if err != nil {
		return nil, err
	}
	all := len(outputs) == len(j.drv.Outputs)
	if j.req.Check {
		if len(outputs) == 0 {
			return nil, j.fail(build.Failed, fmt.Sprintf("some outputs of '%s' are not valid, so checking is not possible", j.dir.Join(j.req.Drv)), nil)
		}
		return nil, nil
	}
	if all && !j.req.Repair {
		return &build.Result{Outputs: outputs, AlreadyValid: true}, nil
	}
	return nil, nil
}

func (j *job) validOutputs(ctx context.Context) (map[string]*store.PathInfo, error) {
	out := map[string]*store.PathInfo{}
	for name, o := range j.drv.Outputs.All() {
		info, err := j.o.Store.Info(ctx, o.Path)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out[name] = info
	}
	return out, nil
}

func (j *job) build(ctx context.Context) (_ *build.Result, err error) {
	if err := j.findInputs(ctx); err != nil {
		return nil, err
	}
	if j.scratch, err = j.o.Store.NewScratch(ctx); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, j.scratch.Close()) }()
	if j.root, err = os.OpenRoot(j.scratch.Dir()); err != nil {
		return nil, err
	}
	defer j.root.Close()
	defer func() { err = errors.Join(err, j.dropWorkDir()) }()
	res := &build.Result{}
	if strings.HasPrefix(j.drv.Builder, "builtin:") {
		err = j.runBuiltin(ctx)
	} else {
		err = j.runSandboxed(ctx, res)
	}
	if err != nil {
		return nil, err
	}
	if res.Outputs, err = j.finishOutputs(ctx); err != nil {
		return nil, err
	}
	return res, nil
}

// findInputs works out what the build may see.
func (j *job) findInputs(ctx context.Context) error {
	inputs := j.req.Inputs
	if inputs == nil {
		inputs = slices.Clone(j.drv.InputSrcs)
		for p, names := range j.drv.InputDrvs.All() {
			d, err := j.readDrv(ctx, p)
			if err != nil {
				return err
			}
			for _, n := range names {
				inputs = append(inputs, d.Outputs.At(n).Path)
			}
		}
	}
	if err := j.o.Store.AddTempRoot(ctx, inputs...); err != nil {
		return err
	}
	var err error
	j.closure, err = store.Closure(ctx, j.o.Store, inputs...)
	if err != nil {
		return fmt.Errorf("find the inputs of '%s': %w", j.dir.Join(j.req.Drv), err)
	}
	return nil
}

func (j *job) readDrv(_ context.Context, p storepath.Path) (*derivation.Derivation, error) {
	b, err := os.ReadFile(j.o.Store.RealPath(p))
	if err != nil {
		return nil, err
	}
	return derivation.Parse(j.dir, strings.TrimSuffix(p.Name(), storepath.DerivationSuffix), b)
}
