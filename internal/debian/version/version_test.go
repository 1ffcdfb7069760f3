package version_test

import (
	"strings"
	"testing"

	"isomorph/internal/debian/version"
)

// ordered is a chain of versions, each lower than the next (the second half is
// from Debian Policy 5.6.12 and from dpkg's own tests).
var ordered = []string{
	"0~~", "0~~a", "0~", "0", "0a", "0+", "0.1", "1.0~rc1-1", "1.0-1~bpo1", "1.0-1", "1.0-1+b1", "1.0-1.1",
	"1.0-2", "1.0-10", "1.0a-1", "1.0+dfsg-1", "1.0.1-1", "1.09-1", "1.10-1", "9", "10", "1:0", "1:1", "2:0~",
}

func TestOrder(t *testing.T) {
	for i, a := range ordered {
		if err := version.Check(a); err != nil {
			t.Errorf("Check(%q): %v", a, err)
		}
		for j, b := range ordered {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if got := version.Compare(a, b); got != want {
				t.Errorf("Compare(%q, %q) = %d, want %d", a, b, got, want)
			}
		}
	}
}

func TestEqual(t *testing.T) {
	for _, c := range [][2]string{{"1", "0:1"}, {"1", "1-0"}, {"1.0", "1.00"}, {"01", "1"}, {"1-01", "1-1"}, {"00:1", "1"}} {
		if got := version.Compare(c[0], c[1]); got != 0 {
			t.Errorf("Compare(%q, %q) = %d, want 0", c[0], c[1], got)
		}
	}
}

func TestSatisfies(t *testing.T) {
	for _, c := range []struct {
		v, op, w string
		want     bool
	}{
		{"1", "<<", "2", true}, {"2", "<<", "2", false}, {"2", "<=", "2", true}, {"3", "<=", "2", false},
		{"2", "=", "2", true}, {"2", "=", "2-0", true}, {"2", "=", "3", false}, {"2", ">=", "2", true},
		{"1", ">=", "2", false}, {"3", ">>", "2", true}, {"2", ">>", "2", false}, {"2", "!=", "3", false}, {"2", "<", "2", true},
	} {
		if got := version.Satisfies(c.v, c.op, c.w); got != c.want {
			t.Errorf("Satisfies(%q, %q, %q) = %v", c.v, c.op, c.w, got)
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	for _, v := range []string{"", "-1", "1-", "a:1", ":1", "1:", "1_2", "1 2", "1/2", "1-2_3", "1-ü", "1\x00", strings.Repeat("1", 600)} {
		if err := version.Check(v); err == nil {
			t.Errorf("Check(%q) found nothing wrong", v)
		}
	}
}

func FuzzCompare(f *testing.F) {
	if len(ordered) == 0 {
		f.Fatal("no seeds")
	}
	for i, v := range ordered {
		f.Add(v, ordered[(i+1)%len(ordered)], ordered[(i+5)%len(ordered)])
	}
	f.Fuzz(func(t *testing.T, a, b, c string) {
		ab, ba, bc := version.Compare(a, b), version.Compare(b, a), version.Compare(b, c)
		if ab != -ba {
			t.Errorf("Compare(%q, %q) = %d, the other way %d", a, b, ab, ba)
		}
		if version.Compare(a, a) != 0 {
			t.Errorf("%q is not equal to itself", a)
		}
		if ac := version.Compare(a, c); ab <= 0 && bc <= 0 && ac > 0 {
			t.Errorf("%q <= %q <= %q, but the first is higher than the last", a, b, c)
		}
	})
}
