package ere_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"isomorph/internal/nixlang/ere"
)

func TestMessages(t *testing.T) {
	for pattern, want := range map[string]string{
		"(a":              "invalid regular expression '(a'",
		"a{2,1}":          "invalid regular expression 'a{2,1}'",
		"[b-a]":           "invalid regular expression '[b-a]'",
		`(a)\1`:           `invalid regular expression '(a)\1'`,
		"[a-\xc3\xa9]":    "invalid regular expression '[a-\xc3\xa9]'",
		"a{99999}":        "memory limit exceeded by regular expression 'a{99999}'",
		"(a{1000}){1000}": "memory limit exceeded by regular expression '(a{1000}){1000}'",
	} {
		_, err := ere.Compile(pattern)
		if err == nil || err.Error() != want {
			t.Errorf("%q: got error %v, want %s", pattern, err, want)
		}
	}
	if _, err := ere.Compile("(a|b){1000}[^]]"); err != nil {
		t.Error("control:", err)
	}
}

// Patterns for which a backtracking matcher needs exponential or quadratic
// time, or a stack as deep as the text is long.
func TestHostile(t *testing.T) {
	const n = 1 << 18
	as := strings.Repeat("a", n)
	cases := []struct {
		pattern, text string
		match         bool
		splits        int
	}{
		{"(a*)*b", as, false, 0},
		{"(a|aa)+$", as, true, 1},
		{"(a|a)*b", as, false, 0},
		{"(x+x+)+y", strings.Repeat("x", n), false, 0},
		{"a*b", as, false, 0},
		{"(.*)(.*)(.*)(.*)(.*)[^a]", as, false, 0},
		{".", as, false, n},
		{"(((a*)*)*)*b", as[:1<<14], false, 0},
	}
	for _, c := range cases {
		re, err := ere.Compile(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		var m ere.Matcher
		_, ok, err := m.Match(re, c.text)
		if err != nil || ok != c.match {
			t.Errorf("match %s: got %v, %v, want %v", c.pattern, ok, err, c.match)
		}
		splits := 0
		if err := m.Split(re, c.text, func(int, int, []ere.Group) { splits++ }); err != nil || splits != c.splits {
			t.Errorf("split %s: got %d parts, %v, want %d", c.pattern, splits, err, c.splits)
		}
		t.Logf("%s: %v", c.pattern, time.Since(start))
	}
}

func TestTooSlow(t *testing.T) {
	// Each "+" doubles the ways to match nothing at one place.
	re, err := ere.Compile("0*" + strings.Repeat("+", 12))
	if err != nil {
		t.Fatal(err)
	}
	var m ere.Matcher
	_, _, err = m.Match(re, "111")
	var e *ere.Error
	if !errors.As(err, &e) || e.Kind != ere.TooSlow {
		t.Errorf("got %v, want an error of kind TooSlow", err)
	}
}

func FuzzERE(f *testing.F) {
	seeds := referenceLines(f, "testdata/reference.txt")
	for _, s := range seeds[:200] {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 200 || len(text) > 200 || strings.Contains(pattern, "{") {
			return
		}
		re, err := ere.Compile(pattern)
		if err != nil {
			return
		}
		if re.String() != pattern {
			t.Fatal("the pattern changed")
		}
		var plain, table ere.Matcher
		table.SetImpatient()
		a, errA := tryRender(&plain, pattern, text)
		b, errB := tryRender(&table, pattern, text)
		if errA == nil && errB == nil && a != b {
			t.Errorf("%q on %q: plain %s, with table %s", pattern, text, a, b)
		}
	})
}

// A message shows the beginning of a pattern that nobody can read as a whole.
func TestLongPattern(t *testing.T) {
	for n, want := range map[int]int{1 << 16: 1 << 16, 1<<16 + 1: 1<<16 + len("...")} {
		_, err := ere.Compile(strings.Repeat("*", n))
		if err == nil {
			t.Fatal("no error")
		}
		if got := len(err.Error()) - len("invalid regular expression ''"); got != want {
			t.Errorf("%d bytes of a pattern of %d are shown, want %d", got, n, want)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	for _, c := range [][2]string{
		{`(.*)\.nix`, "pkgs/development/libraries/something/default.nix"},
		{"[a-zA-Z_][a-zA-Z0-9_'-]*", "someAttributeName"},
		{"(github|gitlab)[.]com/([^/]+)/(.*)", "github.com/NixOS/nixpkgs"},
	} {
		re, err := ere.Compile(c[0])
		if err != nil {
			b.Fatal(err)
		}
		b.Run(c[0], func(b *testing.B) {
			var m ere.Matcher
			for b.Loop() {
				if _, ok, err := m.Match(re, c[1]); !ok || err != nil {
					b.Fatal(ok, err)
				}
			}
		})
	}
}
