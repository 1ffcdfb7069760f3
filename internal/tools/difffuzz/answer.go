package main

import (
	"regexp"
	"strings"
)

// answer is what becomes of a program.
type answer struct {
	messages []string // of trace and warn: their first lines, in order
	value    string   // what the driver says, as Nix prints a string; "" after an error
	err      string   // first line of the error, without "error: "
	text     string   // all of the error without its trace: message, place, source lines
}

// String is the form in which answers are kept.
func (a answer) String() string {
	var b strings.Builder
	for _, m := range a.messages {
		b.WriteString(m + "\n")
	}
	if a.err != "" {
		b.WriteString("error: " + a.err + "\n")
	} else {
		b.WriteString(a.value + "\n")
	}
	return b.String()
}

// whole is the form with all lines of an error's message, but without its place.
func (a answer) whole() string {
	if a.text != "" {
		a.err = place.ReplaceAllString(a.text, "")
	}
	return a.String()
}

// place is where an error happened, with the source lines.
var place = regexp.MustCompile(`\nat [^\n]*:\d+:\d+:(\n *\d*\|[^\n]*)*`)

// behindTrace returns what an error says behind its trace, if it has one, without
// "error: " and the indentation. Traces are no part of a comparison: each
// version of Nix has other frames, and some give a place in the last of them.
func behindTrace(text string) string {
	text = "       " + strings.TrimRight(text, "\n")
	if i := strings.LastIndex(text, "\n       error:"); i >= 0 {
		text = text[i+1:]
	}
	text = strings.TrimLeft(strings.ReplaceAll(text, "\n       ", "\n"), " ")
	return strings.TrimLeft(strings.TrimPrefix(text, "error:"), " ")
}

// class sorts errors, for the summary.
func (a answer) class() string {
	if a.err == "" {
		return "value"
	}
	for _, c := range classes {
		if strings.Contains(a.err, c.says) {
			return c.name
		}
	}
	return "other error"
}

var classes = []struct{ name, says string }{
	{"parse", "syntax error"}, {"parse", "already defined"}, {"parse", "duplicate formal"},
	{"undefined variable", "undefined variable"},
	{"missing attribute", "missing"},
	{"infinite recursion", "infinite recursion"},
	{"stack overflow", "stack overflow"},
	{"type error", "but found"}, {"type error", "cannot coerce"}, {"type error", "not a function"}, {"type error", "cannot add"},
	{"argument", "required argument"}, {"argument", "unexpected argument"},
	{"assertion", "assertion"},
	{"overflow", "overflow"},
	{"derivation", "derivation"},
}

// noMessage is the err of an error that says nothing: throw "".
const noMessage = "(no message)"

// colour is what values and some messages are marked with on a terminal, and by
// nix repl always.
var colour = regexp.MustCompile("\x1b\\[[0-9;]*m")

// firstLine cuts a message off at the end of its first line, without colours.
// Blanks count as one: Nix expands tabs when it shows a message, and drops what
// moves the cursor.
func firstLine(s string) string {
	s = strings.NewReplacer("\r", "", "\a", "").Replace(colour.ReplaceAllString(s, ""))
	s, _, _ = strings.Cut(s, "\n")
	return strings.Join(strings.Fields(s), " ")
}
