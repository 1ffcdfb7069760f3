package progress

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// clock is a time that moves by a second at each look.
func clock() func() time.Time {
	t := time.Unix(1000, 0)
	return func() time.Time {
		t = t.Add(time.Second)
		return t
	}
}

func events() []Event {
	return []Event{
		{Start: &Start{ID: "e", Kind: Evaluate, Name: "iso.nix"}},
		{Change: &Change{ID: "e", Done: 42, Extra: "7 derivations"}},
		{Finish: &Finish{ID: "e"}},
		{Plan: &Plan{Downloads: 1, Builds: 2}},
		{Start: &Start{ID: "d", Kind: Download, Name: "libc6.deb", Total: 5_000_000}},
		{Change: &Change{ID: "d", Done: 2_500_000}},
		{Finish: &Finish{ID: "d"}},
		{Start: &Start{ID: "b", Kind: Build, Name: "glibc"}},
		{Log: &Log{ID: "b", Line: "unpacking"}},
		{Finish: &Finish{ID: "b"}},
		{Note: "warning: something"},
		{Start: &Start{ID: "c", Kind: Build, Name: "hello"}},
		{Start: &Start{ID: "w", Kind: Build, Name: "world"}},
		{Finish: &Finish{ID: "c", Err: errors.New("exit code 1")}},
		{Finish: &Finish{ID: "w", Err: fmt.Errorf("build world: %w", context.Canceled)}},
	}
}

func TestPlainPrintsALineForEachBeginningAndEnd(t *testing.T) {
	var out strings.Builder
	d := NewPlain(&out, Options{Now: clock(), Logs: true})
	for _, e := range events() {
		d.Emit(e)
	}
	d.Close()
	want := `evaluated iso.nix (42 files, 7 derivations, 2.0s)
to do: 1 downloads, 2 builds
fetched  libc6.deb (5.0 MB, 1/1)
building glibc
glibc> unpacking
built    glibc (2.0s, 1/2)
warning: something
building hello
building world
failed   hello (2.0s)
stopped  world (2.0s)
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestQuietKeepsNotes(t *testing.T) {
	var out strings.Builder
	d := NewPlain(&out, Options{Now: clock(), Quiet: true})
	for _, e := range events() {
		d.Emit(e)
	}
	if got, want := out.String(), "warning: something\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTreeFitsTheScreen(t *testing.T) {
	now := time.Unix(2000, 0)
	var s State
	s.Apply(Event{Plan: &Plan{Downloads: 12, Builds: 3}}, now)
	for i := range 11 {
		id := strings.Repeat("x", i+1)
		s.Apply(Event{Start: &Start{ID: id, Kind: Build, Name: strings.Repeat("a-long-name-", 12)}}, now)
		s.Apply(Event{Log: &Log{ID: id, Line: strings.Repeat("wörd ", 60)}}, now)
	}
	lines := strings.Split(s.render(now.Add(time.Minute), 60, false), "\n")
	if got, want := len(lines), 2*maxRows+2; got != want {
		t.Errorf("%d lines, want %d", got, want)
	}
	for _, l := range lines {
		if n := len([]rune(l)); n > 60 {
			t.Errorf("line of %d columns: %s", n, l)
		}
	}
	if got, want := lines[len(lines)-1], "┗━ 0/12 downloads · 0/3 builds · 1m00s"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestQuickActivitiesAreNotDrawn(t *testing.T) {
	now := time.Unix(2000, 0)
	var s State
	s.Apply(Event{Start: &Start{ID: "a", Kind: Build, Name: "quick"}}, now)
	if got := s.render(now.Add(linger/2), 60, false); strings.Contains(got, "quick") {
		t.Errorf("drawn too early:\n%s", got)
	}
	if got := s.render(now.Add(2*linger), 60, false); !strings.Contains(got, "quick") {
		t.Errorf("not drawn:\n%s", got)
	}
}
