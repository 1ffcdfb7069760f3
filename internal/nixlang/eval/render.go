package eval

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"isomorph/internal/nixlang/syntax"
)

// RenderError lays an error out for people as Nix does: trace frames from the
// outermost to the innermost, the message, the place with the source lines
// around it, suggestions. Without showTrace a long trace is cut short. There
// is no newline at the end.
//
// The layout is that of libutil/error.cc (showErrorInfo), without colours.
func (s *State) RenderError(err error, showTrace bool) string {
	r := renderer{s: s, showTrace: showTrace, seen: map[Trace]bool{}}
	e, ok := errors.AsType[*Error](err)
	if !ok {
		e = errorOfOther(err)
	}
	r.traces(e)
	r.b.WriteString(e.Msg + "\n")
	r.place(e.Pos, "")
	if len(e.Suggestions) > 0 {
		r.b.WriteString("Did you mean " + joinSuggestions(e.Suggestions) + "?\n")
	}
	r.advice(e)
	return indentText(strings.TrimRight(r.b.String(), "\n\t\r "))
}

func errorOfOther(err error) *Error {
	if p, ok := errors.AsType[*syntax.Error](err); ok {
		return &Error{Kind: KindParse, Pos: p.Pos, Msg: p.Msg, Err: err, Suggestions: p.Suggestions, Advice: p.Advice}
	}
	return &Error{Kind: KindOther, Msg: err.Error(), Err: err}
}

const errorPrefix = "error: "

// indentText puts the prefix in front and aligns all other lines with what
// follows it.
func indentText(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		if i == 0 {
			l = errorPrefix + l
		} else {
			l = strings.Repeat(" ", len(errorPrefix)) + l
		}
		lines[i] = strings.TrimRight(l, " \t")
	}
	return strings.Join(lines, "\n")
}

type renderer struct {
	s         *State
	b         strings.Builder
	showTrace bool
	count     int
	seen      map[Trace]bool
	skipped   []Trace
	shownOwn  bool // a place of the user's own files has been shown
}

// traces writes the frames. Frames that were written before are left out when
// many of them come in a row, as in deep recursion.
func (r *renderer) traces(e *Error) {
	if len(e.Trace) == 0 {
		return
	}
	truncated, keep := false, r.innermost(e)
	for i := len(e.Trace) - 1; i >= 0; i-- {
		t := e.Trace[i]
		if !r.showTrace && r.count > 3 {
			truncated = true
		}
		if truncated && !t.Always && i != keep {
			continue
		}
		if r.seen[t] {
			r.skipped = append(r.skipped, t)
			continue
		}
		r.seen[t] = true
		r.flushSkipped()
		r.trace(t)
	}
	r.flushSkipped()
	if truncated {
		r.b.WriteString("\n(stack trace truncated; use '--show-trace' to show the full, detailed trace)\n")
	}
	r.b.WriteString("\n" + errorPrefix)
}

// innermost returns the frame that says where an error happened that has no
// place of its own, -1 if there is none. It is shown however many there are: a
// message of the evaluator without a place in the recipe helps nobody. What is
// thrown says by itself what is wrong; its place is that of the check.
func (r *renderer) innermost(e *Error) int {
	if r.s.files.Position(e.Pos).IsValid() || e.Kind == KindThrown || e.Kind == KindAbort || e.Kind == KindOther {
		return -1
	}
	return slices.IndexFunc(e.Trace, func(t Trace) bool { return r.s.files.Position(t.Pos).IsValid() })
}

func (r *renderer) flushSkipped() {
	if len(r.skipped) == 0 {
		return
	}
	if len(r.skipped) <= 5 {
		for _, t := range r.skipped {
			r.trace(t)
		}
	} else {
		fmt.Fprintf(&r.b, "\n(%d duplicate frames omitted)\n", len(r.skipped))
	}
	r.skipped = r.skipped[:0]
}

func (r *renderer) trace(t Trace) {
	r.count++
	r.b.WriteString("\n… " + t.Msg + "\n")
	if r.place(t.Pos, "  ") {
		r.count++
	}
}

// place writes where something happened, if that is known.
func (r *renderer) place(p Pos, indent string) bool {
	at := r.s.files.Position(p)
	if !at.IsValid() {
		return false
	}
	r.shownOwn = r.shownOwn || r.isOwn(p)
	r.b.WriteString(indent + "at " + at.String() + ":\n")
	if text := r.s.files.Excerpt(p); text != "" {
		r.b.WriteString(text + "\n")
	}
	return true
}
