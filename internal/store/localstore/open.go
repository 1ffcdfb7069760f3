package localstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"isomorph/internal/atomicfile"
	"isomorph/internal/derivation"
	"isomorph/internal/failpoint"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// schemaVersion is the database layout that this package writes, in Nix's
// numbering.
const schemaVersion = "10"

// reservedSize is how much disk space a collection can count on: without it
// SQLite could not even open its journal on a full disk.
const reservedSize = 8 << 20

// Store is a store on disk. It implements [store.Store]; its methods may be
// called from many goroutines.
type Store struct {
	opts     Options
	at       layout
	db       *database
	dir      *os.File         // the real store directory
	bigLock  *atomicfile.Lock // shared for as long as the store is open; nil if read-only
	readOnly bool
	temp     tempRoots

	randMu sync.Mutex // Options.Rand need not be safe for many goroutines

	mu    sync.Mutex
	cache map[storepath.Path]*store.PathInfo // only of temporary roots, which cannot vanish
	open  map[*scratch]bool

	ahead flushAhead

	sweep sync.Once // of abandoned scratch directories

	hasher  *derivation.Hasher                        // checks output paths of derivations
	pending map[storepath.Path]*derivation.Derivation // that are being registered

	passing func(place string) // a test's, which lets others act at that moment; nil otherwise
}

var _ store.Store = (*Store)(nil)

// Open opens the store that opts describe and creates it if it does not exist.
// Any number of processes may do so at the same time.
//
// A store whose directories cannot be written is opened for reading; then
// everything that changes it fails with store.ErrReadOnly.
func Open(ctx context.Context, opts Options) (*Store, error) {
	if opts.StoreDir == "" {
		opts.StoreDir = storepath.DefaultDir
	}
	at, err := opts.layout()
	if err != nil {
		return nil, err
	}
	s := &Store{opts: opts, at: at, readOnly: opts.ReadOnly, cache: map[storepath.Path]*store.PathInfo{}, open: map[*scratch]bool{},
		pending: map[storepath.Path]*derivation.Derivation{}}
	s.newHasher()
	if err := s.openAll(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open store %s: %w", at.store, err), s.Close())
	}
	return s, nil
}

func (s *Store) openAll(ctx context.Context) error {
	if !s.readOnly {
		err := s.openForWriting(ctx)
		if err == nil || !isReadOnlyError(err) || !s.exists() {
			return err
		}
		if s.bigLock != nil {
			s.bigLock.Close()
			s.bigLock = nil
		}
		s.readOnly = true
	}
	return s.openForReading(ctx)
}

func isReadOnlyError(err error) bool {
	return errors.Is(err, unix.EROFS) || errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM)
}

func (s *Store) exists() bool {
	_, err := os.Stat(filepath.Join(s.at.db, "db.sqlite"))
	return err == nil
}

func (s *Store) openForWriting(ctx context.Context) error {
	for _, dir := range []string{s.at.db, s.at.temp, s.at.gcroots, s.at.profiles, filepath.Join(s.at.profiles, "per-user"), s.at.store, filepath.Join(s.at.store, linksDir)} {
		if err := atomicfile.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if err := unix.Access(s.at.db, unix.W_OK); err != nil {
		return &fs.PathError{Op: "write", Path: s.at.db, Err: err}
	}
	if err := s.openStoreDir(); err != nil {
		return err
	}
	if err := unix.Access(s.at.store, unix.W_OK); err != nil {
		return &fs.PathError{Op: "write", Path: s.at.store, Err: err}
	}
	if err := s.lockBig(ctx); err != nil {
		return err
	}
	return s.openDatabase(dbWrite)
}

// openStoreDir opens the store directory and refuses one that strangers can
// write: they could exchange what lies in it.
func (s *Store) openStoreDir() error {
	dir, err := os.OpenFile(s.at.store, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	s.dir = dir
	var st unix.Stat_t
	if err := unix.Fstat(int(dir.Fd()), &st); err != nil {
		return err
	}
	if st.Mode&0o002 != 0 && st.Mode&unix.S_ISVTX == 0 {
		return fmt.Errorf("every user can write to it; make it private with 'chmod o-w %s'", s.at.store)
	}
	return nil
}

// lockBig takes the big lock, shared, with the schema known to be ours.
func (s *Store) lockBig(ctx context.Context) error {
	lock, err := atomicfile.OpenLock(filepath.Join(s.at.db, "big-lock"))
	if err != nil {
		return err
	}
	s.bigLock = lock
	for {
		if err := lock.Acquire(ctx, atomicfile.Shared, s.waiter("waiting for the big Nix store lock")); err != nil {
			return err
		}
		ok, err := s.schemaIsCurrent()
		if ok || err != nil {
			return err
		}
		// Holding the shared lock while asking for the exclusive one would
		// block everybody who does the same.
		if err := lock.Release(); err != nil {
			return err
		}
		if err := lock.Acquire(ctx, atomicfile.Exclusive, s.waiter("waiting for exclusive access to the Nix store")); err != nil {
			return err
		}
		if err := s.makeSchema(ctx); err != nil {
			return err
		}
		if err := lock.Release(); err != nil {
			return err
		}
	}
}

func (s *Store) waiter(what string) func() {
	return func() {
		if s.opts.Waiting != nil {
			s.opts.Waiting(what)
		}
	}
}

func (s *Store) schemaFile() string { return filepath.Join(s.at.db, "schema") }

func (s *Store) schemaIsCurrent() (bool, error) {
	b, err := os.ReadFile(s.schemaFile())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	switch v := strings.TrimSpace(string(b)); v {
	case schemaVersion:
		return true, nil
	case "": // missing, or emptied by a power cut (NixOS/nix#7064): the database itself knows
		return false, nil
	default:
		return false, fmt.Errorf("its database has schema version %q, and this program knows only version %s; if it is older, Nix upgrades it when it opens the store", v, schemaVersion)
	}
}

// makeSchema creates the database, or completes a creation that was cut off.
// The caller holds the big lock alone.
func (s *Store) makeSchema(ctx context.Context) error {
	if ok, err := s.schemaIsCurrent(); ok || err != nil {
		return err
	}
	db, err := openDB(filepath.Join(s.at.db, "db.sqlite"), dbCreate, synchronous, s.opts.Waiting)
	if err != nil {
		return err
	}
	err = createTables(ctx, db)
	if err = errors.Join(err, db.close()); err != nil {
		return fmt.Errorf("create the database: %w", err)
	}
	if err := failpoint.Hit("schema-created"); err != nil {
		return err
	}
	s.reserve()
	return atomicfile.Write(s.schemaFile(), []byte(schemaVersion), 0o644, s.rand())
}

// reserve creates the reserve file if it is not there in full. It is not
// important enough to fail for.
func (s *Store) reserve() {
	file := filepath.Join(s.at.db, "reserved")
	if st, err := os.Stat(file); err == nil && st.Size() == reservedSize {
		return
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	if unix.Fallocate(int(f.Fd()), 0, 0, reservedSize) == nil {
		return
	}
	// The contents must not be something that a file system can leave out.
	junk := []byte(strings.Repeat("X", 64<<10))
	for range reservedSize / len(junk) {
		if _, err := f.Write(junk); err != nil {
			return
		}
	}
}

func (s *Store) openDatabase(mode dbMode) error {
	sync := synchronous
	if s.opts.NoDurability {
		sync = "OFF"
	}
	var err error
	s.db, err = openDB(filepath.Join(s.at.db, "db.sqlite"), mode, sync, s.opts.Waiting)
	return err
}

func (s *Store) openForReading(ctx context.Context) error {
	if s.dir == nil {
		if err := s.openStoreDir(); err != nil {
			return err
		}
	}
	if ok, err := s.schemaIsCurrent(); err != nil || !ok {
		return errors.Join(err, fmt.Errorf("there is no complete database, and it cannot be created: %w", store.ErrReadOnly))
	}
	return s.openDatabase(dbRead)
}

// Close deletes the scratch directories that are left, and releases the
// temporary roots and all locks.
func (s *Store) Close() error {
	var errs []error
	s.mu.Lock()
	left := slices.Collect(maps.Keys(s.open))
	s.mu.Unlock()
	for _, sc := range left {
		errs = append(errs, sc.Close())
	}
	s.ahead.wg.Wait()
	errs = append(errs, s.temp.close(s.at.temp))
	if s.db != nil {
		errs = append(errs, s.db.close())
	}
	if s.dir != nil {
		errs = append(errs, s.dir.Close())
	}
	if s.bigLock != nil {
		errs = append(errs, s.bigLock.Close())
	}
	return errors.Join(errs...)
}

// Dir returns the logical store directory.
func (s *Store) Dir() storepath.Dir { return s.opts.StoreDir }

// RealStoreDir returns the directory that the store's files lie in.
func (s *Store) RealStoreDir() string { return s.at.store }

// StateDir returns the directory of database and roots.
func (s *Store) StateDir() string { return s.at.state }

// ReadOnly tells whether the store can only be read.
func (s *Store) ReadOnly() bool { return s.readOnly }

// RealPath returns the place on disk of p.
func (s *Store) RealPath(p storepath.Path) string { return filepath.Join(s.at.store, string(p)) }

// rand returns the source of random names.
func (s *Store) rand() io.Reader { return lockedReader{&s.randMu, s.opts.Rand} }

type lockedReader struct {
	mu *sync.Mutex
	r  io.Reader
}

// Read reads while nobody else does.
func (l lockedReader) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.r.Read(p)
}

// pass marks a moment between two steps at which other processes may act.
func (s *Store) pass(place string) {
	if s.passing != nil {
		s.passing(place)
	}
}

func (s *Store) warn(format string, args ...any) {
	if s.opts.Warn != nil {
		s.opts.Warn(fmt.Sprintf(format, args...))
	}
}

func (s *Store) writable(op string) error {
	if s.readOnly {
		return fmt.Errorf("%s in %s: %w", op, s.at.store, store.ErrReadOnly)
	}
	return nil
}
