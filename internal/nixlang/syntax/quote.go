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

// QuoteName returns an attribute name as Nix prints it where an identifier could
// stand, in messages too: bare if it is one, else as a string literal.
func QuoteName(name string) string {
	if name == "" {
		return `""`
	}
	if k := keyword([]byte(name)); k != tID && k != tOrKw {
		return `"` + name + `"`
	}
	for i := range len(name) {
		c := classes[name[i]]
		if c&classID == 0 || i == 0 && c&classIDStart == 0 {
			return Quote(name)
		}
	}
	return name
}

// FormatFloat returns f with six significant digits, as C's %g: the form in
// which Nix prints floats.
func FormatFloat(f float64) string {
	return strconv.FormatFloat(f, 'g', 6, 64)
}
