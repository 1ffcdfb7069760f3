package sandbox

import (
	"context"
	"debug/elf"
	"os"
	"slices"
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
	binds, names := libraries(self)
	res, err := Run(ctx, Spec{
		Helper: helper, Root: root,
		Binds: append([]Bind{{Source: self, Target: "/probe"}}, binds...),
		Argv:  append([]string{probeName}, names...), Path: "/probe", Dir: "/", Log: &out,
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

// libraries shows the probe where the machine has its loader and libraries, if
// the program needs any: a plain "go run" links it dynamically. No build sees
// them. names are what they add to the root directory.
func libraries(program string) (binds []Bind, names []string) {
	f, err := elf.Open(program)
	if err != nil {
		return nil, nil // then it cannot be executed either, and that is said
	}
	defer f.Close()
	if !slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
		return nil, nil
	}
	for _, dir := range []string{"/lib", "/lib64", "/usr/lib", "/usr/lib64"} {
		if _, err := os.Lstat(dir); err != nil {
			continue
		}
		binds = append(binds, Bind{Source: dir, Target: dir})
		if top := strings.Split(dir, "/")[1]; !slices.Contains(names, top) {
			names = append(names, top)
		}
	}
	return binds, names
}
