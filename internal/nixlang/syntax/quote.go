package syntax

import (
	"strconv"
	"strings"
)

// Quote returns a string literal with the value s, as Nix prints strings: only
// quotes, backslashes, LF, CR, TAB and the dollar of "${" are escaped.
func Quote(s string) string {
	var b strings.Builder
	b.Grow(len(s) + 2)
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\t':
			b.WriteString(`\t`)
		case c == '$' && i+1 < len(s) && s[i+1] == '{':
			b.WriteString(`\$`)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// FormatFloat returns f with six significant digits, as C's %g: the form in
// which Nix prints floats.
func FormatFloat(f float64) string {
	return strconv.FormatFloat(f, 'g', 6, 64)
}
