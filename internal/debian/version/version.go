// Package version orders Debian package versions: [epoch:]upstream[-revision]
// (Debian Policy 5.6.12, deb-version(7)).
//
// Epochs compare as numbers. The other two parts compare as alternating runs of
// non-digits and digits: in a run of non-digits letters sort before other
// characters and "~" before everything, even before the end of the part; runs
// of digits compare as numbers of any length. An absent revision is "0".
package version

import (
	"fmt"
	"strings"
)

// MaxLength is the longest version accepted, in bytes.
const MaxLength = 512

// Check returns an error unless v is a well-formed version.
func Check(v string) error {
	if len(v) > MaxLength {
		return fmt.Errorf("version of %d bytes is longer than %d", len(v), MaxLength)
	}
	epoch, upstream, revision, hasEpoch, hasRevision := split(v)
	if hasEpoch && !isNumber(epoch) {
		return fmt.Errorf("version %q: the epoch %q is not a number", v, epoch)
	}
	if upstream == "" {
		return fmt.Errorf("version %q has no upstream part", v)
	}
	if hasRevision && revision == "" {
		return fmt.Errorf("version %q has an empty revision", v)
	}
	if c := badByte(upstream, ".+-~:"); c != "" {
		return fmt.Errorf("version %q: %s is not allowed in a version", v, c)
	}
	if c := badByte(revision, ".+~"); c != "" {
		return fmt.Errorf("version %q: %s is not allowed in a revision", v, c)
	}
	return nil
}

// Compare returns -1, 0 or 1 as a is lower than, equal to or higher than b.
// It orders any two strings; only for those that [Check] accepts is the order
// Debian's.
func Compare(a, b string) int {
	ea, ua, ra, _, _ := split(a)
	eb, ub, rb, _, _ := split(b)
	if c := compareNumber(ea, eb); c != 0 {
		return c
	}
	if c := comparePart(ua, ub); c != 0 {
		return c
	}
	return comparePart(ra, rb)
}

// Satisfies reports whether version v meets the relation op ("<<", "<=", "=",
// ">=", ">>") to version w; an unknown op is never met. The old "<" and ">"
// mean "<=" and ">=", as dpkg reads them.
func Satisfies(v, op, w string) bool {
	c := Compare(v, w)
	switch op {
	case "<<":
		return c < 0
	case "<=", "<":
		return c <= 0
	case "=":
		return c == 0
	case ">=", ">":
		return c >= 0
	case ">>":
		return c > 0
	}
	return false
}

// split cuts at the first colon and the last hyphen.
func split(v string) (epoch, upstream, revision string, hasEpoch, hasRevision bool) {
	upstream = v
	if i := strings.IndexByte(v, ':'); i >= 0 {
		epoch, upstream, hasEpoch = v[:i], v[i+1:], true
	}
	if i := strings.LastIndexByte(upstream, '-'); i >= 0 {
		upstream, revision, hasRevision = upstream[:i], upstream[i+1:], true
	}
	return
}

func isNumber(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

func badByte(s, also string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; !isDigit(c) && !isLetter(c) && strings.IndexByte(also, c) < 0 {
			return fmt.Sprintf("%q", s[i:i+1])
		}
	}
	return ""
}

// comparePart compares two upstream parts or two revisions.
func comparePart(a, b string) int {
	for a != "" || b != "" {
		var ta, tb string
		ta, a = cutText(a)
		tb, b = cutText(b)
		if c := compareText(ta, tb); c != 0 {
			return c
		}
		ta, a = cutDigits(a)
		tb, b = cutDigits(b)
		if c := compareNumber(ta, tb); c != 0 {
			return c
		}
	}
	return 0
}

func cutText(s string) (head, tail string) {
	i := 0
	for i < len(s) && !isDigit(s[i]) {
		i++
	}
	return s[:i], s[i:]
}

func cutDigits(s string) (head, tail string) {
	i := 0
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	return s[:i], s[i:]
}

func compareText(a, b string) int {
	for i := 0; i < len(a) || i < len(b); i++ {
		if c := order(a, i) - order(b, i); c != 0 {
			return sign(c)
		}
	}
	return 0
}

// order is the weight of the byte at i: "~", the end, letters, all the rest.
func order(s string, i int) int {
	switch {
	case i >= len(s):
		return 0
	case s[i] == '~':
		return -1
	case isLetter(s[i]):
		return int(s[i])
	}
	return int(s[i]) + 256
}

// compareNumber compares decimal numbers of any length; "" is zero.
func compareNumber(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	if len(a) != len(b) {
		return sign(len(a) - len(b))
	}
	return strings.Compare(a, b)
}

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}
