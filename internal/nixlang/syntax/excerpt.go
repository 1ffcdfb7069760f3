package syntax

import (
	"fmt"
	"strings"
)

// Excerpt returns the line of p with a caret under its column, between the
// line before and the line after where they exist:
//
//	     2|   y = 456;
//	     3|   x = 789;
//	      |   ^
//	     4| }
//
// Lines are joined by newlines, without one at the end. The zero Pos and texts
// without lines give "". Callers indent with [Indent].
func (f *Files) Excerpt(p Pos) string {
	fl := f.find(p)
	if fl == nil {
		return ""
	}
	line, column := fl.lineColumn(p)
	var out []string
	add := func(n int) {
		if text, ok := fl.line(n); ok {
			out = append(out, fmt.Sprintf(" %5d| %s", n, text))
		}
	}
	add(line - 1)
	add(line)
	out = append(out, "      |"+strings.Repeat(" ", column)+"^")
	add(line + 1)
	return strings.Join(out, "\n")
}

// Indent lays out a place below an error message or trace line: "at
// FILE:LINE:COLUMN:" and the excerpt, every line behind indent and the excerpt
// behind another five columns less one, as Nix prints them. Indent of errors
// and traces is seven spaces.
func Indent(p Position, excerpt, indent string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%sat %s:", indent, p)
	if excerpt == "" {
		return b.String()
	}
	for line := range strings.SplitSeq(excerpt, "\n") {
		b.WriteString("\n")
		b.WriteString(indent)
		b.WriteString(line)
	}
	return b.String()
}
