package localstore

import (
	"context"
	"database/sql"
	_ "embed" // for schema.sql
	"fmt"
)

// schemaSQL is Nix's schema 10 (its schema.sql), with the index that Nix's
// migration of 9 March 2026 drops left out and that migration marked as done.
// The version also stands inside the database (user_version), where a power
// cut cannot separate the two.
//
//go:embed schema.sql
var schemaSQL string

// createTables makes an empty database ours. One that has the tables already
// is left as it is.
func createTables(ctx context.Context, db *database) error {
	if err := db.persistWAL(ctx); err != nil {
		return err
	}
	if _, err := db.pool.ExecContext(ctx, "pragma journal_mode = wal"); err != nil {
		return err
	}
	return db.write(ctx, func(tx *sql.Tx) error {
		columns, err := countColumns(ctx, tx)
		if err != nil || columns == 9 {
			return err
		}
		if columns != 0 {
			return fmt.Errorf("the table ValidPaths has %d columns where schema %s has 9: the database comes from another version of Nix; open it once with Nix to upgrade it", columns, schemaVersion)
		}
		_, err = tx.ExecContext(ctx, schemaSQL)
		return err
	})
}

func countColumns(ctx context.Context, tx *sql.Tx) (n int, err error) {
	err = tx.QueryRowContext(ctx, "select count(*) from pragma_table_info('ValidPaths')").Scan(&n)
	return n, err
}
