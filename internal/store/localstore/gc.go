package localstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"isomorph/internal/atomicfile"
	"isomorph/internal/failpoint"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// linksDir is where Nix keeps its hard links of equal files ("optimise").
const linksDir = ".links"

// GC implements [store.Store]. The package comment says how it works.
func (s *Store) GC(ctx context.Context, opts store.GCOptions) (*store.GCResult, error) {
	if err := s.writable("collect garbage"); err != nil {
		return nil, err
	}
	c := &collector{s: s, ctx: ctx, opts: opts, result: &store.GCResult{}}
	if err := c.run(); err != nil {
		return c.result, fmt.Errorf("collect garbage: %w", err)
	}
	return c.result, nil
}

// collector is one collection.
type collector struct {
	s      *Store
	ctx    context.Context
	opts   store.GCOptions
	result *store.GCResult

	graph *graph
	temp  map[string]bool // hash parts of temporary roots, valid or not
	trash *scratch
}

func (c *collector) deletes() bool {
	return c.opts.Action == store.GCDeleteDead || c.opts.Action == store.GCDeleteSpecific
}

func (c *collector) run() error {
	if c.deletes() {
		// On a full disk this is the space that the rest works with.
		unix.Unlink(filepath.Join(c.s.at.db, "reserved"))
		defer c.s.reserve()
	}
	lock, err := atomicfile.OpenLock(c.s.gcLockFile())
	if err != nil {
		return err
	}
	err = lock.Acquire(c.ctx, atomicfile.Exclusive, c.s.waiter("waiting for the big garbage collector lock"))
	if err == nil {
		err = c.decide()
	}
	// From here on nobody can get at the trash any more, and nobody has to wait.
	if err = errors.Join(err, lock.Close()); c.trash == nil {
		return err
	}
	freed, e := emptyDir(c.trash.dir)
	c.result.BytesFreed = freed
	return errors.Join(err, e, c.trash.Close())
}

// decide finds out what is dead and puts it into the trash. The caller holds
// gc.lock alone.
func (c *collector) decide() error {
	alive, err := c.alive()
	if err != nil {
		return err
	}
	if err := failpoint.Hit("gc-marked"); err != nil {
		return err
	}
	switch c.opts.Action {
	case store.GCReturnLive:
		c.result.Paths = sortedPaths(alive)
		return nil
	case store.GCReturnDead:
		c.result.Paths = slices.DeleteFunc(slices.Clone(c.graph.paths), func(p storepath.Path) bool { return alive[p] })
		return nil
	}
	dead, err := c.choose(alive)
	if err != nil {
		return err
	}
	return c.delete(dead)
}

func sortedPaths(set map[storepath.Path]bool) []storepath.Path {
	return slices.Sorted(maps.Keys(set))
}

// alive returns the valid paths that something needs.
//
// The order of the readings matters. Nobody can add a temporary root now, but
// whoever has one can make its path valid, root it and end. So the temporary
// roots come first: their owner either was there, or had written its row
// before the rows are read, and its permanent root before those are.
func (c *collector) alive() (map[storepath.Path]bool, error) {
	var todo []storepath.Path
	c.temp = map[string]bool{}
	err := c.s.findTempRoots(func(p storepath.Path, _ string) {
		c.temp[p.HashPart()] = true
		todo = append(todo, p)
	})
	if err != nil {
		return nil, err
	}
	c.s.pass("gc-temproots-read")
	if c.graph, err = c.s.readGraph(c.ctx); err != nil {
		return nil, err
	}
	c.s.pass("gc-graph-read")
	temporary := todo
	todo = nil
	alive := map[storepath.Path]bool{}
	push := func(p storepath.Path) {
		if c.graph.has(p) && !alive[p] {
			alive[p] = true
			todo = append(todo, p)
		}
	}
	for _, p := range temporary {
		push(p)
	}
	if !c.opts.IgnoreLiveness {
		err = c.s.findRoots(c.deletes(), func(p storepath.Path, _ string) { push(p) })
	}
	for len(todo) > 0 {
		p := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, r := range c.graph.needs(p, &c.opts) {
			push(r)
		}
	}
	return alive, err
}

// choose returns the dead paths that are to go, each before the paths that it
// refers to.
func (c *collector) choose(alive map[storepath.Path]bool) ([]storepath.Path, error) {
	var dead []storepath.Path
	if c.opts.Action == store.GCDeleteSpecific {
		closure := c.graph.referrersClosure(c.opts.Paths)
		for _, p := range sortedPaths(closure) {
			if alive[p] || c.temp[p.HashPart()] {
				return nil, fmt.Errorf("Cannot delete path '%s' since it is still alive. To find out why, use: nix-store --query --roots and nix-store --query --referrers: %w",
					c.s.Dir().Join(p), store.ErrInUse)
			}
			if c.graph.has(p) {
				dead = append(dead, p)
			}
		}
	} else {
		dead = slices.DeleteFunc(slices.Clone(c.graph.paths), func(p storepath.Path) bool { return alive[p] })
	}
	dead, err := store.TopoSort(dead, func(p storepath.Path) []storepath.Path { return c.graph.refs[p] })
	slices.Reverse(dead)
	return dead, err
}

// delete invalidates the dead paths, and then moves them and what belongs to
// no valid path into the trash.
func (c *collector) delete(dead []storepath.Path) error {
	var err error
	if c.trash, err = c.s.newScratch(c.ctx); err != nil {
		return err
	}
	if dead, err = c.limit(dead); err != nil {
		return err
	}
	if err := c.s.deleteRows(c.ctx, dead); err != nil {
		return err
	}
	c.s.forget()
	if err := failpoint.Hit("gc-rows-deleted"); err != nil {
		return err
	}
	for _, p := range dead {
		if err := c.throwAway(string(p)); err != nil {
			return err
		}
		c.result.Paths = append(c.result.Paths, p)
		if err := failpoint.Hit("gc-moved-one"); err != nil {
			return err
		}
	}
	slices.Sort(c.result.Paths)
	if c.opts.MaxFreed > 0 && len(dead) > 0 {
		return nil // garbage waits until there is no limit
	}
	return c.deleteGarbage()
}

// limit cuts the list where enough will be freed.
func (c *collector) limit(dead []storepath.Path) ([]storepath.Path, error) {
	if c.opts.MaxFreed == 0 {
		return dead, nil
	}
	var sum uint64
	for i, p := range dead {
		n, err := diskUsage(c.s.dir, string(p), 0)
		if err != nil {
			return nil, err
		}
		if sum += n; sum >= c.opts.MaxFreed {
			return dead[:i+1], nil
		}
	}
	return dead, nil
}

// diskUsage returns how many bytes of disk a tree has.
func diskUsage(dir *os.File, name string, depth int) (uint64, error) {
	st, err := lstatAt(dir, name)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	sum := uint64(st.Blocks) * 512
	if err != nil || kind(&st) != unix.S_IFDIR || depth > maxDepth {
		return sum, err
	}
	d, err := openAt(dir, name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return sum, err
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	for _, n := range names {
		m, e := diskUsage(d, n, depth+1)
		sum += m
		err = errors.Join(err, e)
	}
	return sum, err
}

func (s *Store) deleteRows(ctx context.Context, dead []storepath.Path) error {
	if len(dead) == 0 {
		return nil
	}
	return s.db.write(ctx, func(tx *sql.Tx) error {
		del, err := tx.PrepareContext(ctx, "delete from ValidPaths where path = ?")
		if err != nil {
			return err
		}
		for _, p := range dead { // referrers first, or SQLite refuses
			if _, err := del.ExecContext(ctx, s.Dir().Join(p)); err != nil {
				return fmt.Errorf("invalidate '%s': %w", p, err)
			}
		}
		return nil
	})
}

// throwAway moves a name of the store directory into the trash.
func (c *collector) throwAway(name string) error {
	err := chmodIfDir(c.s.dir, name, 0o700)
	if err == nil {
		random, e := c.s.randomName()
		if e != nil {
			return e
		}
		err = renameAt(c.s.dir, name, c.trash.dir, random, 0)
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil // the row was all that there was
	}
	if err == nil && c.opts.Deleted != nil {
		c.opts.Deleted(filepath.Join(c.s.at.store, name))
	}
	return err
}

// deleteGarbage throws away what is in the store directory without being
// valid: remains of crashes, lock files, results of builds that failed.
func (c *collector) deleteGarbage() error {
	names, err := readDirNames(c.s.at.store)
	if err != nil {
		return err
	}
	slices.Sort(names)
	for _, name := range names {
		garbage, held := c.isGarbage(name)
		if garbage {
			err = c.throwAway(name)
		}
		if held != nil {
			err = errors.Join(err, held.Close())
		}
		if err != nil {
			return err
		}
		if !garbage {
			continue
		}
		c.result.Garbage = append(c.result.Garbage, name)
	}
	return c.s.pruneLinks()
}

// isGarbage tells whether a name of the store directory may go. A scratch
// directory is held locked until it is gone: one that was just being created
// would otherwise be taken for good by its creator in between.
func (c *collector) isGarbage(name string) (yes bool, held *atomicfile.Lock) {
	switch {
	case name == linksDir || name == c.trash.name:
		return false, nil
	case c.opts.Action == store.GCDeleteSpecific:
		return c.asked(name), nil
	case strings.HasPrefix(name, scratchPrefix):
		held = c.s.takeOver(name)
		return held != nil, held
	case c.graph.has(storepath.Path(name)) || len(name) >= storepath.HashLen && c.temp[name[:storepath.HashLen]]:
		// The hash part alone counts, so that HASH-NAME.lock lives with HASH-NAME.
		return false, nil
	}
	return true, nil
}

// asked tells whether an invalid path was named for deletion.
func (c *collector) asked(name string) bool {
	p := storepath.Path(name)
	return slices.Contains(c.opts.Paths, p) && !c.graph.has(p) && !c.temp[p.HashPart()]
}

// pruneLinks deletes Nix's hard links to files that nothing else has.
func (s *Store) pruneLinks() error {
	d, err := openAt(s.dir, linksDir, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	for _, name := range names {
		st, e := lstatAt(d, name)
		if e == nil && st.Nlink == 1 {
			e = unlinkAt(d, name, 0)
		}
		if e != nil && !errors.Is(e, os.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}
