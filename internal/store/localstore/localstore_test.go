package localstore_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"
	"time"

	"isomorph/internal/store"
	"isomorph/internal/store/localstore"
	"isomorph/internal/store/storetest"
)

// options are those of a store that is thrown away; TestSuite and the power cut
// have a durable one.
func options(root string) localstore.Options {
	return localstore.Options{Root: root, UID: os.Getuid(), Now: func() time.Time { return time.Unix(1700000000, 0) }, Rand: rand.Reader,
		NoDurability: true}
}

func open(t testing.TB, opts localstore.Options) *localstore.Store {
	t.Helper()
	s, err := localstore.Open(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// newRoot returns a directory for a store, with a space in its name, that can
// be removed although its contents are read-only.
func newRoot(t testing.TB) string {
	root := filepath.Join(t.TempDir(), "the store")
	t.Cleanup(func() {
		filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				os.Chmod(path, 0o700)
			}
			return nil
		})
	})
	return root
}

func TestSuite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		opts := options(newRoot(t))
		opts.NoDurability = false
		return open(t, opts)
	})
}

// The suite again with every directory set by itself.
func TestSuiteSeparateDirs(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		root := newRoot(t)
		opts := options("")
		opts.RealStoreDir = filepath.Join(root, "s")
		opts.StateDir = filepath.Join(root, "state")
		opts.LogDir = filepath.Join(root, "logs")
		return open(t, opts)
	})
}
