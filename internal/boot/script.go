package boot

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Step is one step of a script: either waiting or typing.
type Step struct {
	// Expect waits until this text has appeared on the console, after the
	// text that the step before waited for.
	Expect string
	// Send types this text and the Enter key, as soon as the guest has been
	// silent for half a second: a shell that has just written its prompt, or
	// is about to, then reads the line at once and shows it once. What the guest prints up to the
	// next end of a line does not count for the steps that follow: a guest
	// prints what is typed, and that must not be taken for the answer.
	Send string
}

// Script is carried out step by step. Waiting is for text as a person sees it:
// colours and other control sequences and carriage returns are left out of what
// the guest prints.
type Script []Step

// maxPending bounds the text kept for matching, in bytes.
const maxPending = 1 << 20

// tailSize is how much of the console is kept for error messages, in bytes.
const tailSize = 8 << 10

// quiet is how long the guest must be silent before something is typed, and
// patience how long that is waited for: a chatty guest gets its line, too.
const (
	quiet    = 500 * time.Millisecond
	patience = 10 * time.Second
)

// watcher follows the console and carries out a script.
type watcher struct {
	script Script
	send   func([]byte) error
	done   func() // called once, when the script is at its end

	mu      sync.Mutex
	next    int    // the step that is waited for
	pending []byte // printed and not matched yet
	echoes  int    // lines of pending that are echoes of what was typed
	tail    []byte
	filter  filter
	ended   bool
	silence *time.Timer // runs until the guest has been silent for long enough
	latest  *time.Timer // runs until patience is over
}

// Write takes what the guest prints. It never fails: a console that cannot be
// understood is no reason to stop.
func (w *watcher) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := w.filter.clean(p)
	w.tail = keepLast(append(w.tail, text...), tailSize)
	if w.silence != nil {
		w.silence.Reset(quiet)
	}
	if !w.ended {
		w.pending = keepLast(append(w.pending, text...), maxPending)
		w.advance()
	}
	return len(p), nil
}

// start carries out what is possible before the guest has printed anything.
func (w *watcher) start() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.advance()
}

// advance carries out the steps that are possible now.
func (w *watcher) advance() {
	for w.next < len(w.script) {
		step := w.script[w.next]
		if step.Expect == "" {
			w.planTyping()
			return
		}
		if !w.skipEchoes() {
			return
		}
		i := bytes.Index(w.pending, []byte(step.Expect))
		if i < 0 {
			return
		}
		w.pending = w.pending[i+len(step.Expect):]
		w.next++
	}
	if !w.ended && len(w.script) > 0 {
		w.ended = true
		w.done()
	}
}

// planTyping starts the wait for silence.
func (w *watcher) planTyping() {
	if w.silence != nil {
		return
	}
	step := w.next
	w.silence = time.AfterFunc(quiet, func() { w.typeNow(step) })
	w.latest = time.AfterFunc(patience, func() { w.typeNow(step) })
}

// typeNow types the line of a step, unless that has been done.
func (w *watcher) typeNow(step int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.next != step || w.silence == nil {
		return
	}
	w.stopTimers()
	if err := w.send([]byte(w.script[step].Send + "\r")); err != nil {
		return // the guest has ended, which Run reports
	}
	w.pending = w.pending[:0]
	w.echoes++
	w.next++
	w.advance()
}

func (w *watcher) stopTimers() {
	if w.silence != nil {
		w.silence.Stop()
		w.latest.Stop()
		w.silence = nil
	}
}

// stop ends the watching and reports whether the script came to its end.
func (w *watcher) stop() (ended bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopTimers()
	return w.ended
}

// skipEchoes drops the lines on which something was typed. It reports false
// while they are not complete.
func (w *watcher) skipEchoes() bool {
	for ; w.echoes > 0; w.echoes-- {
		i := bytes.IndexByte(w.pending, '\n')
		if i < 0 {
			w.pending = w.pending[:0]
			return false
		}
		w.pending = w.pending[i+1:]
	}
	return true
}

// missing returns the text that is waited for, "" if none.
func (w *watcher) missing() string {
	if w.next < len(w.script) {
		return w.script[w.next].Expect
	}
	return ""
}

func keepLast(b []byte, n int) []byte {
	if len(b) > n {
		return append(b[:0], b[len(b)-n:]...)
	}
	return b
}

// NotSeenError is the error for a script that did not come to its end.
type NotSeenError struct {
	Text    string // what was waited for
	Reason  string // why waiting ended
	Console string // the last that the guest printed
}

// Error gives all of it, the console last.
func (e *NotSeenError) Error() string {
	var b strings.Builder
	if e.Text == "" {
		b.WriteString(e.Reason)
	} else {
		fmt.Fprintf(&b, "%s; still waiting for %q on the console", e.Reason, e.Text)
	}
	if e.Console != "" {
		b.WriteString("\nThe console's last lines:\n")
		for _, line := range strings.Split(strings.TrimRight(e.Console, "\n"), "\n") {
			b.WriteString("  | " + line + "\n")
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// lastLines returns at most n lines of the end of b.
func lastLines(b []byte, n int) string {
	lines := strings.Split(strings.TrimRight(string(b), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// filter takes terminal control sequences (ECMA-48) and control characters but
// newline and tab out of a stream. It keeps its state between calls: QEMU gives
// the console in arbitrary pieces.
type filter struct{ state filterState }

type filterState uint8

const (
	plain     filterState = iota
	escaped               // after ESC
	control               // in a control sequence, up to a byte 0x40-0x7e
	osCommand             // in an operating system command, up to BEL or ESC \
	charset               // one more byte belongs to it
)

func (f *filter) clean(p []byte) []byte {
	out := make([]byte, 0, len(p))
	for _, c := range p {
		if f.step(c) {
			out = append(out, c)
		}
	}
	return out
}

// step takes one byte and reports whether it is text.
func (f *filter) step(c byte) bool {
	switch f.state {
	case escaped:
		f.state = plain
		switch c {
		case '[':
			f.state = control
		case ']', 'P', '_', '^':
			f.state = osCommand
		case '(', ')', '#', '%':
			f.state = charset
		}
		return false
	case control:
		if c >= 0x40 && c <= 0x7e {
			f.state = plain
		}
		return false
	case osCommand:
		if c == 0x07 {
			f.state = plain
		} else if c == 0x1b {
			f.state = escaped
		}
		return false
	case charset:
		f.state = plain
		return false
	}
	if c == 0x1b {
		f.state = escaped
		return false
	}
	return c >= 0x20 && c != 0x7f || c == '\n' || c == '\t'
}
