package solver_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"isomorph/internal/debian/index"
	"isomorph/internal/debian/solver"
)

// world reads a small index: one package a line, "name version: depends; provides".
func world(t *testing.T, text string) *index.Index {
	t.Helper()
	var b strings.Builder
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		head, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		name, version, _ := strings.Cut(head, " ")
		depends, provides, _ := strings.Cut(rest, ";")
		fmt.Fprintf(&b, "Package: %s\nVersion: %s\nArchitecture: amd64\nFilename: pool/%s.deb\nSize: 1\nSHA256: %064d\nDepends: %s\nProvides: %s\n\n", name, version, name, 0, depends, provides)
	}
	x := index.New()
	if err := x.Read(strings.NewReader(b.String()), "debian", "amd64"); err != nil {
		t.Fatal(err)
	}
	return x
}

// show prints a result: names with what they depend on.
func show(m map[string]*solver.Choice) string {
	var out []string
	for _, n := range slices.Sorted(maps.Keys(m)) {
		out = append(out, n+"("+strings.Join(m[n].Depends, ",")+")")
	}
	return strings.Join(out, " ")
}

func TestSolve(t *testing.T) {
	cases := []struct{ name, world, roots, exclude, want string }{
		{"chain", "aa 1: bb\nbb 1: cc (>= 2)\ncc 2:", "aa", "", "aa(bb) bb(cc) cc()"},
		{"cycle", "aa 1: bb\nbb 1: aa", "aa", "", "aa(bb) bb(aa)"},
		{"itself", "aa 1: aa | bb\nbb 1:", "aa", "", "aa()"},
		{"first alternative", "aa 1: bb | cc\nbb 1:\ncc 1:", "aa", "", "aa(bb) bb()"},
		{"missing alternative", "aa 1: no | cc\ncc 1:", "aa", "", "aa(cc) cc()"},
		{"too old alternative", "aa 1: bb (>= 2) | cc\nbb 1:\ncc 1:", "aa", "", "aa(cc) cc()"},
		{"needed elsewhere", "aa 1: bb | cc\nbb 1:\ncc 1:\ndd 1: cc", "aa dd", "", "aa(cc) cc() dd(cc)"},
		{"needed later", "aa 1: bb | cc, dd\nbb 1:\ncc 1:\ndd 1: ee\nee 1: cc", "aa", "", "aa(cc,dd) cc() dd(ee) ee(cc)"},
		{"virtual", "aa 1: awk\ngawk 1:;awk\nmawk 1:;awk", "aa", "", "aa(gawk) gawk()"},
		{"virtual, asked for", "aa 1: awk\ngawk 1:;awk\nmawk 1:;awk", "aa mawk", "", "aa(mawk) mawk()"},
		{"both there, one asked for", "aa 1: awk, gawk\ngawk 1:;awk\nmawk 1:;awk", "aa mawk", "", "aa(gawk,mawk) gawk() mawk()"},
		{"excluded", "aa 1: bb, cc\nbb 1: dd\ncc 1:\ndd 1:", "aa", "bb", "aa(cc) cc()"},
		{"excluded alternative", "aa 1: bb | cc\nbb 1:\ncc 1:", "aa", "cc", "aa()"},
		{"excluded by what it provides", "aa 1: vv | cc\nbb 1:;vv\ncc 1:", "aa", "bb", "aa()"},
		{"excluded and not there", "aa 1: bb", "aa", "bb", "aa()"},
		{"chosen late counts everywhere", "aa 1: bb | cc\nab 1: cc | bb\nbb 1:\ncc 1:", "aa ab", "", "aa(bb) ab(bb) bb()"},
	}
	for _, c := range cases {
		x := world(t, c.world)
		roots := strings.Fields(c.roots)
		for range 2 {
			got, err := solver.Solve(x, solver.Request{Roots: roots, Exclude: strings.Fields(c.exclude)})
			if err != nil || show(got) != c.want {
				t.Errorf("%s, roots %v: got %s, %v, want %s", c.name, roots, show(got), err, c.want)
			}
			slices.Reverse(roots) // must not matter
		}
	}
}

func TestUnsatisfied(t *testing.T) {
	x := world(t, "aa 1: bb\nbb 1: cc (>= 3) | no\ncc 2:")
	_, err := solver.Solve(x, solver.Request{Roots: []string{"aa"}})
	var e *solver.Unsatisfied
	if !errors.As(err, &e) || e.Relation != "cc (>= 3) | no" || !slices.Equal(e.Chain, []string{"aa", "bb"}) {
		t.Errorf("got %v", err)
	}
	if _, err = solver.Solve(x, solver.Request{Roots: []string{"zz"}}); !errors.As(err, &e) || len(e.Chain) != 0 {
		t.Errorf("got %v", err)
	}
	if _, err = solver.Solve(x, solver.Request{Roots: []string{"cc"}, Exclude: []string{"cc"}}); err == nil {
		t.Error("a root that is excluded is no error")
	}
}
