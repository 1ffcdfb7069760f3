package ere

import (
	"math"
	"strings"
)

// Limits of one match. They are far above what any real expression needs and
// keep a hostile one within seconds and a few hundred megabytes.
const (
	maxSteps           = 1 << 30
	tableSteps         = 1 << 24 // how far to go with the table, and tableStepsPerPlace for each bit of the table
	tableStepsPerPlace = 512
	maxFrames          = 1 << 24
	pollSteps          = 1 << 20
	maxTableBits       = 1 << 31
	// easySteps and easyStepsPerByte bound the plain walk; after that the walk
	// starts again with the table of failures.
	easySteps        = 4096
	easyStepsPerByte = 32
)

// Group is where a group matched: text[Start:End]. End is negative if it took
// no part in the match.
type Group struct{ Start, End int }

// Matched tells whether the group took part in the match.
func (g Group) Matched() bool { return g.End >= 0 }

// Matcher is the scratch memory of matching. The zero Matcher is ready for use;
// it must not be used by two goroutines at once.
type Matcher struct {
	// Poll, unless nil, is called every few milliseconds of a long match. It
	// may panic to end it.
	Poll func()

	re    *Regexp
	text  string
	stack []frame
	cur   []Group // of the path being walked
	best  []Group // of the best match so far
	turns []turn
	table failures
	steps int
	limit int // of steps
	pause int // number of steps at which to look at limit and to call Poll
	// impatient takes the table from the start, for tests.
	impatient bool

	search  bool // find a prefix, not the whole text
	begin   int  // where this attempt starts
	notNull bool // an empty match does not count
	found   int32
	end     int // of the best match, -1 if there is none
}

// turn counts how often a loop was entered at a place, to stop empty turns.
type turn struct{ pos, count int32 }

// frame is something to undo or to try when the walk comes back.
type frame struct {
	kind  frameKind
	pc    int32
	pos   int32
	extra int32
	found int32 // number of matches found before
}

type frameKind uint8

const (
	frameSplit frameKind = iota // try pc at pos
	frameLoop                   // the same, unless there was a match
	frameStar                   // try pc at pos, then one less, down to extra
	frameOpen                   // group pc started at pos before
	frameClose                  // group pc was pos, extra before
	frameTurn                   // loop pc had turn{pos, extra} before
	frameMemo                   // end of what follows from a place; index in pos, extra
)

// Match matches the whole text. The groups, without group 0, are valid until
// the Matcher is used again. The error is an *Error of kind TooSlow.
func (m *Matcher) Match(re *Regexp, text string) (groups []Group, ok bool, err error) {
	if re.literal {
		return nil, text == re.lit, nil
	}
	if re.first != nil && (text == "" || !re.first.has(text[0])) {
		return nil, false, nil
	}
	m.reset(re, text, false)
	if err := m.attempt(0); err != nil {
		return nil, false, err
	}
	return m.best, m.end >= 0, nil
}

// reset prepares for a text. Positions are kept in 32 bits; Nix strings are
// shorter.
func (m *Matcher) reset(re *Regexp, text string, search bool) {
	m.re, m.text, m.search = re, text, search
	m.stack = m.stack[:0]
	m.cur = resize(m.cur, re.groups)
	m.best = resize(m.best, re.groups)
	m.turns = resize(m.turns, re.repeats)
	m.table = failures{}
	m.steps, m.limit = 0, easySteps+easyStepsPerByte*len(text)
	m.pause = min(m.limit, pollSteps)
	m.begin, m.notNull = 0, false
	if m.impatient && re.places > 0 {
		m.limit, m.pause = 0, 0
	}
}

func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// attempt walks from one start and leaves the best match in best and end.
func (m *Matcher) attempt(start int) error {
	m.begin = start
	for {
		m.found, m.end = 0, -1
		for i := range m.cur {
			m.cur[i] = Group{0, -1}
		}
		clear(m.turns)
		m.stack = m.stack[:0]
		switch m.walk(int32(len(m.re.prog)-1), int32(start)) {
		case walkDone:
			m.table.forgetSolved()
			return nil
		case walkFull:
			return &Error{Kind: TooSlow, Pattern: m.re.pattern, Reason: "memory"}
		}
		// Too many steps.
		if m.table.on || m.re.places == 0 {
			return &Error{Kind: TooSlow, Pattern: m.re.pattern, Reason: "time"}
		}
		if !m.table.start(m.re.places, len(m.text), m.search && m.re.hasAlt) {
			return &Error{Kind: TooSlow, Pattern: m.re.pattern, Reason: "memory"}
		}
		m.limit = min(maxSteps, tableSteps+tableStepsPerPlace*len(m.table.visited)*64)
	}
}

// accepted notes a match that ends at pos, and tells whether the walk may stop.
func (m *Matcher) accepted(pos int) (stop bool) {
	if !m.search && pos != len(m.text) || m.notNull && pos == m.begin {
		return false
	}
	m.found++
	if pos > m.end {
		m.end = pos
		copy(m.best, m.cur)
	}
	return !m.search || !m.re.hasAlt || pos == len(m.text)
}

// Split calls yield with the places of all matches in text, in order and
// without overlap, as std::regex_iterator finds them. The groups are valid
// during the call. The error is an *Error of kind TooSlow.
func (m *Matcher) Split(re *Regexp, text string, yield func(start, end int, groups []Group)) error {
	if re.literal && re.lit != "" {
		for at := 0; ; {
			i := strings.Index(text[at:], re.lit)
			if i < 0 {
				return nil
			}
			yield(at+i, at+i+len(re.lit), nil)
			at += i + len(re.lit)
		}
	}
	m.reset(re, text, true)
	at := 0
	for {
		start, err := m.find(at)
		if err != nil || start < 0 {
			return err
		}
		end := m.end
		yield(start, end, m.best)
		for start == end {
			// After an empty match: a longer one at the same place, or go on.
			if end == len(text) {
				return nil
			}
			m.notNull = true
			err := m.attempt(end)
			m.notNull = false
			if err != nil {
				return err
			}
			if m.end < 0 {
				end++
				break
			}
			start, end = end, m.end
			yield(start, end, m.best)
		}
		at = end
	}
}

// find looks for the first match at or after at; -1 if there is none.
func (m *Matcher) find(at int) (int, error) {
	for ; at <= len(m.text); at++ {
		if f := m.re.first; f != nil {
			for at < len(m.text) && !f.has(m.text[at]) {
				at++
			}
			if at == len(m.text) {
				return -1, nil
			}
		}
		if err := m.attempt(at); err != nil {
			return -1, err
		}
		if m.end >= 0 {
			return at, nil
		}
	}
	return -1, nil
}

// MaxText is the longest text in bytes that can be matched.
const MaxText = math.MaxInt32 - 1
