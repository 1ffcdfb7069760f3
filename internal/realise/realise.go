// Package realise makes outputs of derivations valid: it plans what is missing
// and has it built in the right order.
//
// # Plan
//
// [Realiser.Plan] walks from the wanted outputs to their inputs and stops at
// everything that is valid: an output that is there needs none of its inputs.
// What remains is a graph of derivations to build or, where the builder is
// builtin:fetchurl, to download.
//
// # Run
//
// [Realiser.Run] hands derivations whose inputs are ready to a
// [build.Builder], with one limit for builds and another for downloads, which
// wait for the network and not for a processor. Of those that are ready the one
// with the longest way to the end of the work goes first (schedule.go). When
// one fails, everything that needs it fails; with KeepGoing the rest goes on,
// otherwise what is running is stopped.
//
// What happens is told in [Event]s, which are plain data.
package realise

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"isomorph/internal/build"
	"isomorph/internal/derivation"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// Options say how to realise.
type Options struct {
	Store   store.Store
	Builder build.Builder

	Jobs      int // builds at once; 0: 1
	Downloads int // downloads at once; 0: 6
	Cores     int // for NIX_BUILD_CORES

	KeepGoing  bool
	KeepFailed bool
	Check      bool // build the goals again, though valid, and compare
	Repair     bool // likewise, and replace what is damaged
	Timeout    time.Duration
	MaxSilent  time.Duration
	MaxLog     int64 // bytes

	// ReadDrv returns a derivation. Default: from its file in the store.
	ReadDrv func(context.Context, storepath.Path) (*derivation.Derivation, error)

	// Event receives what happens, one call at a time. May be nil.
	Event func(Event)
}

// Realiser realises. It may be used from many goroutines.
type Realiser struct {
	o Options

	events sync.Mutex
	mu     sync.Mutex
	drvs   map[storepath.Path]*derivation.Derivation
}

// New returns a Realiser.
func New(o Options) *Realiser {
	o.Jobs = max(o.Jobs, 1)
	if o.Downloads <= 0 {
		o.Downloads = 6
	}
	r := &Realiser{o: o, drvs: map[storepath.Path]*derivation.Derivation{}}
	if o.ReadDrv == nil {
		r.o.ReadDrv = r.readFromStore
	}
	return r
}

// Goal asks for outputs of a derivation.
type Goal struct {
	Drv     storepath.Path
	Outputs []string // nil: all
}

// Realise plans and runs.
func (r *Realiser) Realise(ctx context.Context, goals []Goal) error {
	plan, err := r.Plan(ctx, goals)
	if err != nil {
		return err
	}
	return r.Run(ctx, plan)
}

// Outputs returns the paths of a goal's outputs by name.
func (r *Realiser) Outputs(ctx context.Context, g Goal) (map[string]storepath.Path, error) {
	d, err := r.derivation(ctx, g.Drv)
	if err != nil {
		return nil, err
	}
	names := g.Outputs
	if names == nil {
		names = d.OutputNames()
	}
	out := map[string]storepath.Path{}
	for _, n := range names {
		o, ok := d.Outputs.Get(n)
		if !ok {
			return nil, fmt.Errorf("derivation '%s' does not have an output named '%s'; it has: %s",
				r.o.Store.Dir().Join(g.Drv), n, strings.Join(d.OutputNames(), ", "))
		}
		out[n] = o.Path
	}
	return out, nil
}

func (r *Realiser) derivation(ctx context.Context, p storepath.Path) (*derivation.Derivation, error) {
	r.mu.Lock()
	d, ok := r.drvs[p]
	r.mu.Unlock()
	if ok {
		return d, nil
	}
	d, err := r.o.ReadDrv(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("read derivation '%s': %w", r.o.Store.Dir().Join(p), err)
	}
	r.mu.Lock()
	r.drvs[p] = d
	r.mu.Unlock()
	return d, nil
}

func (r *Realiser) readFromStore(ctx context.Context, p storepath.Path) (*derivation.Derivation, error) {
	if _, err := r.o.Store.Info(ctx, p); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(r.o.Store.RealPath(p))
	if err != nil {
		return nil, err
	}
	return derivation.Parse(r.o.Store.Dir(), strings.TrimSuffix(p.Name(), storepath.DerivationSuffix), b)
}

// EventKind says what an [Event] is about.
type EventKind uint8

// The kinds of events.
const (
	Planned  EventKind = iota // Plan is set
	Started                   // work on Drv begins
	Progress                  // Done and Total of a download
	Log                       // Line was printed by the builder
	Phase                     // the build entered the phase named Line
	Waiting                   // another process is building Drv
	Finished                  // work on Drv ended; Err, CPU, AlreadyValid are set
)

// Event is one thing that happened.
type Event struct {
	Kind         EventKind
	Plan         *Plan
	Drv          storepath.Path
	Name         string // of the derivation
	Download     bool   // a download and not a build
	Done, Total  int64  // bytes; Total is 0 if unknown
	Line         string
	Err          error // context.Canceled if the work was stopped from outside
	AlreadyValid bool  // another process had built it meanwhile
	CPU          time.Duration
	MaxRSS       int64
}

func (r *Realiser) emit(e Event) {
	if r.o.Event == nil {
		return
	}
	r.events.Lock()
	defer r.events.Unlock()
	r.o.Event(e)
}

// Error says what could not be realised.
type Error struct {
	Failures []error // builds that failed, in the order they did; *build.Error or what the builder met
	Goals    []error // for each goal that failed because of them
}

// Error joins the messages, causes first.
func (e *Error) Error() string {
	var lines []string
	for _, err := range append(append([]error{}, e.Failures...), e.Goals...) {
		lines = append(lines, err.Error())
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns all of them.
func (e *Error) Unwrap() []error { return append(append([]error{}, e.Failures...), e.Goals...) }

// ExitCode returns the exit code for an error of this package: see
// [build.ExitCode].
func ExitCode(err error) int {
	var e *Error
	if errors.As(err, &e) {
		return build.ExitCode(e.Failures...)
	}
	return build.ExitCode(err)
}
