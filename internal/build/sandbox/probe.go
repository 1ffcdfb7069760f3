package sandbox

import (
	"context"
	"strings"
)

// probeName is argv[0] of the program that Probe runs; Main answers it.
const probeName = "isomorph-sandbox-probe"

// Probe runs a program of its own in a sandbox and has it look around: whether
// the namespaces, the filter and the dropped privileges are really there. root
// is an empty directory, helper as in [Spec]. An empty list of findings and a
// nil error mean that all is well. It takes some milliseconds; run it once for
// each version of the program and of the kernel.
func Probe(ctx context.Context, root, helper string) (findings []string, err error) {
	var out strings.Builder
	self := helper
	if self == "" {
		self = "/proc/self/exe"
	}
	self, err = resolveExecutable(self)
	if err != nil {
		return nil, &SetupError{"find the running program", err}
	}
	res, err := Run(ctx, Spec{
		Helper: helper, Root: root,
		Binds: []Bind{{Source: self, Target: "/probe"}},
		Argv:  []string{probeName}, Path: "/probe", Dir: "/", Log: &out,
	})
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(out.String()) {
		findings = append(findings, strings.TrimSpace(line))
	}
	if !res.OK() {
		findings = append(findings, "the probe "+res.String())
	}
	return findings, nil
}
