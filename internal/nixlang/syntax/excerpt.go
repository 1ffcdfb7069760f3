package syntax

import (
	"fmt"
	"strings"
)

// Excerpt returns the line of p with a caret under its column, between the
// line before and the line after where they exist:
//
//	2|   y = 456;
//	3|   x = 789;
//	 |   ^
//	4| }
//
// Lines are joined by newlines, without one at the end. The zero Pos gives "".
// Of very long lines only the part around the column is there. Callers indent
// with [Indent].
func (f *Files) Excerpt(p Pos) string {
	fl := f.find(p)
	if fl == nil {
		return ""
	}
	line, column := fl.lineColumn(p)
	from := 0
	if column > maxExcerpt/2 {
		if text, ok := fl.line(line); ok && len(text) > maxExcerpt {
			from = column - maxExcerpt/2
			column -= from - len(ellipsis)
		}
	}
	var out []string
	add := func(n int) {
		if text, ok := fl.line(n); ok {
			out = append(out, fmt.Sprintf(" %5d| %s", n, window(text, from)))
		}
	}
	add(line - 1)
	if _, ok := fl.line(line); !ok {
		return ""
	}
	add(line)
	out = append(out, "      |"+strings.Repeat(" ", column)+"^")
	add(line + 1)
	return strings.Join(out, "\n")
}

// maxExcerpt is how many bytes of a line an excerpt shows. Lines that people
// write are shorter.
const maxExcerpt = 600

const ellipsis = "..."

// window returns a line from byte from on, shortened if it is very long.
func window(line string, from int) string {
	if from > 0 {
		line = ellipsis + line[min(from, len(line)):]
	}
	if len(line) > maxExcerpt {
		line = line[:maxExcerpt] + ellipsis
	}
	return line
}

// Indent lays out a place below an error message or a line of a trace: "at
// FILE:LINE:COLUMN:" and then the excerpt, every line behind indent. For Nix
// that is seven spaces. Trailing white space goes, as it does upstream.
func Indent(p Position, excerpt, indent string) string {
	lines := []string{indent + "at " + p.String() + ":"}
	if excerpt != "" {
		for line := range strings.SplitSeq(excerpt, "\n") {
			lines = append(lines, strings.TrimRight(indent+line, " \n\r\t"))
		}
	}
	return strings.Join(lines, "\n")
}
