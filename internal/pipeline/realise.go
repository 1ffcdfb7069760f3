package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"isomorph/internal/build/local"
	"isomorph/internal/fetch"
	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/progress"
	"isomorph/internal/realise"
	"isomorph/internal/storepath"
)

// seedShell is the static shell in the materialised channel that builds see as
// /bin/sh, whatever nixpkgs they come from: Nix's sandbox has one there, too.
const seedShell = "seed/bin/busybox"

// realiser makes the session's realiser.
func (s *Session) realiser() (*realise.Realiser, error) { return s.realiserFor(false) }

// realiserFor makes the session's realiser, or one that repairs its goals.
func (s *Session) realiserFor(repair bool) (*realise.Realiser, error) {
	w := s.writable()
	if w == nil {
		return nil, fmt.Errorf("nothing can be built in a read-only session; the option --read-write allows it (of nix-instantiate: --read-write-mode)")
	}
	b := s.cfg.Build
	shell, err := s.shell()
	if err != nil {
		return nil, err
	}
	fo := s.cfg.Fetch
	fo.PartDir = filepath.Join(s.stateDir(), "downloads") // on the store's disk: a rename ends a download
	if err := os.MkdirAll(fo.PartDir, 0o755); err != nil {
		return nil, err
	}
	builder := local.New(local.Options{
		Store: w, Fetch: fetch.New(fo), System: b.System, ExtraSystems: b.ExtraSystems, Features: b.Features, CAFile: b.CAFile,
		Shell: shell, HostPaths: b.HostPaths, Pasta: b.Pasta, KeepDir: b.KeepDir, BuildDir: b.BuildDir, HostBuildDir: b.HostBuildDir, LookupEnv: b.LookupEnv, Helper: b.Helper,
	})
	proven := &provenBuilder{Builder: builder, prove: func(ctx context.Context) error {
		for _, c := range b.Cautions {
			s.emit(progress.Event{Note: "warning: " + c})
		}
		return proveSandbox(ctx, filepath.Join(s.stateDir(), "sandbox-proof"), b.Helper)
	}}
	return realise.New(realise.Options{
		Store: w, Builder: proven, Jobs: b.Jobs, Downloads: b.Downloads, Cores: b.Cores,
		KeepGoing: b.KeepGoing, KeepFailed: b.KeepFailed, Check: b.Check && !repair, Repair: repair, Timeout: b.Timeout, MaxSilent: b.MaxSilent, MaxLog: b.MaxLog,
		Event: s.realiseEvent,
	}), nil
}

// shell returns the place of /bin/sh, and makes the channel for it if need be.
func (s *Session) shell() (string, error) {
	b := s.cfg.Build
	if b.NoShell || b.Shell != "" {
		return b.Shell, nil
	}
	ch := b.Channel
	ch.touch(ch.Dir())
	if err := ch.Err(); err != nil {
		return "", fmt.Errorf("the sandbox's /bin/sh: %w", err)
	}
	return filepath.Join(ch.Dir(), seedShell), nil
}

// realiseEvent passes an event of the realiser on to the display.
func (s *Session) realiseEvent(e realise.Event) {
	id := string(e.Drv)
	switch e.Kind {
	case realise.Planned:
		s.emit(progress.Event{Plan: &progress.Plan{Downloads: len(e.Plan.Downloads), Builds: len(e.Plan.Builds), Paths: s.planned(e.Plan)}})
	case realise.Started:
		kind := progress.Build
		if e.Download {
			kind = progress.Download
		}
		s.emit(progress.Event{Start: &progress.Start{ID: id, Kind: kind, Name: e.Name, Path: s.PrintPath(e.Drv)}})
	case realise.Progress:
		s.emit(progress.Event{Change: &progress.Change{ID: id, Done: e.Done, Total: e.Total}})
	case realise.Phase:
		s.emit(progress.Event{Change: &progress.Change{ID: id, Extra: e.Line}})
	case realise.Log:
		s.emit(progress.Event{Log: &progress.Log{ID: id, Line: e.Line}})
	case realise.Waiting:
		s.waiting(e)
	case realise.Finished:
		s.emit(progress.Event{Finish: &progress.Finish{ID: id, Err: e.Err}})
	}
}

// planned lists the derivations of a plan.
func (s *Session) planned(plan *realise.Plan) []string {
	var paths []string
	for _, p := range plan.InOrder() {
		paths = append(paths, s.PrintPath(p))
	}
	return paths
}

// waiting says that another process is at the same work. With downloads that
// is said once: there are hundreds, and each is over in a moment.
func (s *Session) waiting(e realise.Event) {
	switch {
	case !e.Download:
		s.emit(progress.Event{Note: "waiting for another process that is building " + e.Name})
	case !s.waited:
		s.waited = true
		s.emit(progress.Event{Note: "waiting for another process that is downloading the same files"})
	}
}

// Output is an output that has been realised.
type Output struct {
	Found
	Path storepath.Path
	Real string // where its files are on this machine
}

// Plan tells what realising derivations would take.
func (s *Session) Plan(ctx context.Context, found []Found) (*realise.Plan, error) {
	r, err := s.realiser()
	if err != nil {
		return nil, err
	}
	return r.Plan(ctx, goals(found))
}

// ShowPlan shows what realising derivations would take.
func (s *Session) ShowPlan(ctx context.Context, found []Found) error {
	plan, err := s.Plan(ctx, found)
	if err != nil {
		return err
	}
	s.realiseEvent(realise.Event{Kind: realise.Planned, Plan: plan})
	return nil
}

// Realise makes the outputs that were found valid.
func (s *Session) Realise(ctx context.Context, found []Found) ([]Output, error) {
	r, err := s.realiser()
	if err != nil {
		return nil, err
	}
	if err := r.Realise(ctx, goals(found)); err != nil {
		return nil, err
	}
	out := make([]Output, len(found))
	for i, f := range found {
		if f.Drv == "" {
			if _, err := s.reader.Info(ctx, f.Plain); err != nil {
				return nil, unobtainable(s.PrintPath(f.Plain), err)
			}
			out[i] = Output{Found: f, Path: f.Plain, Real: s.reader.RealPath(f.Plain)}
			continue
		}
		paths, err := r.Outputs(ctx, realise.Goal{Drv: f.Drv, Outputs: []string{f.Output}})
		if err != nil {
			return nil, err
		}
		p := paths[f.Output]
		out[i] = Output{Found: f, Path: p, Real: s.reader.RealPath(p)}
	}
	if s.cfg.Build.Repair {
		return out, s.repairClosure(ctx, out)
	}
	return out, nil
}

// RealiseOperands makes what the operands of nix-store --realise name valid: a
// derivation with all its outputs, "DERIVATION!OUTPUT,...", or a path that must
// be valid already. It returns the paths.
func (s *Session) RealiseOperands(ctx context.Context, operands []string) ([]storepath.Path, error) {
	var found []Found
	var plain []storepath.Path
	for _, op := range operands {
		name, outputs, _ := strings.Cut(op, "!")
		p, err := s.operandPath(name)
		if err != nil {
			return nil, err
		}
		if !p.IsDerivation() {
			plain = append(plain, p)
			continue
		}
		more, err := s.operandOutputs(p, outputs)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	for _, p := range plain {
		if _, err := s.reader.Info(ctx, p); err != nil {
			return nil, unobtainable(s.PrintPath(p), err)
		}
	}
	outs, err := s.Realise(ctx, found)
	if err != nil {
		return nil, err
	}
	for _, o := range outs {
		plain = append(plain, o.Path)
	}
	return plain, nil
}

// AllOutputs returns all outputs of a derivation in the store.
func (s *Session) AllOutputs(drv storepath.Path) ([]Found, error) { return s.operandOutputs(drv, "") }

func (s *Session) operandOutputs(drv storepath.Path, outputs string) ([]Found, error) {
	d, err := s.derivation(drv)
	if err != nil {
		return nil, err
	}
	names := d.OutputNames()
	if outputs != "" {
		names = strings.Split(outputs, ",")
	}
	var found []Found
	for _, n := range names {
		found = append(found, Found{Drv: drv, Name: d.Name, Output: n})
	}
	return found, nil
}

// operandPath returns the store path that an operand is, or links to.
func (s *Session) operandPath(name string) (storepath.Path, error) {
	if real, err := filepath.EvalSymlinks(name); err == nil && s.local != nil {
		if p, ok := s.local.Resolve(real); ok {
			return p, nil
		}
	}
	p, err := s.reader.Dir().Parse(name)
	if errors.Is(err, storepath.ErrNotInStore) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(s.cfg.Eval.Dir, name)
		}
		return "", notInStore(name)
	}
	return p, err
}

// notInStore is what Nix's commands say of a file that is none of the store.
func notInStore(file string) error { return fmt.Errorf("path \"%s\" is not in the Nix store", file) }

// DerivationOperand reads an operand of nix-build that is the path of a
// derivation in the store, or a link to one, with or without "!OUTPUT". ok is
// false for everything else.
func (s *Session) DerivationOperand(operand string) (f Found, ok bool, err error) {
	name, output, _ := strings.Cut(operand, "!")
	if s.local == nil || !strings.HasSuffix(name, storepath.DerivationSuffix) && !isLink(name) {
		return f, false, nil
	}
	if real, err := filepath.EvalSymlinks(name); err == nil {
		name = real
	}
	p, ok := s.local.Resolve(name)
	if !ok || !p.IsDerivation() {
		return f, false, nil
	}
	if strings.Contains(output, ",") {
		return f, true, fmt.Errorf("building more than one derivation output is not supported, in '%s'", operand)
	}
	d, err := s.derivation(p)
	if err != nil {
		return f, true, err
	}
	return Found{Drv: p, Name: d.Name, Output: cmp.Or(output, d.Env.At("outputName"), "out")}, true, nil
}

func isLink(name string) bool {
	info, err := os.Lstat(name)
	return err == nil && info.Mode()&os.ModeSymlink != 0
}

func goals(found []Found) []realise.Goal {
	var out []realise.Goal
	for _, f := range found {
		if f.Drv != "" {
			out = append(out, realise.Goal{Drv: f.Drv, Outputs: []string{f.Output}})
		}
	}
	return out
}

// realiseForEval builds what an evaluation has to read.
func (s *Session) realiseForEval(ctx context.Context, outputs []builtins.DerivationOutput) error {
	r, err := s.realiser()
	if err != nil {
		return err
	}
	var want []realise.Goal
	for _, o := range outputs {
		g := realise.Goal{Drv: o.Derivation}
		if o.Output != "" {
			g.Outputs = []string{o.Output}
		}
		want = append(want, g)
	}
	return r.Realise(ctx, want)
}

// emit shows an event, and makes the display at the first one.
func (s *Session) emit(e progress.Event) {
	s.displayOnce.Do(func() {
		if s.cfg.Display != nil {
			s.display = s.cfg.Display()
		}
	})
	if s.display != nil {
		s.display.Emit(e)
	}
}

// CloseDisplay gives the terminal back, so that results can be printed.
func (s *Session) CloseDisplay() {
	s.displayOnce.Do(func() {})
	if s.display != nil {
		s.display.Close()
		s.display = nil
	}
}
