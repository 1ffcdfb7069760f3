package localstore_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"isomorph/internal/nar"
	"isomorph/internal/nixhash"
	"isomorph/internal/store"
)

// A process that had its temporary root before the collection began may make
// the path valid, root it and end while the collector reads.
func TestPathAppearsDuringCollection(t *testing.T) {
	for _, place := range []string{"gc-temproots-read", "gc-graph-read"} {
		root := newRoot(t)
		s, other := open(t, options(root)), open(t, options(root))
		batch := other.NewBatch(t.Context())
		p, err := batch.AddText(t.Context(), "text", []byte(place), nil)
		check(t, err)
		check(t, other.AddTempRoot(t.Context(), p))
		passed := 0
		s.OnPass(func(at string) {
			if at == place {
				passed++
				check(t, batch.Commit(t.Context()))
				check(t, other.AddRoot(t.Context(), "kept", p))
				check(t, other.Close())
			}
		})
		_, err = s.GC(t.Context(), store.GCOptions{Action: store.GCDeleteDead})
		check(t, err)
		if passed != 1 {
			t.Fatalf("the collector came by %s %d times", place, passed)
		}
		_, err = s.Info(t.Context(), p)
		check(t, err)
		if b, err := os.ReadFile(s.RealPath(p)); err != nil || string(b) != place {
			t.Errorf("%s: a valid, rooted path was deleted: %v", place, err)
		}
		check(t, s.Close())
	}
}

// A scratch directory that is being created must not be deleted after its
// creator got the lock on it: the collector holds the lock until it is away.
func TestScratchIsLockedWhileItGoes(t *testing.T) {
	s := open(t, options(newRoot(t)))
	defer s.Close()
	scratch(t, s).Close() // sweeps once, before there is anything
	fresh := filepath.Join(s.RealStoreDir(), "tmp-fresh")
	check(t, os.Mkdir(fresh, 0o700))
	dir, err := os.Open(fresh)
	check(t, err)
	defer dir.Close()
	deleted := false
	_, err = s.GC(t.Context(), store.GCOptions{Action: store.GCDeleteDead, Deleted: func(path string) {
		if path == fresh {
			deleted = true
			if err := unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB); !errors.Is(err, unix.EWOULDBLOCK) {
				t.Errorf("its creator could lock it when it was gone: %v", err)
			}
		}
	}})
	check(t, err)
	if !deleted {
		t.Error("the directory, which nobody held, was not deleted")
	}
}

// The size of an archive is signed and shown; what came must have it.
func TestNARSizeIsChecked(t *testing.T) {
	s := open(t, options(newRoot(t)))
	defer s.Close()
	var b bytes.Buffer
	w := nar.NewWriter(&b)
	_, err := w.File(false, 1).Write([]byte("x"))
	check(t, err)
	check(t, w.Close())
	p, err := s.Dir().MakeText("x", nixhash.Sum(nixhash.SHA256, []byte("x")), nil)
	check(t, err)
	info := &store.PathInfo{Path: p, NarHash: nixhash.Sum(nixhash.SHA256, b.Bytes()), NarSize: uint64(b.Len()) + 8}
	if err := s.AddNAR(t.Context(), info, bytes.NewReader(b.Bytes())); !errors.Is(err, store.ErrHashMismatch) {
		t.Errorf("an archive shorter than announced: %v", err)
	}
	info.NarSize = uint64(b.Len())
	check(t, s.AddNAR(t.Context(), info, bytes.NewReader(b.Bytes())))
}
