package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"isomorph/internal/build"
	"isomorph/internal/build/sandbox"
)

// Directories of the scratch directory and what they are in the sandbox. The
// names cannot clash with an output's, which begins with a hash.
const (
	scratchRoot  = "root"
	scratchStore = "store" // the store directory
	scratchBuild = "build" // /build
	scratchTmp   = "tmp"   // /tmp
)

// Reasons to stop a build before it ends.
var (
	errTimeout = errors.New("timed out")
	errSilent  = errors.New("silent for too long")
	errLogSize = errors.New("too much log")
)

// runSandboxed runs the derivation's builder. When it returns without an
// error, all processes are dead and the outputs lie in the scratch store.
func (j *job) runSandboxed(ctx context.Context, res *build.Result) error {
	spec, err := j.prepare(ctx)
	if err != nil {
		return err
	}
	logFile, err := j.o.Store.CreateLog(ctx, j.req.Drv)
	if err != nil {
		return err
	}
	runCtx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	if j.req.Timeout > 0 {
		timer := time.AfterFunc(j.req.Timeout, func() { stop(errTimeout) })
		defer timer.Stop()
	}
	j.log = newLogger(logFile, j.req, stop)
	spec.Log = j.log
	ran, err := sandbox.Run(runCtx, spec)
	err = errors.Join(j.ended(ran, err), j.log.close())
	res.CPU, res.MaxRSS = ran.User+ran.System, ran.MaxRSS
	return err
}

// ended turns the end of the builder into an error or nil.
func (j *job) ended(ran sandbox.Result, err error) error {
	var setup *sandbox.SetupError
	switch {
	case errors.Is(err, errTimeout):
		return j.builderFailed(build.TimedOut, fmt.Sprintf("timed out after %d seconds", int(j.req.Timeout.Seconds())), err)
	case errors.Is(err, errSilent):
		return j.builderFailed(build.TimedOut, fmt.Sprintf("timed out after %d seconds of silence", int(j.req.MaxSilent.Seconds())), err)
	case errors.Is(err, errLogSize):
		return j.builderFailed(build.Rejected, fmt.Sprintf("killed after writing more than %d bytes of log output", j.log.limit), err)
	case errors.As(err, &setup) && strings.HasPrefix(setup.Step, "execute "):
		// In Nix it is the builder's process that says this, and ends.
		fmt.Fprintf(j.log, "error: executing '%s': %s\n", j.drv.Builder, sentence(setup.Err))
		return j.builderFailed(build.Failed, "builder failed with exit code 1", err)
	case err != nil:
		return err
	case !ran.OK():
		j.mute = ran.Mute
		return j.builderFailed(build.Failed, "builder "+ran.String(), nil)
	}
	return nil
}

// sentence is the text of an error of the system as the C library has it.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:min(1, len(text))]) + text[min(1, len(text)):]
}

// builderFailed makes the error with the log's last lines and keeps the build
// directory if that was asked for.
func (j *job) builderFailed(kind build.Kind, reason string, cause error) error {
	e := j.cannot(kind, reason, cause)
	e.LogTail = j.log.lastLines()
	if n := len(e.LogTail); n > 0 {
		e.Message += fmt.Sprintf("\nLast %d log lines:\n", n)
		for _, line := range e.LogTail {
			e.Message += "> " + line + "\n"
		}
		e.Message += fmt.Sprintf("For full logs, run:\n  isomorph log %s", j.dir.Join(j.req.Drv))
	}
	if j.mute {
		e.Message += "\nnote: it was killed because it had closed its standard output and error, which ends a build; send them to /dev/null instead"
	}
	e.Message += j.diskNote()
	if j.drv.IsFixed() && j.o.Pasta == "" {
		e.Message += "\nnote: this fixed-output build had no network, because the program pasta was not found." +
			" Install it (Debian: passt) if the build downloads something."
	}
	if j.req.KeepFailed {
		var err error
		if e.Kept, err = j.keepWorkDir(); err == nil {
			e.Message += fmt.Sprintf("\nnote: keeping build directory '%s'", e.Kept)
		} else {
			e.Message += fmt.Sprintf("\nnote: the build directory could not be kept: %v", err)
		}
	}
	return e
}

// prepare fills the scratch directory and describes the sandbox.
func (j *job) prepare(ctx context.Context) (sandbox.Spec, error) {
	if err := j.makeDirs(); err != nil {
		return sandbox.Spec{}, err
	}
	env, err := build.NewEnvironment(ctx, build.EnvironmentInput{
		Store: j.o.Store, Drv: j.req.Drv, Derivation: j.drv, Options: j.opts,
		Closure: j.closure, Cores: j.req.Cores, BuildDir: j.buildDir, LookupEnv: j.o.LookupEnv, ReadDrv: j.readDrv,
	})
	if err != nil {
		return sandbox.Spec{}, j.cannot(build.Failed, err.Error(), err)
	}
	for name, contents := range env.Files {
		if err := j.writeFile(name, contents); err != nil {
			return sandbox.Spec{}, err
		}
	}
	binds, err := j.binds(ctx)
	if err != nil {
		return sandbox.Spec{}, err
	}
	spec := sandbox.Spec{
		Helper:        j.o.Helper,
		Root:          j.at(scratchRoot),
		Binds:         binds,
		Argv:          append([]string{path.Base(j.drv.Builder)}, env.Args...),
		Path:          j.drv.Builder,
		Env:           env.Env,
		Dir:           j.buildDir,
		Personality32: j.drv.System == "i686-linux",
	}
	if slices.Contains(j.opts.RequiredSystemFeatures, "kvm") {
		spec.Devices = []string{"/dev/kvm"}
	}
	return spec, j.network(&spec)
}

// network gives a fixed-output build a network namespace that is connected to
// the outside; never the host's own, through which three escapes from Nix's
// sandbox went (CVE-2024-27297, CVE-2025-46416, CVE-2026-39860).
func (j *job) network(spec *sandbox.Spec) error {
	if !j.drv.IsFixed() || j.o.Pasta == "" {
		return nil // without pasta: isolated, see builderFailed
	}
	spec.Network, spec.Pasta = sandbox.UserMode, j.o.Pasta
	if j.o.CAFile != "" {
		// On many systems it is a symlink, and where that leads is not in
		// the sandbox.
		file, err := filepath.EvalSymlinks(j.o.CAFile)
		if err != nil {
			return fmt.Errorf("certificates: %w", err)
		}
		spec.Binds = append(spec.Binds, sandbox.Bind{Source: file, Target: "/etc/ssl/certs/ca-certificates.crt"})
	}
	return nil
}

func (j *job) at(name string) string { return filepath.Join(j.scratch.Dir(), name) }

// makeDirs makes the directories with the modes that they have under Nix. The
// scratch directory itself is 0700, so nobody else gets as far as them.
func (j *job) makeDirs() error {
	for _, d := range []struct {
		name string
		mode fs.FileMode
	}{
		{scratchRoot, 0o755},
		{scratchStore, fs.ModeSticky | 0o775},
		{scratchBuild, 0o700},
		{scratchTmp, fs.ModeSticky | 0o777},
	} {
		if err := j.root.Mkdir(d.name, 0o700); err != nil {
			return err
		}
		if err := j.root.Chmod(d.name, d.mode); err != nil {
			return err
		}
	}
	return j.makeWorkDir()
}

// writeFile makes a file in the working directory before the build can see it.
func (j *job) writeFile(name string, contents []byte) error {
	f, err := os.OpenFile(filepath.Join(j.workDir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(contents)
	return errors.Join(err, f.Close())
}
