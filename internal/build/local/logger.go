package local

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"isomorph/internal/build"
)

const (
	tailLines      = 25       // Nix's log-lines
	defaultMaxLog  = 64 << 20 // bytes
	maxLine        = 64 << 10 // longer ones are cut in two
	controlMessage = "@nix "  // lines for Nix itself, from stdenv
)

// logger takes what a builder prints: everything goes to the log file as it
// is, and line by line, cleaned, to the request's callback and the tail for
// error messages. It stops the build when the log grows too big or when nothing
// comes for too long.
type logger struct {
	file  io.WriteCloser
	req   build.Request
	stop  context.CancelCauseFunc
	limit int64

	mu      sync.Mutex
	silence *time.Timer
	size    int64
	line    []byte
	tail    []string
	err     error
}

func newLogger(file io.WriteCloser, req build.Request, stop context.CancelCauseFunc) *logger {
	l := &logger{file: file, req: req, stop: stop, limit: req.MaxLog}
	if l.limit == 0 {
		l.limit = defaultMaxLog
	}
	if req.MaxSilent > 0 {
		l.silence = time.AfterFunc(req.MaxSilent, func() { stop(errSilent) })
	}
	return l
}

// Write takes a piece of output.
func (l *logger) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.silence != nil {
		l.silence.Reset(l.req.MaxSilent)
	}
	n := len(p)
	l.size += int64(n)
	if l.size > l.limit {
		l.stop(errLogSize)
		return n, nil
	}
	if _, err := l.file.Write(p); err != nil && l.err == nil {
		l.err = err
	}
	for _, c := range p {
		if c == '\n' || len(l.line) >= maxLine {
			l.flush()
		}
		if c != '\n' {
			l.line = append(l.line, c)
		}
	}
	return n, nil
}

func (l *logger) flush() {
	raw := string(l.line)
	l.line = l.line[:0]
	if message, ok := strings.CutPrefix(raw, controlMessage); ok {
		l.control(message)
		return
	}
	line := cleanLine(raw)
	if len(l.tail) == tailLines {
		l.tail = append(l.tail[:0], l.tail[1:]...)
	}
	l.tail = append(l.tail, line)
	if l.req.Log != nil {
		l.req.Log(line)
	}
}

// control understands {"action":"setPhase","phase":"buildPhase"} and drops the
// rest, as Nix does.
func (l *logger) control(message string) {
	var m struct{ Action, Phase string }
	if json.Unmarshal([]byte(message), &m) == nil && m.Action == "setPhase" && l.req.Phase != nil {
		l.req.Phase(cleanLine(m.Phase))
	}
}

func (l *logger) lastLines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.line) > 0 {
		l.flush()
	}
	return append([]string(nil), l.tail...)
}

// close ends the log. A log that could not be written is an error: it may be
// all that is left of a failure.
func (l *logger) close() error {
	l.lastLines()
	if l.silence != nil {
		l.silence.Stop()
	}
	if err := l.file.Close(); err != nil && l.err == nil {
		l.err = err
	}
	return l.err
}

// cleanLine removes what could move the cursor, change the title or answer for
// the terminal. Colours (ESC [ ... m) stay, tabs become blanks, and what stands
// before a carriage return is what was overwritten.
func cleanLine(s string) string {
	s = strings.TrimRight(s, "\r")
	if i := strings.LastIndexByte(s, '\r'); i >= 0 {
		s = s[i+1:]
	}
	var b strings.Builder
	coloured := false
	for i := 0; i < len(s); {
		if n := escapeLen(s[i:]); n > 0 {
			if n > 2 && s[i+n-1] == 'm' && s[i+1] == '[' {
				b.WriteString(s[i : i+n])
				coloured = true
			}
			i += n
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\t':
			b.WriteByte(' ')
		case r >= 0x20 && r < 0x7f || r >= 0xa0: // U+0080 to U+009F are control codes too
			b.WriteRune(r) // U+FFFD for what is not UTF-8
		}
		i += n
	}
	if coloured {
		b.WriteString("\x1b[0m")
	}
	return b.String()
}

// escapeLen returns the length of the escape sequence that s begins with
// (ECMA-48: CSI up to its final byte, OSC up to BEL or ST, otherwise two bytes).
func escapeLen(s string) int {
	if len(s) < 2 || s[0] != 0x1b {
		return 0
	}
	switch s[1] {
	case '[':
		for i := 2; i < len(s); i++ {
			switch c := s[i]; {
			case c >= 0x40 && c <= 0x7e:
				return i + 1
			case c < 0x20 || c > 0x7e: // no part of a sequence
				return i
			}
		}
		return len(s)
	case ']':
		for i := 2; i < len(s); i++ {
			if s[i] == 7 || s[i] == '\\' && s[i-1] == 0x1b {
				return i + 1
			}
		}
		return len(s)
	}
	return 2
}
