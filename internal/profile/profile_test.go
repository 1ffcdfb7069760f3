package profile_test

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"isomorph/internal/profile"
)

// make makes a profile with generations that are so many days old, the
// current one being the number given.
func newProfile(t *testing.T, current int, days ...int) (*profile.Profile, *strings.Builder) {
	t.Helper()
	var log strings.Builder
	p := &profile.Profile{Path: filepath.Join(t.TempDir(), "p"), Rand: rand.Reader, Notice: func(s string) { log.WriteString(s + ";") }}
	for i, n := range days {
		if err := p.New(func(string) bool { return false }, func(link string) error { return os.Symlink(fmt.Sprint("/to/", i+1), link) }); err != nil {
			t.Fatal(err)
		}
		if p.Link(i+1) != p.Path+fmt.Sprintf("-%d-link", i+1) {
			t.Fatal(p.Link(i + 1))
		}
		setTime(t, p.Link(i+1), now.Add(-time.Duration(n)*24*time.Hour-time.Minute))
	}
	if err := p.Switch(t.Context(), current); err != nil {
		t.Fatal(err)
	}
	log.Reset()
	return p, &log
}

var now = time.Unix(1_800_000_000, 0)

func left(t *testing.T, p *profile.Profile) string {
	t.Helper()
	gens, current, err := p.Generations()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, g := range gens {
		mark := ""
		if g.Number == current {
			mark = "*"
		}
		all = append(all, fmt.Sprint(g.Number, mark))
	}
	if _, err := os.Lstat(p.Path + ".lock"); err == nil {
		t.Error("the lock is still there")
	}
	return strings.Join(all, " ")
}

func TestDelete(t *testing.T) {
	older := func(spec string) time.Time {
		when, err := profile.ParseOlderThan(spec, now)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for _, test := range []struct {
		name, left string
		do         func(*profile.Profile) error
	}{
		{"old", "3*", func(p *profile.Profile) error { return p.DeleteOld(t.Context()) }},
		{"one", "1 3* 4", func(p *profile.Profile) error { return p.Delete(t.Context(), []int{2, 17}) }},
		{"keep 1", "3* 4", func(p *profile.Profile) error { return p.Keep(t.Context(), 1) }},
		{"keep 2", "2 3* 4", func(p *profile.Profile) error { return p.Keep(t.Context(), 2) }},
		{"keep 9", "1 2 3* 4", func(p *profile.Profile) error { return p.Keep(t.Context(), 9) }},
		// The newest one that is older stays: it was current at that time.
		{"9d", "2 3* 4", func(p *profile.Profile) error { return p.DeleteOlderThan(t.Context(), older("9d")) }},
		{"1d", "3* 4", func(p *profile.Profile) error { return p.DeleteOlderThan(t.Context(), older("1d")) }},
		{"100d", "1 2 3* 4", func(p *profile.Profile) error { return p.DeleteOlderThan(t.Context(), older("100d")) }},
	} {
		p, log := newProfile(t, 3, 30, 20, 5, 2)
		p.DryRun = true
		if err := test.do(p); err != nil || left(t, p) != "1 2 3* 4" || strings.Contains(log.String(), "removing") {
			t.Errorf("%s, dry: %v, %q, %q", test.name, err, left(t, p), log)
		}
		p.DryRun = false
		if err := test.do(p); err != nil || left(t, p) != test.left {
			t.Errorf("%s: %v, %q, want %q", test.name, err, left(t, p), test.left)
		}
	}
	p, _ := newProfile(t, 1, 3, 2)
	for _, err := range []error{p.Delete(t.Context(), []int{1}), p.Keep(t.Context(), 0), p.Switch(t.Context(), 5), p.Switch(t.Context(), 0)} {
		if err == nil {
			t.Error("no error")
		}
	}
}

func TestNew(t *testing.T) {
	p, _ := newProfile(t, 1, 3, 2)
	made := ""
	same := func(target string) bool { return target == "/to/2" }
	if err := p.New(same, func(link string) error { made = link; return nil }); err != nil || made != "" || left(t, p) != "1 2*" {
		t.Errorf("the same again: %v, %q, %q", err, made, left(t, p))
	}
	if target, _ := os.Readlink(p.Path); target != "p-2-link" || p.Token() != target {
		t.Errorf("the profile points to %q", target)
	}
}

func TestParseOlderThan(t *testing.T) {
	for _, bad := range []string{"", "d", "3", "0d", "-1d", "xd", "99999999999d"} {
		if _, err := profile.ParseOlderThan(bad, now); err == nil {
			t.Errorf("%q is no error", bad)
		}
	}
}
