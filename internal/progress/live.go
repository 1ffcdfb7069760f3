package progress

import (
	"io"
	"strings"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
)

// linger is how long a quick activity may run without being drawn: most
// unpackings and downloads are over before an eye could read them.
const linger = 150 * time.Millisecond

// frame is the time between two drawings.
const frame = 100 * time.Millisecond

// maxRows is how many running activities the tree shows at once.
const maxRows = 8

// live draws the tree at the foot of a terminal.
type live struct {
	program *tea.Program
	done    chan struct{}

	mu    sync.Mutex
	state State
	opts  Options
}

var _ Display = (*live)(nil)

// NewLive returns a display for a terminal. It reads nothing from it, and
// leaves signals to the caller.
func NewLive(out io.Writer, opts Options) Display {
	l := &live{done: make(chan struct{}), opts: opts}
	l.state.began = opts.Now()
	l.program = tea.NewProgram(&liveModel{live: l, width: 80},
		tea.WithInput(nil), tea.WithOutput(out), tea.WithEnvironment(opts.Environ),
		tea.WithoutSignalHandler(), tea.WithFPS(20))
	go func() {
		defer close(l.done)
		// The display is a convenience: when it cannot be drawn, the work
		// goes on without it, and results and errors are printed all the same.
		_, _ = l.program.Run()
	}()
	return l
}

// Emit adds an event; the screen follows at the next frame.
func (l *live) Emit(e Event) {
	l.mu.Lock()
	a := l.state.Apply(e, l.opts.Now())
	l.mu.Unlock()
	if e.Note != "" {
		l.program.Println(e.Note)
	}
	if e.Finish != nil && a != nil && e.Finish.Err != nil && !e.Finish.stopped() {
		l.program.Println("failed " + a.Name)
	}
}

// Close erases the tree and gives the terminal back.
func (l *live) Close() {
	l.program.Send(closing{}) // the last view stays on the screen: make it empty
	l.program.Quit()
	<-l.done
}

type (
	tick    struct{}
	closing struct{}
)

func nextTick() tea.Cmd {
	return tea.Tick(frame, func(time.Time) tea.Msg { return tick{} })
}

// liveModel is the display as bubbletea sees it.
type liveModel struct {
	live     *live
	width    int
	quitting bool
}

// Init starts the clock of frames.
func (m *liveModel) Init() tea.Cmd { return nextTick() }

// Update handles a frame, a resize or the end.
func (m *liveModel) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tick:
		return m, nextTick()
	case tea.WindowSizeMsg:
		m.width = msg.Width
	case closing:
		m.quitting = true
	}
	return m, nil
}

// View draws the tree.
func (m *liveModel) View() tea.View {
	if m.quitting {
		return tea.NewView("")
	}
	m.live.mu.Lock()
	defer m.live.mu.Unlock()
	return tea.NewView(m.live.state.render(m.live.opts.Now(), m.width, m.live.opts.Color))
}

// render draws the state as a tree of at most width columns: running
// activities, longest running first, with the last log line of the builds, and
// a line of counts.
func (s *State) render(now time.Time, width int, color bool) string {
	faint, strong := lipgloss.NewStyle(), lipgloss.NewStyle()
	if color {
		faint, strong = faint.Faint(true), strong.Bold(true)
	}
	var b strings.Builder
	rows, hidden := 0, 0
	for _, a := range s.running {
		if now.Sub(a.since) < linger {
			continue
		}
		if rows == maxRows {
			hidden++
			continue
		}
		rows++
		head := "┣━ " + verbs[a.Kind] + " "
		tail := "  " + formatDuration(now.Sub(a.since))
		if d := a.detail(); d != "" {
			tail += "  " + d
		}
		name := clip(a.Name, max(8, width-len([]rune(head))-len([]rune(tail))-1))
		b.WriteString(head + strong.Render(name) + faint.Render(tail) + "\n")
		if a.log != "" && a.Kind == Build {
			b.WriteString("┃  " + faint.Render(clip(a.log, width-5)) + "\n")
		}
	}
	if hidden > 0 {
		b.WriteString("┣━ " + faint.Render("and more") + "\n")
	}
	b.WriteString("┗━ " + clip(s.summary(now), width-4))
	return b.String()
}
