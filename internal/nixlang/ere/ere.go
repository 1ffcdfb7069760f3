// Package ere matches POSIX extended regular expressions the way
// builtins.match and builtins.split do it in C++ Nix, which hands them to
// libstdc++'s std::regex with the "extended" grammar.
//
// That is neither POSIX nor Perl. The observable rules are:
//
//   - The pattern is explored depth first, left alternative before right, one
//     more repetition before leaving a loop. For a whole-string match the first
//     path that ends at the end of the text wins, and its submatches are the
//     answer: (a|ab)(c|bcd)(d*) on "abcd" gives a, bcd and the empty string.
//   - A search (split) takes the longest of the paths it looks at. It looks at
//     both sides of every "|", but leaves a loop early only when one more
//     repetition found no match at all. So "a*|aab" prefers length, while
//     (a|ab)* does not go back for a longer combination inside a loop.
//   - A loop body may match the empty string at most twice in a row at one
//     place; submatches of earlier repetitions stay when later ones skip them.
//   - There are no back-references; a backslash quotes one of .[\()*+?{|^$
//     outside brackets (and nothing else), and is an ordinary character inside.
//   - Bytes are signed: [a-é] is refused because é starts with a negative byte.
//   - The automaton may have at most 100,000 states.
//
// Unlike libstdc++, which takes exponential time and overflows its stack on
// long texts, the matcher keeps its own stack and counts steps. When the plain
// walk is too slow it starts to remember which (state, position) pairs failed,
// which bounds the work by the product of pattern and text size.
package ere

import (
	"fmt"
	"strings"
)

// maxStates is the number of automaton states libstdc++ allows
// (_GLIBCXX_REGEX_STATE_LIMIT in bits/regex_automaton.h).
const maxStates = 100000

// ErrorKind says why a pattern was refused or a match was given up.
type ErrorKind uint8

const (
	// Invalid is a pattern that is not an extended regular expression.
	Invalid ErrorKind = iota
	// TooBig is a pattern with more than 100,000 automaton states.
	TooBig
	// TooSlow is a match that was given up after the step or memory limit.
	TooSlow
)

// Error is the error of Compile and of the matching functions. Its text is the
// one C++ Nix prints, where C++ Nix has one.
type Error struct {
	Kind    ErrorKind
	Pattern string
	Reason  string // what is wrong, for people; not part of Nix's text
}

func (e *Error) Error() string {
	pattern := e.Pattern
	if len(pattern) > maxShown {
		pattern = strings.ToValidUTF8(pattern[:maxShown], "") + "..."
	}
	switch e.Kind {
	case TooBig:
		return fmt.Sprintf("memory limit exceeded by regular expression '%s'", pattern)
	case TooSlow:
		return fmt.Sprintf("regular expression '%s' needs too much %s for this text", pattern, e.Reason)
	default:
		return fmt.Sprintf("invalid regular expression '%s'", pattern)
	}
}

// maxShown is how many bytes of an expression are shown in a message. Nix shows
// all, but nobody reads a longer one.
const maxShown = 64 << 10

// Regexp is a compiled expression. It does not change and may be shared.
type Regexp struct {
	pattern string
	prog    []inst
	sets    []byteSet
	groups  int
	repeats int  // number of loops with an empty turn
	places  int  // rows of the table of failures
	hasAlt  bool // a search must look at more than the first match
	literal bool // the pattern is the plain text in lit
	lit     string
	first   *byteSet // bytes a match can start with; nil when it can be empty
}

// NumGroups returns the number of parenthesised groups.
func (re *Regexp) NumGroups() int { return re.groups }

// String returns the pattern.
func (re *Regexp) String() string { return re.pattern }

// Compile parses a pattern. The error is an *Error of kind Invalid or TooBig.
func Compile(pattern string) (*Regexp, error) {
	p := &parser{scanner: scanner{src: pattern}}
	root, err := p.parse()
	if err != nil {
		err.Pattern = pattern
		return nil, err
	}
	re := &Regexp{pattern: pattern, groups: p.groups, hasAlt: p.hasAlt}
	compileProgram(re, root, p)
	return re, nil
}
