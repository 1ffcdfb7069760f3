package localstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"isomorph/internal/derivation"
	"isomorph/internal/failpoint"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// candidate is a canonical, hashed tree in a scratch directory that shall
// become a valid path.
type candidate struct {
	dir     *os.File
	entry   string
	files   int  // in the tree
	text    bool // one regular file with contents that follow from its path
	repair  bool // take the place of the tree of a valid path
	inPlace bool // lies at its final name already
	info    *store.PathInfo
	drv     *derivation.Derivation // parsed, if it is one
}

// register makes candidates valid, all or none. It is the only function that
// inserts into ValidPaths. The package comment has the order of steps and its
// reasons.
func (s *Store) register(ctx context.Context, held store.Lock, cands []*candidate) error {
	if len(cands) == 0 {
		return nil
	}
	if err := s.writable("register paths"); err != nil {
		return err
	}
	if err := checkCandidates(s.Dir(), cands); err != nil {
		return err
	}
	if err := s.AddTempRoot(ctx, candidatePaths(cands)...); err != nil {
		return err
	}
	unlock, err := s.lockCandidates(ctx, held, cands)
	if err != nil {
		return err
	}
	defer unlock()
	cands, err = s.stillNeeded(ctx, cands)
	if err != nil || len(cands) == 0 {
		return err
	}
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"references-checked", func() error { return s.checkReferences(ctx, cands) }},
		{"derivations-checked", func() error { return s.checkDerivations(cands) }},
		{"contents-flushed", func() error { return s.flushCandidates(cands) }},
		{"renamed", func() error { return s.moveAll(ctx, cands) }},
		{"directory-flushed", func() error { return s.flushStoreDir() }},
		{"committed", func() error { return s.insert(ctx, cands) }},
	} {
		if err := step.do(); err != nil {
			return err
		}
		if err := failpoint.Hit(step.name); err != nil {
			return err
		}
	}
	s.remember(cands)
	return nil
}

func candidatePaths(cands []*candidate) []storepath.Path {
	paths := make([]storepath.Path, len(cands))
	for i, c := range cands {
		paths[i] = c.info.Path
	}
	return paths
}

// checkCandidates checks what can be checked without the database.
func checkCandidates(dir storepath.Dir, cands []*candidate) error {
	refs := make(map[storepath.Path][]storepath.Path, len(cands))
	for _, c := range cands {
		if _, err := storepath.ParseBase(string(c.info.Path)); err != nil {
			return err
		}
		if _, dup := refs[c.info.Path]; dup {
			return fmt.Errorf("register %s: the path is given twice", c.info.Path)
		}
		slices.Sort(c.info.References)
		c.info.References = slices.Compact(c.info.References)
		refs[c.info.Path] = c.info.References
		if err := checkCA(dir, c.info); err != nil {
			return err
		}
	}
	_, err := store.TopoSort(candidatePaths(cands), func(p storepath.Path) []storepath.Path { return refs[p] })
	var cycle *store.CycleError
	if errors.As(err, &cycle) {
		return fmt.Errorf("cycle detected in the references of '%s' from '%s': %w", dir.Join(cycle.Path), dir.Join(cycle.Other), err)
	}
	return err
}

// lockCandidates takes the path locks that the caller does not hold. Texts
// need none: whoever moves the same text into the same place does no harm.
func (s *Store) lockCandidates(ctx context.Context, held store.Lock, cands []*candidate) (unlock func(), err error) {
	mine, _ := held.(*pathLocks)
	var need []storepath.Path
	for _, c := range cands {
		if !c.text && (mine == nil || !mine.covers(c.info.Path)) {
			need = append(need, c.info.Path)
		}
	}
	if len(need) == 0 {
		return func() {}, nil
	}
	l, err := s.LockPaths(ctx, need, nil)
	if err != nil {
		return nil, err
	}
	return l.Unlock, nil
}

// stillNeeded leaves out what has become valid while we worked, except what
// is to be repaired.
func (s *Store) stillNeeded(ctx context.Context, cands []*candidate) ([]*candidate, error) {
	valid, err := s.ValidPaths(ctx, candidatePaths(cands))
	if err != nil || len(valid) == 0 {
		return cands, err
	}
	return slices.DeleteFunc(slices.Clone(cands), func(c *candidate) bool { return valid[c.info.Path] && !c.repair }), nil
}

// checkReferences refuses a reference to a path that is neither valid nor
// about to be, before anything has been moved.
func (s *Store) checkReferences(ctx context.Context, cands []*candidate) error {
	own := make(map[storepath.Path]bool, len(cands))
	for _, c := range cands {
		own[c.info.Path] = true
	}
	from := map[storepath.Path]storepath.Path{}
	var need []storepath.Path
	for _, c := range cands {
		for _, r := range c.info.References {
			if _, seen := from[r]; !own[r] && !seen {
				from[r] = c.info.Path
				need = append(need, r)
			}
		}
	}
	valid, err := s.ValidPaths(ctx, need)
	if err != nil {
		return err
	}
	for _, r := range need {
		if !valid[r] {
			return fmt.Errorf("cannot register '%s': its reference '%s' is not valid: %w", s.Dir().Join(from[r]), s.Dir().Join(r), store.ErrNotFound)
		}
	}
	return nil
}

// flushCandidates brings the contents to disk.
func (s *Store) flushCandidates(cands []*candidate) error {
	if s.opts.NoDurability {
		return nil
	}
	total := 0
	for _, c := range cands {
		total += c.files
	}
	if total > fewFiles {
		return syncFileSystem(s.dir)
	}
	for _, c := range cands {
		if err := flushTree(c.dir, c.entry); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) flushStoreDir() error {
	if s.opts.NoDurability {
		return nil
	}
	return syncFile(s.dir)
}

func (s *Store) moveAll(ctx context.Context, cands []*candidate) error {
	for _, c := range cands {
		if c.inPlace {
			continue
		}
		if err := s.move(ctx, c); err != nil {
			return fmt.Errorf("move %s into place: %w", c.info.Path, err)
		}
		if err := failpoint.Hit("renamed-one"); err != nil {
			return err
		}
	}
	return nil
}

// move renames a candidate to its final name.
func (s *Store) move(ctx context.Context, c *candidate) error {
	if c.text {
		err := renameAt(c.dir, c.entry, s.dir, string(c.info.Path), 0)
		if !errors.Is(err, unix.EISDIR) {
			return err
		}
		// A directory is in the way, left by who knows whom.
		lock, err := s.LockPaths(ctx, []storepath.Path{c.info.Path}, nil)
		if err != nil {
			return err
		}
		defer lock.Unlock()
	}
	err := s.moveTree(c)
	if errors.Is(err, unix.EEXIST) || errors.Is(err, unix.ENOTEMPTY) {
		// We have the lock and have looked: remains of a crash, or to be repaired.
		if err := s.discard(c.dir, string(c.info.Path)); err != nil {
			return err
		}
		err = s.moveTree(c)
	}
	return err
}

// moveTree renames a tree. A directory that changes its parent gets a new
// "..", and only root may do that to one without write permission.
func (s *Store) moveTree(c *candidate) error {
	st, err := lstatAt(c.dir, c.entry)
	if err != nil {
		return err
	}
	name := string(c.info.Path)
	if kind(&st) != unix.S_IFDIR {
		return renameAt(c.dir, c.entry, s.dir, name, unix.RENAME_NOREPLACE)
	}
	d, err := openAt(c.dir, c.entry, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := unix.Fchmod(int(d.Fd()), 0o755); err != nil {
		return pathErr("chmod", c.dir, c.entry, err)
	}
	err = renameAt(c.dir, c.entry, s.dir, name, unix.RENAME_NOREPLACE)
	if e := unix.Fchmod(int(d.Fd()), 0o555); e != nil {
		return errors.Join(err, pathErr("chmod", s.dir, name, e))
	}
	if err != nil {
		return err
	}
	// Some file systems touch a directory that is moved.
	if err := setTimeAt(s.dir, name); err != nil || s.opts.NoDurability {
		return err
	}
	return syncFile(d)
}

// discard moves something without a row in the database out of the store
// directory, into a scratch directory, and deletes it there.
func (s *Store) discard(trash *os.File, name string) error {
	if err := chmodIfDir(s.dir, name, 0o700); err != nil {
		return err
	}
	random, err := s.randomName()
	if err != nil {
		return err
	}
	old := ".old-" + random
	if err := renameAt(s.dir, name, trash, old, 0); err != nil {
		return err
	}
	_, err = removeTree(trash, old)
	return err
}

func chmodIfDir(dir *os.File, name string, mode uint32) error {
	st, err := lstatAt(dir, name)
	if err != nil || kind(&st) != unix.S_IFDIR {
		return err
	}
	return chmodAt(dir, name, mode)
}

// insert adds the rows of all candidates in one transaction.
func (s *Store) insert(ctx context.Context, cands []*candidate) error {
	err := s.db.write(ctx, func(tx *sql.Tx) error {
		in := inserter{s: s, ctx: ctx, tx: tx, added: make(map[storepath.Path]int64, len(cands)), known: map[storepath.Path]int64{}}
		return in.all(cands)
	})
	if err != nil {
		return fmt.Errorf("register paths in the database: %w", err)
	}
	return nil
}

type inserter struct {
	s   *Store
	ctx context.Context
	tx  *sql.Tx

	added map[storepath.Path]int64 // row ids of paths that this transaction adds or repairs
	known map[storepath.Path]int64 // and of others that it refers to

	path, ref, output, id *sql.Stmt
}

func (in *inserter) all(cands []*candidate) error {
	if err := in.prepare(); err != nil {
		return err
	}
	for _, c := range cands {
		if err := in.addPath(c); err != nil {
			return err
		}
	}
	for _, c := range cands {
		if err := in.addReferences(c.info); err != nil {
			return err
		}
	}
	return failpoint.Hit("before-commit")
}

func (in *inserter) prepare() (err error) {
	for _, q := range []struct {
		to   **sql.Stmt
		text string
	}{
		{&in.path, "insert into ValidPaths (path, hash, registrationTime, deriver, narSize, ultimate, sigs, ca) values (?, ?, ?, ?, ?, ?, ?, ?) on conflict (path) do nothing"},
		{&in.ref, "insert or replace into Refs (referrer, reference) values (?, ?)"},
		{&in.output, "insert or replace into DerivationOutputs (drv, id, path) values (?, ?, ?)"},
		{&in.id, "select id from ValidPaths where path = ?"},
	} {
		if *q.to, err = in.tx.PrepareContext(in.ctx, q.text); err != nil {
			return err
		}
	}
	return nil
}

func nullString(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (in *inserter) addPath(c *candidate) error {
	i, dir := c.info, in.s.Dir()
	if i.RegistrationTime == 0 {
		i.RegistrationTime = in.s.opts.Now().Unix()
	}
	var deriver, ultimate any
	if i.Deriver != "" {
		deriver = dir.Join(i.Deriver)
	}
	if i.Ultimate {
		ultimate = 1
	}
	res, err := in.path.ExecContext(in.ctx, dir.Join(i.Path), "sha256:"+i.NarHash.Base16(), i.RegistrationTime,
		deriver, int64(i.NarSize), ultimate, nullString(strings.Join(i.Sigs, " ")), nullString(i.CA))
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		// A repair, or another process has added the same text a moment ago.
		return errors.Join(err, in.update(c))
	}
	id, err := res.LastInsertId()
	if err != nil {
		return err
	}
	in.added[i.Path] = id
	if c.drv == nil {
		return nil
	}
	for name, o := range c.drv.Outputs.All() {
		if _, err := in.output.ExecContext(in.ctx, id, name, dir.Join(o.Path)); err != nil {
			return err
		}
	}
	return nil
}

// update gives a path that was repaired the hash and the references of its new
// contents: a build need not give the same bits as the one before, and what
// they refer to must not be collected.
func (in *inserter) update(c *candidate) error {
	if !c.repair {
		return nil
	}
	id, err := in.idOf(c.info.Path)
	if err != nil {
		return err
	}
	in.added[c.info.Path] = id
	_, err = in.tx.ExecContext(in.ctx, "update ValidPaths set hash = ?, narSize = ? where id = ?",
		"sha256:"+c.info.NarHash.Base16(), int64(c.info.NarSize), id)
	if err != nil {
		return err
	}
	_, err = in.tx.ExecContext(in.ctx, "delete from Refs where referrer = ?", id)
	return err
}

func (in *inserter) addReferences(i *store.PathInfo) error {
	from, ok := in.added[i.Path]
	if !ok {
		return nil
	}
	for _, r := range i.References {
		to, err := in.idOf(r)
		if err != nil {
			return fmt.Errorf("reference '%s' of '%s': %w", r, i.Path, err)
		}
		if _, err := in.ref.ExecContext(in.ctx, from, to); err != nil {
			return err
		}
	}
	return nil
}

func (in *inserter) idOf(p storepath.Path) (int64, error) {
	if id, ok := in.added[p]; ok {
		return id, nil
	}
	if id, ok := in.known[p]; ok {
		return id, nil
	}
	var id int64
	err := in.id.QueryRowContext(in.ctx, in.s.Dir().Join(p)).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, store.ErrNotFound
	}
	if err == nil {
		in.known[p] = id
	}
	return id, err
}
