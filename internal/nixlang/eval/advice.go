package eval

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Advise says what may help and returns the error. Advice is shown below the
// message when [Options].Advise asks for it; the message itself is Nix's.
func (e *Error) Advise(format string, args ...any) *Error {
	e.Advice = fmt.Sprintf(format, args...)
	return e
}

// adviceOn tells what to do about a value of a wrong type.
func (c *Ctx) adviceOn(v Value, wanted string) string {
	switch v.Type() {
	case TypeNull:
		return "null often stands for an argument or an option that nobody has set"
	case TypeFunction:
		return "a function has to be called before it is " + wanted
	case TypeList:
		if wanted == aString {
			return "builtins.concatStringsSep \" \" joins the strings of a list; builtins.toJSON writes any value"
		}
		return "builtins.elemAt takes an element out of a list, builtins.head the first one"
	case TypeInt, TypeFloat:
		if wanted == aString {
			return "toString makes a string of a number"
		}
	case TypeSet:
		if wanted != aString {
			break
		}
		if v.AsAttrs().Has(c.Intern("_type")) {
			return "this set means something to the module system alone, as the value of an option; elsewhere: if ... then ... else, lib.optional, lib.optionalString"
		}
		return "take the attribute that is meant, such as .name; only a set with outPath or __toString can stand for a string"
	}
	return ""
}

const (
	aString   = "a string"
	aSet      = "a set"
	aFunction = "a function"
)

// adviceOnCall tells what to do about a value that was called.
func (c *Ctx) adviceOnCall(v Value) string {
	switch v.Type() {
	case TypeInt, TypeFloat:
		return "a version such as 1.2.3 is a string and needs quotes; in a list, calls need parentheses"
	case TypeNull:
		return c.adviceOn(v, aFunction)
	case TypeSet:
		return "is a ';' or an operator missing between the set and what follows it?"
	}
	return "two values beside each other are a call: is there an operator missing, or in a list a pair of parentheses?"
}

// maxNames is how many names advice lists.
const maxNames = 12

// listNames writes names in order, not too many.
func listNames(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	slices.Sort(names)
	if more := len(names) - maxNames; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:maxNames], ", "), more)
	}
	return strings.Join(names, ", ")
}

// advice writes what may help below a message.
func (r *renderer) advice(e *Error) {
	if !r.s.opts.Advise {
		return
	}
	if e.Kind == KindStackOverflow && e.Advice == "" && strings.Contains(e.Msg, "max-call-depth") {
		e.Advice = fmt.Sprintf("a function seems to call itself without end; if it does come to an end: --option max-call-depth %d", 10*r.s.opts.MaxCallDepth)
	}
	if e.FromExpr && e.Advice == "" {
		e.Advice = adviceOnText(e.Msg)
	}
	if e.Advice != "" {
		r.b.WriteString("hint: " + e.Advice + "\n")
	}
	if e.use != 0 && e.Pos == 0 && !r.shownOwn {
		r.b.WriteString("hint: the path is used here:\n")
		r.place(e.use, "")
		return
	}
	switch cycle := r.own(e.cycle); {
	case e.Kind == KindInfiniteRec && len(cycle) > 0:
		r.b.WriteString("hint: the value needs itself; the way round passes these places of yours:\n")
		for _, p := range cycle[:min(len(cycle), maxCycle)] {
			r.place(p, "")
		}
	case e.Kind != KindParse && !r.isOwn(e.Pos) && !r.shownOwn:
		r.ownPlace(e)
	}
}

const maxCycle = 4

// ownPlace shows the innermost place of the user's own files that led to an
// error in somebody else's.
func (r *renderer) ownPlace(e *Error) {
	i := slices.IndexFunc(e.Trace, func(t Trace) bool { return r.isOwn(t.Pos) })
	if i >= 0 {
		r.b.WriteString("hint: your own part in it:\n")
		r.place(e.Trace[i].Pos, "")
	}
}

// own returns the places in the user's own files, each once, one for a line.
func (r *renderer) own(all []Pos) []Pos {
	type line struct {
		file string
		line int
	}
	seen := map[line]bool{}
	var own []Pos
	for _, p := range all {
		at := r.s.files.Position(p)
		if l := (line{at.Name, at.Line}); r.isOwn(p) && !seen[l] {
			seen[l] = true
			own = append(own, p)
		}
	}
	return own
}

// isOwn tells whether a place is in a file that belongs to no library.
func (r *renderer) isOwn(p Pos) bool {
	at := r.s.files.Position(p)
	if !at.IsValid() || r.s.isInternal(p) {
		return false
	}
	if r.s.opts.Libraries == nil {
		return true
	}
	return !slices.ContainsFunc(r.s.opts.Libraries(), func(dir string) bool {
		rest, ok := strings.CutPrefix(at.Name, dir)
		return ok && cmp.Or(rest, "/")[0] == '/'
	})
}
