package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"isomorph/internal/build/sandbox"
	"isomorph/internal/store"
)

// HostPath is a file or directory of the machine that the user wants builds to
// see (Nix: sandbox-paths). What a build makes may then depend on the machine.
type HostPath struct {
	Target   string // in the sandbox, absolute and clean
	Source   string // on the machine, absolute
	Optional bool   // nothing is shown if Source is missing
	Writable bool   // by the build, as far as the user may write to it
}

// binds lists what the build sees, each directory before what lies in it.
func (j *job) binds(ctx context.Context) ([]sandbox.Bind, error) {
	binds := []sandbox.Bind{
		{Source: j.at(scratchStore), Target: string(j.dir), Writable: true},
		{Source: j.workDir, Target: j.buildDir, Writable: true},
	}
	if !slices.ContainsFunc(j.o.HostPaths, func(h HostPath) bool { return h.Target == "/tmp" }) {
		binds = append(binds, sandbox.Bind{Source: j.at(scratchTmp), Target: "/tmp", Writable: true})
	}
	closure := j.closure
	for _, h := range j.o.HostPaths {
		more, err := j.hostPath(h)
		if err != nil {
			return nil, err
		}
		binds = append(binds, more...)
		if p, _, err := j.dir.Split(h.Source); err == nil {
			needs, err := store.Closure(ctx, j.o.Store, p)
			if err != nil {
				return nil, fmt.Errorf("sandbox-paths: '%s': %w", h.Source, err)
			}
			closure = append(closure, needs...)
		}
	}
	slices.Sort(closure)
	for _, p := range slices.Compact(closure) {
		binds = append(binds, sandbox.Bind{Source: j.o.Store.RealPath(p), Target: j.dir.Join(p)})
	}
	if j.o.Shell != "" {
		binds = append(binds, sandbox.Bind{Source: j.o.Shell, Target: "/bin/sh"})
	}
	slices.SortStableFunc(binds, func(a, b sandbox.Bind) int { return strings.Compare(a.Target, b.Target) })
	return binds, nil
}

// hostPath shows one path of the machine. One that holds the store shows of
// that the inputs and outputs as ever, and the locks of the outputs.
func (j *job) hostPath(h HostPath) ([]sandbox.Bind, error) {
	for _, own := range []string{string(j.dir), j.buildDir} {
		if h.Target == own {
			return nil, fmt.Errorf("sandbox-paths: '%s' is a directory of the build's own", own)
		}
	}
	source := h.Source
	if p, rest, err := j.dir.Split(source); err == nil {
		source = filepath.Join(j.o.Store.RealPath(p), rest)
	}
	if _, err := os.Lstat(source); err != nil {
		if h.Optional && errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, fmt.Errorf("sandbox-paths: %w", err)
	}
	binds := []sandbox.Bind{{Source: source, Target: h.Target, Writable: h.Writable, Recursive: true}}
	rest, inside := strings.CutPrefix(string(j.dir), h.Target+"/")
	if !inside {
		return binds, nil
	}
	for _, p := range j.outputPaths() {
		if lock := j.o.Store.RealPath(p) + ".lock"; filepath.Dir(lock) == filepath.Join(source, rest) {
			binds = append(binds, sandbox.Bind{Source: lock, Target: j.dir.Join(p) + ".lock"})
		}
	}
	return binds, nil
}
