// Package progress shows a person what is going on: evaluation, downloads and
// builds, with counts, sizes and times.
//
// The stages of the pipeline report [Event]s, which are plain data. A [State]
// adds them up; two displays draw from it. On a terminal there is one live
// tree at the foot of the screen, redrawn in place; anywhere else (a file, a
// CI log) each thing that begins or ends is one plain line, and nothing is
// ever rewritten. Both write to standard error: standard output is for
// results.
package progress

import (
	"context"
	"errors"
	"slices"
	"time"
)

// Kind is what an activity does.
type Kind uint8

// The kinds of activities.
const (
	Evaluate Kind = iota // recipe to derivations
	Download             // a file from the network
	Build                // a derivation in the sandbox
)

// Event is one thing that happened. Exactly one of the fields is set.
type Event struct {
	Plan   *Plan
	Start  *Start
	Change *Change
	Finish *Finish
	Log    *Log
	Note   string // a message to keep on the screen, without a newline
}

// Plan says how much work lies ahead. A later one replaces an earlier one.
type Plan struct {
	Downloads int
	Builds    int
	Paths     []string // of all these derivations, sorted
}

// Start begins an activity.
type Start struct {
	ID    string // unique among the running ones: a store path, a URL
	Kind  Kind
	Name  string
	Path  string // of the derivation, "" if there is none
	Total int64  // bytes, 0 if unknown
}

// Change moves an activity on.
type Change struct {
	ID    string
	Done  int64  // bytes, or for an evaluation files read
	Total int64  // 0: as before
	Extra string // a word on where it is: "configurePhase", "312 derivations"
}

// Finish ends an activity.
type Finish struct {
	ID  string
	Err error
}

// stopped tells whether the activity was ended before it could fail or succeed:
// by the user, or because something else failed.
func (f *Finish) stopped() bool { return errors.Is(f.Err, context.Canceled) }

// Log is one line that a builder printed, without its newline and control
// characters.
type Log struct {
	ID   string
	Line string
}

// Display takes events from any goroutine. Close draws the last state and
// gives the terminal back; it must be called before anything else is printed.
type Display interface {
	Emit(Event)
	Close()
}

// Options says how to show progress.
type Options struct {
	Now     func() time.Time
	Environ []string // for TERM, NO_COLOR and what else a terminal library asks
	Color   bool
	Logs    bool // plain display: print builders' lines as they come
	Quiet   bool // show nothing but notes
}

// activity is something that is running.
type activity struct {
	Start
	done  int64
	extra string
	since time.Time
	log   string // last line
}

// State is the sum of all events.
type State struct {
	plan    Plan
	running []*activity // in the order of their start

	finished [Build + 1]int
	failed   int
	bytes    int64 // downloaded by finished downloads
	began    time.Time
}

// Apply adds one event that happened at the given time. It returns the
// activity that the event was about, if it started or ended one.
func (s *State) Apply(e Event, now time.Time) *activity {
	if s.began.IsZero() {
		s.began = now
	}
	switch {
	case e.Plan != nil:
		s.plan = *e.Plan
	case e.Start != nil:
		a := &activity{Start: *e.Start, since: now}
		s.running = append(s.running, a)
		return a
	case e.Change != nil:
		if a := s.find(e.Change.ID); a != nil {
			a.change(e.Change)
		}
	case e.Log != nil:
		if a := s.find(e.Log.ID); a != nil {
			a.log = e.Log.Line
		}
	case e.Finish != nil:
		return s.finish(e.Finish)
	}
	return nil
}

func (s *State) find(id string) *activity {
	i := slices.IndexFunc(s.running, func(a *activity) bool { return a.ID == id })
	if i < 0 {
		return nil
	}
	return s.running[i]
}

func (a *activity) change(c *Change) {
	a.done = c.Done
	if c.Total != 0 {
		a.Total = c.Total
	}
	if c.Extra != "" {
		a.extra = c.Extra
	}
}

func (s *State) finish(f *Finish) *activity {
	a := s.find(f.ID)
	if a == nil {
		return nil
	}
	s.running = slices.DeleteFunc(s.running, func(b *activity) bool { return b == a })
	switch {
	case f.stopped():
		return a
	case f.Err != nil:
		s.failed++
		return a
	}
	s.finished[a.Kind]++
	if a.Kind == Download {
		s.bytes += max(a.done, a.Total)
	}
	return a
}

// downloaded returns the bytes that have come so far, those of running
// downloads included.
func (s *State) downloaded() int64 {
	n := s.bytes
	for _, a := range s.running {
		if a.Kind == Download {
			n += a.done
		}
	}
	return n
}
