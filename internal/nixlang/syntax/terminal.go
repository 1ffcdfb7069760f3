package syntax

import (
	"strings"
	"unicode/utf8"
)

// ForTerminal changes a whole message, "error: " included, as Nix's logger
// does when it writes one to a file or pipe: tabs become spaces up to the next
// multiple of eight, counted in characters from the start of the message, not
// of the line, and without the newlines; CR, BEL and escape sequences are
// dropped.
func ForTerminal(msg string) string {
	if !strings.ContainsAny(msg, "\t\r\a\x1b") {
		return msg
	}
	var b strings.Builder
	width := 0
	for i := 0; i < len(msg); {
		switch msg[i] {
		case '\r', '\a':
			i++
		case '\x1b':
			i = skipEscape(msg, i+1)
		case '\n':
			b.WriteByte('\n')
			i++
		case '\t':
			n := 8 - width%8
			b.WriteString(strings.Repeat(" ", n))
			width += n
			i++
		default:
			_, n := utf8.DecodeRuneInString(msg[i:])
			b.WriteString(msg[i : i+n])
			width++
			i += n
		}
	}
	return b.String()
}

// skipEscape returns the index behind an escape sequence whose ESC is before i
// (ECMA-48, 5.4: parameter bytes, intermediate bytes, a final byte).
func skipEscape(s string, i int) int {
	skip := func(from, to byte) {
		for i < len(s) && s[i] >= from && s[i] <= to {
			i++
		}
	}
	if i >= len(s) {
		return i
	}
	if s[i] != '[' {
		if s[i] >= 0x40 && s[i] <= 0x5f {
			i++
		}
		return i
	}
	i++
	skip(0x30, 0x3f)
	skip(0x20, 0x2f)
	if i < len(s) && s[i] >= 0x40 && s[i] <= 0x7e {
		i++
	}
	return i
}
