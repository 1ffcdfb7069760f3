package localstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"sync"

	"golang.org/x/sys/unix"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// database is the one pool of connections that a process has to db.sqlite.
// Nothing else in the process may open the file, its -wal or its -shm: closing
// any descriptor of a file drops all POSIX locks on it, SQLite's included.
type database struct {
	pool    *sql.DB
	waiting func(string)

	writer chan struct{} // held by the one goroutine that writes

	mu    sync.Mutex
	stmts map[string]*sql.Stmt

	// unproved opens the file in the mode dbImmutable. It is nil once it is known
	// whether that is needed.
	unproved func() (*sql.DB, error)
}

// busyMillis is how long SQLite itself waits for a lock. It cannot be
// interrupted meanwhile; the loop around it can, and goes on for as long as
// the caller's context allows.
const busyMillis = 500

// dbMode is how the database file is opened.
type dbMode string

const (
	dbWrite     dbMode = "rw"
	dbCreate    dbMode = "rwc"
	dbRead      dbMode = "ro"
	dbImmutable dbMode = "immutable" // the directory cannot be written: no -shm file, no locks
)

// openDB returns the database in a file, which is opened when it is first asked
// for something. One that is only read is taken for immutable if it cannot be
// read otherwise.
func openDB(file string, mode dbMode, syncMode string, waiting func(string)) (*database, error) {
	pool, err := openPool(file, mode, syncMode)
	if err != nil {
		return nil, err
	}
	db := &database{pool: pool, waiting: waiting, writer: make(chan struct{}, 1), stmts: map[string]*sql.Stmt{}}
	if mode == dbRead {
		db.unproved = func() (*sql.DB, error) { return openPool(file, dbImmutable, syncMode) }
	}
	db.writer <- struct{}{}
	return db, nil
}

func openPool(file string, mode dbMode, syncMode string) (*sql.DB, error) {
	q := url.Values{}
	if mode == dbImmutable {
		q.Set("mode", "ro")
		q.Set("immutable", "1")
	} else {
		q.Set("mode", string(mode))
	}
	q.Set("_txlock", "immediate") // a read lock that wants to grow would fail with SQLITE_BUSY_SNAPSHOT
	for _, p := range []string{
		fmt.Sprintf("busy_timeout(%d)", busyMillis),
		"foreign_keys(1)",
		"temp_store(2)", // memory: a full /tmp must not stop us
		"synchronous(" + syncMode + ")",
		"wal_autocheckpoint(8000)",
	} {
		q.Add("_pragma", p)
	}
	u := url.URL{Scheme: "file", Path: file, RawQuery: q.Encode()}
	pool, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(4)
	pool.SetMaxIdleConns(4)
	return pool, nil
}

// prove reads something, to see whether the file can be read. The caller holds mu.
func (db *database) prove(ctx context.Context) error {
	if db.unproved == nil {
		return nil
	}
	var n int
	err := db.retry(ctx, func() error { return db.pool.QueryRowContext(ctx, "select count(*) from SchemaMigrations").Scan(&n) })
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		// SQLite cannot create its -shm file here. Nobody else can write either,
		// or so we have to assume.
		pool, err := db.unproved()
		if err != nil {
			return err
		}
		db.pool.Close()
		db.pool = pool
	}
	db.unproved = nil
	return nil
}

func (db *database) close() error { return db.pool.Close() }

// persistWAL keeps the -wal file when the last connection goes, as Nix does,
// so that somebody without the right to write can open the store later.
func (db *database) persistWAL(ctx context.Context) error {
	conn, err := db.pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Raw(func(c any) error {
		if fc, ok := c.(sqlite.FileControl); ok {
			_, err := fc.FileControlPersistWAL("main", 1)
			return err
		}
		return nil
	})
}

// stmt returns the prepared statement for a query, prepared once.
func (db *database) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if s := db.stmts[query]; s != nil {
		return s, nil
	}
	if err := db.prove(ctx); err != nil {
		return nil, err
	}
	var s *sql.Stmt
	err := db.retry(ctx, func() (err error) {
		s, err = db.pool.PrepareContext(ctx, query)
		return err
	})
	if err == nil {
		db.stmts[query] = s
	}
	return s, err
}

// retry calls f until the database is not busy.
func (db *database) retry(ctx context.Context, f func() error) error {
	for said := false; ; {
		err := explainFull(f())
		if !isBusy(err) {
			return err
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if !said && db.waiting != nil {
			db.waiting("waiting for another process to finish writing the store's database")
			said = true
		}
	}
}

func isBusy(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	code := e.Code() & 0xff
	return code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED
}

// queryRow runs a query that gives at most one row. It returns sql.ErrNoRows
// if there is none.
func (db *database) queryRow(ctx context.Context, query string, arg any, dest ...any) error {
	s, err := db.stmt(ctx, query)
	if err != nil {
		return err
	}
	return db.retry(ctx, func() error { return s.QueryRowContext(ctx, arg).Scan(dest...) })
}

// queryStrings runs a query with one text column.
func (db *database) queryStrings(ctx context.Context, query string, args ...any) (out []string, err error) {
	err = db.queryRows(ctx, query, args, func(rows *sql.Rows) error {
		var s string
		err := rows.Scan(&s)
		out = append(out, s)
		return err
	}, func() { out = nil })
	return out, err
}

// queryRows calls each for every row, and restart before it begins again
// because the database was busy in the middle.
func (db *database) queryRows(ctx context.Context, query string, args []any, each func(*sql.Rows) error, restart func()) error {
	s, err := db.stmt(ctx, query)
	if err != nil {
		return err
	}
	return db.retry(ctx, func() error {
		restart()
		rows, err := s.QueryContext(ctx, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := each(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

// write runs f in one transaction that has the write lock from its first
// statement on. When write returns nil the transaction is on disk.
func (db *database) write(ctx context.Context, f func(*sql.Tx) error) error {
	select {
	case <-db.writer:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { db.writer <- struct{}{} }()
	var tx *sql.Tx
	err := db.retry(ctx, func() (err error) {
		tx, err = db.pool.BeginTx(ctx, nil)
		return err
	})
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(explainFull(err), ignoreDone(tx.Rollback()))
	}
	return explainFull(tx.Commit())
}

// explainFull gives SQLite's ways of saying that the disk is full the errno
// that the rest of the program knows, and says what helps.
func explainFull(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) || e.Code() != sqlite3.SQLITE_FULL && e.Code() != sqlite3.SQLITE_IOERR_SHMSIZE {
		return err
	}
	return fmt.Errorf("the file system of the store is full (%w); 'isomorph gc' works all the same and makes room: %w", err, unix.ENOSPC)
}

// ignoreDone forgives a rollback of what SQLite has rolled back by itself.
func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}
