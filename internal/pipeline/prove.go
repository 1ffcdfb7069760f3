package pipeline

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"

	"isomorph/internal/build"
	"isomorph/internal/build/sandbox"
)

// provenBuilder builds nothing before the sandbox has shown that it holds: that
// the namespaces, the filter and the dropped privileges are really there. A
// release of Nix (2.30.0 on macOS, GHSA-qc7j-jgf3-qmhg) ran builds that had
// kept their privileges, and nothing looked.
type provenBuilder struct {
	build.Builder
	prove func(context.Context) error

	once sync.Once
	err  error
}

// Build builds a derivation, after the proof. Downloads need no sandbox.
func (b *provenBuilder) Build(ctx context.Context, req build.Request) (*build.Result, error) {
	if !strings.HasPrefix(req.Derivation.Builder, "builtin:") {
		b.once.Do(func() { b.err = b.prove(ctx) })
		if b.err != nil {
			return nil, b.err
		}
	}
	return b.Builder.Build(ctx, req)
}

// proveSandbox looks around in a sandbox, once for each version of this program
// and of the kernel; the file remembers which they were.
func proveSandbox(ctx context.Context, file, helper string) error {
	id := proofID()
	if old, err := os.ReadFile(file); err == nil && id != "" && string(old) == id {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	root, err := os.MkdirTemp(filepath.Dir(file), "probe-")
	if err != nil {
		return err
	}
	defer os.Remove(root)
	findings, err := sandbox.Probe(ctx, root, helper)
	if err != nil {
		return err
	}
	if len(findings) > 0 {
		return fmt.Errorf("the sandbox does not hold on this machine, so nothing is built in it:\n  %s", strings.Join(findings, "\n  "))
	}
	return renameio.WriteFile(file, []byte(id), 0o644)
}

// proofID tells versions of this program and of the kernel apart, "" if it
// cannot.
func proofID() string {
	info, err := os.Stat("/proc/self/exe")
	if err != nil {
		return ""
	}
	var uts unix.Utsname
	if unix.Uname(&uts) != nil {
		return ""
	}
	return fmt.Sprintf("%s %s %d %d\n", unix.ByteSliceToString(uts.Release[:]), unix.ByteSliceToString(uts.Version[:]), info.Size(), info.ModTime().UnixNano())
}
