package store_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// path makes a path from one letter.
func path(name string) storepath.Path {
	return storepath.Path(strings.Repeat("0", 32) + "-" + name)
}

func paths(names string) (ps []storepath.Path) {
	for _, n := range strings.Fields(names) {
		ps = append(ps, path(n))
	}
	return ps
}

func TestTopoSort(t *testing.T) {
	for _, c := range []struct{ graph, in, want string }{
		{"a: b, b: c, c:", "a b c", "c b a"},
		{"a: c, b: c, c:", "c b a", "c a b"},
		{"a: a outside, b: a", "b a", "a b"},
		{"", "z y x x", "x y z"},
		{"a: b", "a", "a"},
		{"", "", ""},
	} {
		got, err := store.TopoSort(paths(c.in), graph(c.graph))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(paths(c.want), got); diff != "" && len(got) > 0 {
			t.Errorf("%s of %s: %s", c.in, c.graph, diff)
		}
	}
}

// graph reads "a: b c, b: d".
func graph(text string) func(storepath.Path) []storepath.Path {
	m := map[storepath.Path][]storepath.Path{}
	for _, line := range strings.Split(text, ",") {
		from, to, _ := strings.Cut(line, ":")
		m[path(strings.TrimSpace(from))] = paths(to)
	}
	return func(p storepath.Path) []storepath.Path { return m[p] }
}

func TestTopoSortCycle(t *testing.T) {
	_, err := store.TopoSort(paths("a b c"), graph("a: b, b: c, c: a"))
	var cycle *store.CycleError
	if !errors.As(err, &cycle) {
		t.Fatalf("error %v, want a cycle", err)
	}
	if (*cycle != store.CycleError{Path: path("a"), Other: path("c")}) {
		t.Errorf("the cycle: %v", cycle)
	}
}

// A chain as long as anybody can make it must not exhaust the stack.
func TestTopoSortDeep(t *testing.T) {
	const n = 50_000
	next := map[storepath.Path][]storepath.Path{}
	all := make([]storepath.Path, n)
	for i := range all {
		all[i] = path(strings.Repeat("x", i%7) + "-" + string(rune('a'+i%26)) + "-" + itoa(i))
		if i > 0 {
			next[all[i-1]] = all[i : i+1]
		}
	}
	got, err := store.TopoSort(all, func(p storepath.Path) []storepath.Path { return next[p] })
	if err != nil || len(got) != n || got[0] != all[n-1] || got[n-1] != all[0] {
		t.Errorf("%v, %d paths", err, len(got))
	}
}

func itoa(i int) string {
	var b []byte
	for ; i > 0; i /= 10 {
		b = append(b, byte('0'+i%10))
	}
	return string(b)
}
