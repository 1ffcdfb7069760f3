package derivation_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"isomorph/internal/derivation"
)

// A table does what a map does, in any order of the calls, and stays sorted.
func TestTableIsAMap(t *testing.T) {
	want := map[string]int{}
	var got derivation.Table[string, int]
	names := []string{"", "a", "aa", "b", "B", "out", "\x00", "\xff", "z"}
	for i := range 500 {
		k := names[i*i%7+i%3]
		if i%5 == 4 {
			delete(want, k)
			got.Delete(k)
		} else {
			want[k] = i
			got.Set(k, i)
		}
		for _, k := range names {
			w, wantIt := want[k]
			if v, ok := got.Get(k); v != w || ok != wantIt || got.Has(k) != ok || got.At(k) != w {
				t.Fatalf("step %d: %q is %d, %v, want %d, %v", i, k, v, ok, w, wantIt)
			}
		}
		if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), got.Keys()); diff != "" {
			t.Fatalf("step %d: names (-want +got):\n%s", i, diff)
		}
	}
	if diff := cmp.Diff(derivation.TableOf(want), got); diff != "" {
		t.Errorf("table of the map (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, maps.Collect(got.All())); diff != "" {
		t.Errorf("all (-want +got):\n%s", diff)
	}
}
