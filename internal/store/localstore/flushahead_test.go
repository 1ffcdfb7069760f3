package localstore_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"isomorph/internal/store"
)

// Large trees are flushed ahead, small ones are not; and nothing of it goes on
// when the store is closed.
func TestFlushAhead(t *testing.T) {
	for _, tt := range []struct {
		files int
		some  bool
	}{{100, false}, {1100, true}} {
		dir := t.TempDir()
		src := filepath.Join(dir, "src")
		if err := os.Mkdir(src, 0o755); err != nil {
			t.Fatal(err)
		}
		for i := range tt.files {
			if err := os.WriteFile(filepath.Join(src, fmt.Sprint(i)), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		opts := options(newRoot(t))
		opts.NoDurability = false
		s := open(t, opts)
		var flushes atomic.Int32
		s.OnPass(func(place string) {
			if place == "flushed ahead" {
				flushes.Add(1)
			}
		})
		if _, err := s.AddTree(t.Context(), store.Source{Name: "src", Path: src}); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if n := flushes.Load(); n > 0 != tt.some {
			t.Errorf("%d files: flushed ahead %d times", tt.files, n)
		}
	}
}
