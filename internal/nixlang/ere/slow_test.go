package ere_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"isomorph/internal/nixlang/ere"
)

// slow is a matcher that is easy to believe: for each part of a pattern it finds
// all places where a match that begins at a place can end. It knows no order
// of preference, so that it tells whether there is a match, and where the first
// one begins, but not which one is chosen.
type slow struct {
	pattern string
	pos     int
	groups  []*slowNode
	loops   int
}

// mostLoops is how many repetitions a pattern may have, each of which may double
// the time that the slow matcher takes.
const mostLoops = 8

type slowNode struct {
	kind     byte // 's' set, '^', '$', 'c' sequence, '|', '*' repetition
	set      [256]bool
	subs     []*slowNode
	min, max int // of a repetition; max < 0: without end
}

// parse returns nil for a pattern that this parser has no opinion about.
func (s *slow) parse() *slowNode {
	n := s.alternatives(0)
	if s.pos != len(s.pattern) {
		return nil
	}
	return n
}

func (s *slow) peek() byte {
	if s.pos < len(s.pattern) {
		return s.pattern[s.pos]
	}
	return 0
}

func (s *slow) alternatives(depth int) *slowNode {
	alt := &slowNode{kind: '|'}
	for {
		seq := &slowNode{kind: 'c'}
		for s.pos < len(s.pattern) && s.peek() != '|' && (s.peek() != ')' || depth == 0) {
			t := s.term(depth)
			if t == nil {
				return nil
			}
			seq.subs = append(seq.subs, t)
		}
		alt.subs = append(alt.subs, seq)
		if s.peek() != '|' {
			return alt
		}
		s.pos++
	}
}

func (s *slow) term(depth int) *slowNode {
	n := s.atom(depth)
	if n == nil || n.kind == '^' || n.kind == '$' {
		return n
	}
	for {
		least, most := 0, -1
		switch s.peek() {
		case '*':
		case '+':
			least = 1
		case '?':
			most = 1
		case '{':
			text, _, ok := strings.Cut(s.pattern[s.pos+1:], "}")
			if !ok {
				return nil
			}
			s.pos += len(text) + 1
			low, high, comma := strings.Cut(text, ",")
			var err, err2 error
			if least, err = strconv.Atoi(low); !comma {
				most = least
			} else if high != "" {
				most, err2 = strconv.Atoi(high)
			}
			if err != nil || err2 != nil || least > 100 || most > 100 { // larger ones wrap round in the end
				return nil
			}
		default:
			return n
		}
		s.pos++
		if s.loops++; s.loops > mostLoops {
			return nil
		}
		n = &slowNode{kind: '*', subs: []*slowNode{n}, min: least, max: most}
	}
}

func (s *slow) atom(depth int) *slowNode {
	c := s.peek()
	s.pos++
	n := &slowNode{kind: 's'}
	switch c {
	case '^', '$':
		n.kind = c
	case '.':
		for i := 1; i < 256; i++ {
			n.set[i] = true
		}
	case '(':
		i := len(s.groups)
		s.groups = append(s.groups, nil)
		body := s.alternatives(depth + 1)
		if body == nil || s.peek() != ')' {
			return nil
		}
		s.pos++
		s.groups[i] = body
		return body
	case '[':
		return s.bracket()
	case '\\':
		c = s.peek()
		s.pos++
		n.set[c] = true
	case '*', '+', '?', '{', ')', 0:
		return nil
	default:
		n.set[c] = true
	}
	return n
}

// bracket reads a bracket expression of characters and ranges.
func (s *slow) bracket() *slowNode {
	n := &slowNode{kind: 's'}
	negated := s.peek() == '^'
	if negated {
		s.pos++
	}
	for first := true; first || s.peek() != ']'; first = false {
		c := s.peek()
		s.pos++
		if c == 0 || c == '[' {
			return nil
		}
		if s.peek() == '-' && s.pos+1 < len(s.pattern) && s.pattern[s.pos+1] != ']' {
			to := s.pattern[s.pos+1]
			if s.pos += 2; to == '[' || to == '-' || c == '-' {
				return nil
			}
			for b := int(c); b <= int(to); b++ {
				n.set[b] = true
			}
			continue
		}
		n.set[c] = true
	}
	s.pos++
	if negated {
		for i := range n.set {
			n.set[i] = !n.set[i]
		}
	}
	return n
}

// ends returns where matches can end that begin at one of the places.
func (n *slowNode) ends(text string, from []bool) []bool {
	to := make([]bool, len(text)+1)
	switch n.kind {
	case 's':
		for i := range text {
			to[i+1] = from[i] && n.set[text[i]]
		}
	case '^':
		to[0] = from[0]
	case '$':
		to[len(text)] = from[len(text)]
	case 'c':
		copy(to, from)
		for _, sub := range n.subs {
			to = sub.ends(text, to)
		}
	case '|':
		for _, sub := range n.subs {
			join(to, sub.ends(text, from))
		}
	case '*':
		at := append([]bool(nil), from...)
		for i := 0; ; i++ {
			if i >= n.min && !join(to, at) && i > n.min || n.max >= 0 && i >= n.max {
				break
			}
			at = n.subs[0].ends(text, at)
		}
	}
	return to
}

// join adds places and tells whether there were new ones.
func join(to, more []bool) (grown bool) {
	for i, b := range more {
		grown = grown || b && !to[i]
		to[i] = to[i] || b
	}
	return grown
}

func (n *slowNode) from(text string, i int) []bool {
	at := make([]bool, len(text)+1)
	at[i] = true
	return n.ends(text, at)
}

// FuzzSlow holds the matcher against the slow one.
func FuzzSlow(f *testing.F) {
	seeds := referenceLines(f, "testdata/reference.txt")
	for i, s := range seeds {
		if i%20 == 0 {
			f.Add(s[0], s[1])
		}
	}
	f.Add("(a|ab)(c|bcd)(d*)", "abcd")
	f.Add("((a*)*|b){2,3}$", "aab")
	f.Add("^(a?){3}[^b-d]", "aax")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 40 || len(text) > 40 || strings.Contains(text, "\x00") || !isASCII(pattern) || !isASCII(text) {
			return
		}
		checkSlow(t, pattern, text)
	})
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r == 0 || r >= 0x80 })
}

// mostPolls bounds the time for one pattern: a fuzzer takes a second for a hang.
const mostPolls = 20

var errSlow = errors.New("the pattern takes too long")

func checkSlow(t *testing.T, pattern, text string) {
	s := &slow{pattern: pattern}
	root := s.parse()
	re, err := ere.Compile(pattern)
	if root == nil || err != nil {
		return
	}
	if len(s.groups) != re.NumGroups() {
		t.Fatalf("%q has %d groups, not %d", pattern, len(s.groups), re.NumGroups())
	}
	var m ere.Matcher
	polls := 0
	m.Poll = func() {
		if polls++; polls > mostPolls {
			panic(errSlow)
		}
	}
	defer func() {
		if r := recover(); r != nil && r != errSlow {
			panic(r)
		}
	}()
	gs, ok, err := m.Match(re, text)
	if err != nil {
		return // too slow
	}
	if want := root.from(text, 0)[len(text)]; ok != want {
		t.Fatalf("%q on %q: got %v, want %v", pattern, text, ok, want)
	}
	if ok {
		s.checkGroups(t, text, gs)
	}
	first := true
	err = m.Split(re, text, func(start, end int, gs []ere.Group) {
		if strings.Contains(pattern, "^") && !first {
			return // what the beginning is depends on the match before
		}
		if !root.from(text, start)[end] {
			t.Fatalf("%q on %q: no match is from %d to %d", pattern, text, start, end)
		}
		for i := 0; first && i < start; i++ {
			if join(make([]bool, len(text)+1), root.from(text, i)) {
				t.Fatalf("%q on %q: the first match begins at %d, not at %d", pattern, text, i, start)
			}
		}
		first = false
		s.checkGroups(t, text, gs)
	})
	for i := 0; err == nil && first && i <= len(text); i++ {
		if join(make([]bool, len(text)+1), root.from(text, i)) {
			t.Fatalf("%q on %q: a match begins at %d, but none was found", pattern, text, i)
		}
	}
}

func (s *slow) checkGroups(t *testing.T, text string, gs []ere.Group) {
	for i, g := range gs {
		if g.Matched() && !s.groups[i].from(text, g.Start)[g.End] {
			t.Fatalf("%q on %q: group %d does not match from %d to %d", s.pattern, text, i+1, g.Start, g.End)
		}
	}
}

// All lines of the reference table, too.
func TestSlow(t *testing.T) {
	judged := 0
	for _, l := range referenceLines(t, "testdata/reference.txt") {
		if isASCII(l[0]) && isASCII(l[1]) {
			judged++
			checkSlow(t, l[0], l[1])
		}
	}
	if judged < 1000 {
		t.Errorf("only %d lines", judged)
	}
}
