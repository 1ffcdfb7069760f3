// Package build says what building one derivation means: the request, the
// result, the ways it can fail, and the rules that every builder must follow
// so that the outputs have the same bits as under Nix.
//
// The rules are functions of their inputs alone and need no sandbox:
//
//   - [ParseOptions] reads what a derivation's attributes ask of the builder;
//   - [NewEnvironment] makes the environment and the files that a builder
//     program finds (environ.go, structured.go);
//   - [Scanner] finds references in a stream (refscan.go);
//   - [CheckOutputs] applies allowedReferences and its kin (checks.go).
//
// Package build/local runs a derivation on this machine with them; package
// realise schedules a graph of derivations over a [Builder].
package build

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"isomorph/internal/derivation"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

// Builder builds derivations. Its methods may be called from many goroutines.
type Builder interface {
	// Build makes the outputs of one derivation valid in the builder's
	// store. The inputs must be valid. If all outputs are valid already
	// (somebody else built them while Build waited for their locks) it
	// does nothing. A failure of the build is a *[Error]; any other error
	// says that the builder itself did not work, or why ctx ended.
	Build(ctx context.Context, req Request) (*Result, error)
}

// Request asks for one derivation to be built.
type Request struct {
	Drv        storepath.Path
	Derivation *derivation.Derivation

	// Inputs are the store paths that the build names directly: sources
	// and outputs of input derivations. The builder sees their closure.
	// Nil: the builder works them out from the derivation.
	Inputs []storepath.Path

	// Check rebuilds outputs that are valid already and compares: a
	// difference is an Error of kind NotDeterministic. Nothing is
	// registered.
	Check bool

	// Repair rebuilds outputs that are valid already and puts what was built
	// in the place of those whose files are not what was registered.
	Repair bool

	KeepFailed bool          // keep the build directory of a failed build
	Cores      int           // for NIX_BUILD_CORES
	Timeout    time.Duration // of the whole build; 0: none
	MaxSilent  time.Duration // without any output; 0: none
	MaxLog     int64         // bytes of log; 0: 64 MiB

	// Log receives each line that the builder prints, without its newline
	// and with control characters removed, but for colours. May be nil.
	Log func(line string)

	// Phase receives the name of each phase that a stdenv announces. May
	// be nil.
	Phase func(name string)

	// Progress receives how many bytes a download has brought so far, and
	// the total or 0. May be nil.
	Progress func(done, total int64)

	// Waiting is called before the builder waits for another process that
	// is building this output. May be nil.
	Waiting func(output storepath.Path)

	// Resume is called after Waiting if there is still something to build: it
	// may itself wait, for whatever was lent out meanwhile. May be nil.
	Resume func(ctx context.Context) error
}

// Result is what a successful build gives.
type Result struct {
	Outputs      map[string]*store.PathInfo
	AlreadyValid bool // nothing had to be built
	CPU          time.Duration
	MaxRSS       int64 // bytes
}

// Kind sorts failures by what a user would do about them.
type Kind uint8

// The kinds of failures.
const (
	Failed           Kind = iota // the builder failed
	TimedOut                     // Timeout or MaxSilent passed
	HashMismatch                 // a fixed output has another hash than specified
	NotDeterministic             // a check found a difference
	Rejected                     // what was built is not allowed
	Refused                      // this builder cannot or may not build it
)

// Sentinels for errors.Is, one for each kind that callers branch on.
var (
	ErrTimedOut         = errors.New("timed out")
	ErrHashMismatch     = errors.New("hash mismatch")
	ErrNotDeterministic = errors.New("not deterministic")
	ErrRefused          = errors.New("cannot be built here")
)

// Error is a failed build.
type Error struct {
	Kind    Kind
	Drv     storepath.Path
	Message string   // in Nix's words, several lines; includes the log's tail
	LogTail []string // last lines of the log
	Kept    string   // the build directory, if it was kept
	Cause   error    // may be nil
	Advice  string   // what may help, for people; "" if nothing comes to mind
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Is makes errors.Is work with the sentinels.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrTimedOut:
		return e.Kind == TimedOut
	case ErrHashMismatch:
		return e.Kind == HashMismatch
	case ErrNotDeterministic:
		return e.Kind == NotDeterministic
	case ErrRefused:
		return e.Kind == Refused
	}
	return false
}

// Nix's exit codes for failed builds are made of bits (Worker::failingExitStatus
// in libstore/build/worker.cc): 0x60 | 4 when a build failed, with 1 for a
// timeout and 2 for a hash mismatch added, and 8 for a check that differed. A
// derivation that is refused counts as failed; an output that is rejected has
// no bit, so it gives plain 1.
const (
	exitBase     = 0x60
	exitFailed   = 0x04
	exitTimedOut = 0x01
	exitMismatch = 0x02
	exitDiffers  = 0x08
)

// ExitCode returns the exit code for a run in which these errors happened:
// 100 failed, 101 timeout, 102 hash mismatch, 104 not deterministic, or a
// combination; 1 if no error is about a build; 0 if there is none.
func ExitCode(errs ...error) int {
	bits, any := 0, false
	for _, err := range errs {
		if err == nil {
			continue
		}
		any = true
		var e *Error
		if errors.As(err, &e) {
			bits |= e.Kind.bits()
		}
	}
	switch {
	case bits != 0:
		return exitBase | bits
	case any:
		return 1
	}
	return 0
}

func (k Kind) bits() int {
	switch k {
	case TimedOut:
		return exitFailed | exitTimedOut
	case HashMismatch:
		return exitFailed | exitMismatch
	case NotDeterministic:
		return exitDiffers
	case Rejected:
		return 0
	}
	return exitFailed
}

// CannotBuild is the head of Nix's message for a derivation that failed or was
// refused, with the outputs that are missing now.
func CannotBuild(dir storepath.Dir, drv storepath.Path, d *derivation.Derivation, reason string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Cannot build '%s'.\nReason: %s.\nOutput paths:", dir.Join(drv), reason)
	paths := make([]string, 0, len(d.Outputs))
	for _, name := range d.OutputNames() {
		paths = append(paths, "\n  "+dir.Join(d.Outputs.At(name).Path))
	}
	return b.String() + strings.Join(paths, "")
}
