package syntax

import "strings"

// Error says why a text was refused: Msg as upstream words it, without the
// "error: " in front, and the place.
type Error struct {
	Pos Pos
	Msg string
	// At is Pos resolved, for messages that stand alone.
	At Position
	// Excerpt holds the lines around At as [Files.Excerpt] gives them.
	Excerpt string
}

// Error returns the message followed by the place and the source excerpt, laid
// out as the body of an error message of Nix.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Msg)
	if e.At.IsValid() {
		b.WriteString("\n")
		b.WriteString(Indent(e.At, e.Excerpt, "       "))
	}
	return b.String()
}

// NewError makes an error at a position of the table.
func (f *Files) NewError(p Pos, msg string) *Error {
	return &Error{Pos: p, Msg: msg, At: f.Position(p), Excerpt: f.Excerpt(p)}
}
