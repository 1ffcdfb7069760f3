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
	// Suggestions are names like the one that is not defined. They are not
	// part of Error: upstream has none, so the caller decides.
	Suggestions []string
	// Advice is what may help; "" if nothing comes to mind. It is no part of
	// Error, likewise.
	Advice string
}

// Error returns the message followed by the place and the source excerpt, laid
// out to stand behind "error: " as in Nix.
func (e *Error) Error() string {
	lines := strings.Split(e.Msg, "\n")
	for i := range lines {
		if i > 0 {
			lines[i] = messageIndent + lines[i]
		}
		lines[i] = strings.TrimRight(lines[i], " \n\r\t")
	}
	msg := strings.Join(lines, "\n")
	if e.At.IsValid() {
		msg += "\n" + Indent(e.At, e.Excerpt, messageIndent)
	}
	return msg
}

// messageIndent is as wide as "error: ".
const messageIndent = "       "

// NewError makes an error at a position of the table.
func (f *Files) NewError(p Pos, msg string) *Error {
	return &Error{Pos: p, Msg: msg, At: f.Position(p), Excerpt: f.Excerpt(p)}
}
