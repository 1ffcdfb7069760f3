package localstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"isomorph/internal/atomicfile"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// Verify implements [store.Store].
//
// It looks at names under the shared gc.lock, so that what it compares belongs
// together, and reads contents without it: that can take long, and a path that
// is collected meanwhile is no problem of the store.
func (s *Store) Verify(ctx context.Context, opts store.VerifyOptions) (*store.VerifyResult, error) {
	v := &verifier{s: s, ctx: ctx, opts: opts, result: &store.VerifyResult{}}
	err := v.run()
	slices.SortStableFunc(v.result.Problems, func(a, b store.Problem) int { return strings.Compare(string(a.Path), string(b.Path)) })
	if err != nil {
		return v.result, fmt.Errorf("verify the store: %w", err)
	}
	return v.result, nil
}

type verifier struct {
	s      *Store
	ctx    context.Context
	opts   store.VerifyOptions
	result *store.VerifyResult
}

func (v *verifier) run() error {
	if err := v.database(); err != nil {
		return err
	}
	present, err := v.names()
	if err != nil {
		return err
	}
	if !v.opts.CheckContents {
		v.result.Checked = len(present)
		return nil
	}
	for i, p := range present {
		if err := context.Cause(v.ctx); err != nil {
			return err
		}
		if v.opts.Progress != nil {
			v.opts.Progress(p, i, len(present))
		}
		if err := v.path(p); err != nil {
			return err
		}
		v.result.Checked++
	}
	return nil
}

func (v *verifier) found(p storepath.Path, fatal bool, format string, args ...any) *store.Problem {
	v.result.Problems = append(v.result.Problems, store.Problem{Path: p, Fatal: fatal, Text: fmt.Sprintf(format, args...)})
	return &v.result.Problems[len(v.result.Problems)-1]
}

// database asks SQLite for its own opinion.
func (v *verifier) database() error {
	texts, err := v.s.db.queryStrings(v.ctx, "pragma integrity_check")
	for _, t := range texts {
		if t != "ok" {
			v.found("", true, "the database is damaged: %s", t)
		}
	}
	if err != nil {
		return err
	}
	texts, err = v.s.db.queryStrings(v.ctx, `select "table" || ' row ' || rowid from pragma_foreign_key_check`)
	for _, t := range texts {
		v.found("", true, "the database refers to a path that it does not have: %s", t)
	}
	return err
}

// names compares the names on disk with those in the database and returns the
// valid paths that are there.
func (v *verifier) names() (present []storepath.Path, err error) {
	if !v.s.readOnly {
		lock, err := atomicfile.OpenLock(v.s.gcLockFile())
		if err != nil {
			return nil, err
		}
		defer lock.Close()
		if err := lock.Acquire(v.ctx, atomicfile.Shared, v.s.waiter("waiting for the big garbage collector lock")); err != nil {
			return nil, err
		}
	}
	// The database last: a path that is registered in between is on disk by then.
	onDisk, err := readDirNames(v.s.at.store)
	if err != nil {
		return nil, err
	}
	valid, err := v.s.AllPaths(v.ctx)
	if err != nil {
		return nil, err
	}
	v.unregistered(onDisk, valid)
	there := make(map[string]bool, len(onDisk))
	for _, name := range onDisk {
		there[name] = true
	}
	var missing []storepath.Path
	for _, p := range valid {
		if there[string(p)] {
			present = append(present, p)
			continue
		}
		if ok, err := existsAt(v.s.dir, string(p)); err != nil {
			return nil, err
		} else if ok {
			present = append(present, p)
		} else {
			missing = append(missing, p)
		}
	}
	return present, v.missing(missing)
}

// unregistered reports names that no valid path has. They harm nobody.
func (v *verifier) unregistered(onDisk []string, valid []storepath.Path) {
	for _, name := range onDisk {
		if _, ok := slices.BinarySearch(valid, storepath.Path(name)); ok || name == linksDir {
			continue
		}
		if strings.HasPrefix(name, scratchPrefix) || strings.HasSuffix(name, ".lock") {
			continue // somebody is at work, or a collection will see to it
		}
		if p, err := storepath.ParseBase(name); err == nil {
			v.found(p, false, "is in the store directory but not valid; a garbage collection deletes it")
		} else {
			v.found("", false, "'%s' in the store directory is not the name of a store path", name)
		}
	}
}

// missing deals with valid paths that are not on disk, referrers first, so
// that whole branches can be dropped.
func (v *verifier) missing(paths []storepath.Path) error {
	g, err := v.s.readGraph(v.ctx)
	if err != nil || len(paths) == 0 {
		return err
	}
	sorted, err := store.TopoSort(paths, func(p storepath.Path) []storepath.Path { return g.refs[p] })
	if err != nil {
		return err
	}
	slices.Reverse(sorted)
	for _, p := range sorted {
		if err := v.missingPath(p); err != nil {
			return err
		}
	}
	return nil
}

func (v *verifier) missingPath(p storepath.Path) error {
	referrers, err := v.s.Referrers(v.ctx, p)
	if err != nil {
		return err
	}
	referrers = slices.DeleteFunc(referrers, func(r storepath.Path) bool { return r == p })
	if len(referrers) > 0 {
		v.repair(v.found(p, true, "disappeared, but it still has valid referrers"))
		return nil
	}
	if !v.opts.DropMissing {
		v.repair(v.found(p, true, "disappeared"))
		return nil
	}
	if err := v.s.deleteRows(v.ctx, []storepath.Path{p}); err != nil {
		return err
	}
	v.s.forget()
	v.found(p, true, "disappeared, removing from database...").Repaired = true
	return nil
}

func (v *verifier) repair(p *store.Problem) {
	if v.opts.Repair == nil {
		return
	}
	v.s.forget()
	if err := v.opts.Repair(v.ctx, p.Path); err != nil {
		p.Text += fmt.Sprintf("; it could not be repaired: %v", err)
		return
	}
	p.Repaired = true
}

// path checks one tree: hash, size, and the form of modes and times.
func (v *verifier) path(p storepath.Path) error {
	problem, err := v.check(p)
	if problem == "" && err == nil {
		return nil
	}
	info, still := v.s.readInfo(v.ctx, p)
	if errors.Is(still, store.ErrNotFound) {
		return nil // collected meanwhile
	}
	if err := errors.Join(still, context.Cause(v.ctx)); err != nil {
		return err
	}
	if err != nil {
		problem = err.Error()
	}
	found := v.found(p, true, "%s", problem)
	if v.opts.Repair != nil && v.s.canonicaliseAgain(v.ctx, info) {
		found.Repaired = true
		return nil
	}
	v.repair(found)
	return nil
}

func (v *verifier) check(p storepath.Path) (problem string, err error) {
	info, err := v.s.readInfo(v.ctx, p)
	if err != nil {
		return "", err
	}
	got, err := hashTree(v.ctx, v.s.dir, string(p), nil)
	if err != nil {
		return "", err
	}
	if got.NarHash != info.NarHash {
		return fmt.Sprintf("was modified! expected hash '%s', got '%s'", info.NarHash, got.NarHash), nil
	}
	if info.NarSize != 0 && got.NarSize != info.NarSize {
		return fmt.Sprintf("has size %d where %d was recorded", got.NarSize, info.NarSize), nil
	}
	return notCanonical(v.s.dir, string(p))
}

// notCanonical says what in a tree has the wrong mode or time, "" if nothing.
// The NAR does not show it, but the owner could write to such a file by
// mistake, and programs would see other times than on another machine.
func notCanonical(dir *os.File, name string) (string, error) {
	st, err := lstatAt(dir, name)
	if err != nil {
		return "", err
	}
	mode := st.Mode & 0o7777
	wrongMode := mode != 0o555 && (mode != 0o444 || kind(&st) == unix.S_IFDIR)
	switch {
	case kind(&st) != unix.S_IFLNK && wrongMode:
		return fmt.Sprintf("'%s/%s' has mode %04o", dir.Name(), name, mode), nil
	case st.Mtim.Sec != 1:
		return fmt.Sprintf("'%s/%s' has modification time %d instead of 1", dir.Name(), name, st.Mtim.Sec), nil
	case kind(&st) != unix.S_IFDIR:
		return "", nil
	}
	d, err := openAt(dir, name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return "", err
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	for _, n := range names {
		if problem, err := notCanonical(d, n); problem != "" || err != nil {
			return problem, err
		}
	}
	return "", err
}

// canonicaliseAgain puts modes and times right in place, if the contents are.
func (s *Store) canonicaliseAgain(ctx context.Context, info *store.PathInfo) bool {
	if s.readOnly {
		return false
	}
	got, err := hashTree(ctx, s.dir, string(info.Path), nil)
	if err != nil || got.NarHash != info.NarHash {
		return false
	}
	c := &canonicaliser{uid: uint32(s.opts.UID), shared: map[inode]*sharing{}}
	return c.entry(s.dir, string(info.Path)) == nil
}
