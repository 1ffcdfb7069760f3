package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"isomorph/internal/build"
	"isomorph/internal/fetch"
	"isomorph/internal/nar"
	"isomorph/internal/nixhash"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// finishOutputs takes the outputs over from the dead build and registers them,
// or compares them with what is valid already.
func (j *job) finishOutputs(ctx context.Context) (map[string]*store.PathInfo, error) {
	infos := map[string]*store.PathInfo{}
	for _, name := range j.drv.OutputNames() {
		if err := j.collect(ctx, name); err != nil {
			return nil, err
		}
		info, err := j.seal(ctx, name)
		if err != nil {
			return nil, err
		}
		infos[name] = info
	}
	if err := j.checkCycles(infos); err != nil {
		return nil, err
	}
	if err := build.CheckOutputs(ctx, j.o.Store, j.req.Drv, j.drv, j.opts, infos); err != nil {
		return nil, j.fail(build.Rejected, err.Error(), err)
	}
	if j.req.Check {
		return infos, j.compare(ctx, infos)
	}
	var regs []store.Registration
	for _, name := range j.drv.OutputNames() {
		damaged, err := j.damaged(ctx, infos[name].Path)
		if err != nil {
			return nil, err
		}
		regs = append(regs, store.Registration{Entry: string(infos[name].Path), Info: *infos[name], Repair: damaged})
	}
	if err := j.scratch.Register(ctx, j.lock, regs); err != nil {
		return nil, fmt.Errorf("register the outputs of '%s': %w", j.dir.Join(j.req.Drv), err)
	}
	return infos, nil
}

// collect moves one output from the scratch store, which the build could write
// to, to the scratch directory, which it never saw.
func (j *job) collect(ctx context.Context, name string) error {
	p := j.drv.Outputs.At(name).Path
	inStore := path.Join(scratchStore, string(p))
	if strings.HasPrefix(j.drv.Builder, "builtin:") {
		inStore = string(p)
	}
	st, err := j.root.Lstat(inStore)
	if errors.Is(err, fs.ErrNotExist) {
		return j.fail(build.Rejected, fmt.Sprintf("builder for '%s' failed to produce output path for output '%s' at '%s'",
			j.dir.Join(j.req.Drv), name, j.dir.Join(p)), err)
	}
	if err != nil {
		return err
	}
	if st.Mode()&fs.ModeSymlink == 0 && st.Mode().Perm()&0o022 != 0 {
		return j.fail(build.Rejected, fmt.Sprintf("suspicious ownership or permission on '%s' for output '%s'; rejecting this build output",
			j.dir.Join(p), name), nil)
	}
	if inStore == string(p) {
		return nil
	}
	if j.drv.IsFixed() {
		err := j.copyOut(inStore, string(p))
		if errors.Is(err, fs.ErrPermission) {
			err = j.copySealed(ctx, inStore, string(p))
		}
		return err
	}
	return j.moveOut(inStore, string(p))
}

// moveOut renames an output. A directory that gets another parent has its ".."
// changed, for which everybody but root needs the right to write it; copies of
// sources are read-only, as the store is. Sealing sets the mode anew.
func (j *job) moveOut(from, to string) error {
	st, err := j.root.Lstat(from)
	if err == nil && st.IsDir() && st.Mode().Perm()&0o700 != 0o700 {
		err = j.root.Chmod(from, 0o700)
	}
	if err != nil {
		return err
	}
	return j.root.Rename(from, to)
}

// copySealed is copyOut for an output in which the build took the right to read
// from itself, and so from us unless we are root: sealing gives it back.
func (j *job) copySealed(ctx context.Context, from, to string) error {
	if err := j.root.RemoveAll(to); err != nil { // what copyOut made before it failed
		return err
	}
	const sealed = "sealed" // no output's name
	if err := j.moveOut(from, sealed); err != nil {
		return err
	}
	if _, err := j.scratch.Seal(ctx, sealed, nil); err != nil {
		return j.fail(build.Rejected, fmt.Sprintf("output of '%s': %v", j.dir.Join(j.req.Drv), err), err)
	}
	return j.copyOut(sealed, to)
}

// copyOut copies a fixed output by way of its NAR, with descriptors only. A
// build that had a network could have handed out a descriptor of a file; with
// new files that is worth nothing.
func (j *job) copyOut(from, to string) error {
	r, w := io.Pipe()
	go func() {
		src, err := j.root.Open(path.Dir(from))
		if err == nil {
			err = errors.Join(nar.DumpAt(w, int(src.Fd()), path.Base(from), from, nil), src.Close())
		}
		w.CloseWithError(err)
	}()
	dst, err := j.root.Open(".")
	if err != nil {
		r.CloseWithError(err)
		return err
	}
	defer dst.Close()
	if err := nar.Restore(r, int(dst.Fd()), to, 1<<62); err != nil {
		r.CloseWithError(err)
		return j.fail(build.Rejected, fmt.Sprintf("output of '%s': %v", j.dir.Join(j.req.Drv), err), err)
	}
	return nil
}

// seal brings an output into its canonical form and finds out its hash, size
// and references while the NAR goes by.
func (j *job) seal(ctx context.Context, name string) (*store.PathInfo, error) {
	o := j.drv.Outputs.At(name)
	scanner := build.NewScanner(slices.Concat(j.closure, j.outputPaths()))
	var tee io.Writer = scanner
	want, recursive, sum := nixhash.Hash{}, false, nixhash.SHA256.New()
	if o.HashAlgo != "" {
		var err error
		if want, recursive, err = o.FixedHash(); err != nil {
			return nil, err
		}
		sum = want.Algorithm().New()
		tee = io.MultiWriter(scanner, sum)
		if err := j.checkFlat(string(o.Path), recursive); err != nil {
			return nil, err
		}
	}
	sealed, err := j.scratch.Seal(ctx, string(o.Path), tee)
	if err != nil {
		return nil, j.fail(build.Rejected, fmt.Sprintf("output '%s' of '%s': %v", name, j.dir.Join(j.req.Drv), err), err)
	}
	info := &store.PathInfo{Path: o.Path, NarHash: sealed.NarHash, NarSize: sealed.NarSize, Deriver: j.req.Drv, Ultimate: true}
	if !j.opts.DiscardReferences[name] {
		info.References = scanner.Found()
	}
	if o.HashAlgo != "" {
		got := nixhash.FromState(want.Algorithm(), sum)
		if !recursive {
			if got, err = j.hashFile(string(o.Path), want.Algorithm()); err != nil {
				return nil, err
			}
		}
		return info, j.checkFixed(info, want, got, recursive)
	}
	return info, nil
}

func (j *job) checkFlat(name string, recursive bool) error {
	st, err := j.root.Lstat(name)
	if err != nil || recursive {
		return err
	}
	if !st.Mode().IsRegular() || st.Mode().Perm()&0o100 != 0 {
		return j.fail(build.Rejected, fmt.Sprintf("output path '%s' should be a non-executable regular file since recursive hashing is not enabled (one of outputHashMode={flat,text} is true)",
			j.dir.Join(storepath.Path(name))), nil)
	}
	return nil
}

func (j *job) hashFile(name string, a nixhash.Algorithm) (nixhash.Hash, error) {
	f, err := j.root.Open(name)
	if err != nil {
		return nixhash.Hash{}, err
	}
	defer f.Close()
	sum := a.New()
	if _, err := io.Copy(sum, f); err != nil {
		return nixhash.Hash{}, err
	}
	return nixhash.FromState(a, sum), nil
}

// checkFixed compares a fixed output with its specification and notes its
// content address.
func (j *job) checkFixed(info *store.PathInfo, want, got nixhash.Hash, recursive bool) error {
	if got != want {
		return j.mismatch(want, got, nil)
	}
	if n := len(info.References); n > 0 {
		return j.fail(build.HashMismatch, fmt.Sprintf("fixed-output derivations must not reference store paths: '%s' references %d distinct paths, e.g. '%s'",
			j.dir.Join(j.req.Drv), n, j.dir.Join(info.References[0])), nil)
	}
	info.CA = "fixed:" + got.String()
	if recursive {
		info.CA = "fixed:r:" + got.String()
	}
	return nil
}

func (j *job) mismatch(want, got nixhash.Hash, cause error) error {
	text := fmt.Sprintf("hash mismatch in fixed-output derivation '%s':\n  specified: %s\n     got:    %s",
		j.dir.Join(j.req.Drv), want.SRI(), got.SRI())
	var h *fetch.HashError
	if errors.As(cause, &h) {
		text += "\n     from:   " + fetch.Redact(h.URL)
	}
	e := j.fail(build.HashMismatch, text, cause)
	e.Advice = fmt.Sprintf("if this is what you want, the hash for the recipe is \"%s\"; if it should not have changed, ask where it comes from", got.SRI())
	return e
}

func (j *job) checkCycles(infos map[string]*store.PathInfo) error {
	refs := map[storepath.Path][]storepath.Path{}
	for _, i := range infos {
		refs[i.Path] = i.References
	}
	_, err := store.TopoSort(j.outputPaths(), func(p storepath.Path) []storepath.Path { return refs[p] })
	var cycle *store.CycleError
	if errors.As(err, &cycle) {
		return j.fail(build.Rejected, fmt.Sprintf("cycle detected in build of '%s' in the references of output '%s' from output '%s'",
			j.dir.Join(j.req.Drv), j.outputName(cycle.Path), j.outputName(cycle.Other)), err)
	}
	return err
}

func (j *job) outputName(p storepath.Path) string {
	for name, o := range j.drv.Outputs.All() {
		if o.Path == p {
			return name
		}
	}
	return string(p)
}

// compare reports every output that differs from the valid one.
func (j *job) compare(ctx context.Context, infos map[string]*store.PathInfo) error {
	var lines []string
	for _, name := range j.drv.OutputNames() {
		valid, err := j.o.Store.Info(ctx, infos[name].Path)
		if errors.Is(err, store.ErrNotFound) {
			continue // nobody has asked for this one
		}
		if err != nil {
			return err
		}
		if valid.NarHash == infos[name].NarHash {
			continue
		}
		line := fmt.Sprintf("derivation '%s' may not be deterministic: output '%s' differs", j.dir.Join(j.req.Drv), j.o.Store.RealPath(valid.Path))
		if j.req.KeepFailed {
			kept, err := j.keep(string(valid.Path))
			if err != nil {
				return err
			}
			line += fmt.Sprintf(" from '%s'", kept)
		}
		lines = append(lines, line)
	}
	if lines == nil {
		return nil
	}
	if j.req.KeepFailed && j.workDir != "" {
		kept, err := j.keepWorkDir()
		if err != nil {
			return err
		}
		lines = append(lines, fmt.Sprintf("note: keeping build directory '%s'", kept))
	}
	return j.fail(build.NotDeterministic, strings.Join(lines, "\n"), nil)
}

// damaged tells whether an output that is valid has to be replaced by a repair:
// whether its files are not what was registered.
func (j *job) damaged(ctx context.Context, p storepath.Path) (bool, error) {
	if !j.req.Repair {
		return false, nil
	}
	info, err := j.o.Store.Info(ctx, p)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	sum := info.NarHash.Algorithm().New()
	if err := nar.Dump(sum, j.o.Store.RealPath(p), nil); err != nil {
		return true, nil // it is not even readable, or not there
	}
	return nixhash.FromState(info.NarHash.Algorithm(), sum) != info.NarHash, nil
}
