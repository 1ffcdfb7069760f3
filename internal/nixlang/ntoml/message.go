package ntoml

import (
	"fmt"
	"strings"
)

// note is a remark on a place of the text.
type note struct {
	at   place
	text string
}

// fail makes an error that shows lines of the text with remarks below them, as
// toml11 lays them out.
func (s *scanner) fail(title string, notes ...note) *Error {
	e := &Error{Title: "[error] " + title}
	width := 1
	for _, n := range notes {
		line, _, _ := s.line(n.at.start)
		width = max(width, len(fmt.Sprint(line)))
	}
	margin := strings.Repeat(" ", width+1)
	e.Lines = append(e.Lines, " --> fromTOML", margin+" |")
	for i, n := range notes {
		if i > 0 {
			e.Lines = append(e.Lines, margin+" | ...", margin+" |")
		}
		line, text, column := s.line(n.at.start)
		marks := min(max(n.at.end-n.at.start, 1), max(len(text)-column, 1))
		e.Lines = append(e.Lines,
			fmt.Sprintf(" %*d | %s", width, line, text),
			fmt.Sprintf("%s | %s%s-- %s", margin, strings.Repeat(" ", column), strings.Repeat("^", marks), n.text))
	}
	return e
}

// hint adds lines of advice.
func (e *Error) hint(lines ...string) *Error {
	for _, l := range lines {
		e.Lines = append(e.Lines, "Hint: "+l)
	}
	return e
}

// line returns the number, text and column of the line around a place.
func (s *scanner) line(at int) (number int, text string, column int) {
	at = min(at, len(s.text))
	start := strings.LastIndexByte(s.text[:at], '\n') + 1
	end := len(s.text)
	if i := strings.IndexByte(s.text[at:], '\n'); i >= 0 {
		end = at + i
	}
	return strings.Count(s.text[:start], "\n") + 1, s.text[start:end], at - start
}
