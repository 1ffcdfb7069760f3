package eval

import (
	"errors"
	"fmt"
	"slices"
)

// ErrorKind is the class of an error; it decides whether tryEval catches it.
type ErrorKind uint8

// The kinds of error, named after those of Nix.
const (
	KindEval          ErrorKind = iota // any error without a kind of its own
	KindType                           // a value of a wrong type
	KindThrown                         // builtins.throw, a failed <path> look-up: catchable
	KindAssertion                      // a failed assertion: catchable
	KindAbort                          // builtins.abort
	KindUndefinedVar                   // a name that a with should have had
	KindMissingArg                     // a function to be called automatically lacks an argument
	KindInfiniteRec                    // a thunk needs its own value
	KindStackOverflow                  // max-call-depth exceeded
	KindParse                          // a source text is not in the language
	KindInvalidPath                    // a store path is not valid
	KindIFD                            // import from derivation is not allowed
	KindRestricted                     // access forbidden in restricted or pure mode
	KindStopped                        // the evaluation was interrupted or has used up what it may
	KindOther                          // errors from outside: files, network, store
)

// Trace is one "… while doing something" frame of an error.
type Trace struct {
	Pos    Pos
	Msg    string // without the leading "… "
	Always bool   // shown even when the trace is cut short
}

// Error is an error of evaluation. Inside the evaluator and the builtins it
// travels as a panic; every exported entry that returns an error recovers it.
// Throw one with panic(eval.Errorf(...)). Frames are added while it passes
// them, so Trace is complete only after it has been recovered.
type Error struct {
	Kind        ErrorKind
	Pos         Pos
	Msg         string
	Trace       []Trace // innermost first
	Suggestions []string
	// FromExpr says that Msg is text of the evaluated program (throw, abort).
	FromExpr bool
	// Exit is the exit status that a command should end with, 0 for the usual.
	Exit int
	// Err is the error from outside that caused this one, for errors.Is.
	Err error

	// Advice is what may help, for people; see [Error.Advise].
	Advice string

	use   Pos    // where a path is used that could not be copied to the store
	cycle []Pos  // of an infinite recursion: where the value is used on the way to itself
	loop  *Thunk // of an infinite recursion: the thunk that needs itself

	internal bool // a fault of this program
}

// Errorf makes an error at a position (zero for none) to panic with. The
// format is that of package fmt.
func Errorf(kind ErrorKind, pos Pos, format string, args ...any) *Error {
	return &Error{Kind: kind, Pos: pos, Msg: fmt.Sprintf(format, args...)}
}

// Wrap makes an error of one from outside; an *Error comes back as it is.
func Wrap(pos Pos, err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Kind: KindOther, Pos: pos, Msg: err.Error(), Err: err}
}

// Error returns the message without position and trace. [State.RenderError]
// gives all there is to tell.
func (e *Error) Error() string { return e.Msg }

// Unwrap returns the error from outside, if there is one.
func (e *Error) Unwrap() error { return e.Err }

// Catchable tells whether tryEval turns the error into { success = false; }.
func (e *Error) Catchable() bool { return e.Kind == KindThrown || e.Kind == KindAssertion }

// With adds a frame outside those that the error has, unless the message is
// empty, and returns the error.
func (e *Error) With(pos Pos, msg string) *Error {
	e.addTrace(pos, msg, false)
	return e
}

// Withf is With for a message with arguments.
func (e *Error) Withf(pos Pos, format string, args ...any) *Error {
	return e.With(pos, fmt.Sprintf(format, args...))
}

// Suggest sets what the user may have meant by name: the closest of the
// candidates.
func (e *Error) Suggest(name string, candidates []string) *Error {
	e.Suggestions = bestMatches(name, candidates)
	return e
}

// clone returns a copy that can be thrown and collect frames once more.
func (e *Error) clone() *Error {
	r := *e
	r.Trace = slices.Clip(slices.Clone(e.Trace))
	return &r
}
