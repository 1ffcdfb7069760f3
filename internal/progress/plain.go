package progress

import (
	"fmt"
	"io"
	"sync"
)

// plain prints a line for each thing that begins or ends.
type plain struct {
	mu   sync.Mutex
	out  io.Writer
	opts Options
	s    State
}

var _ Display = (*plain)(nil)

// NewPlain returns a display for output that is not a terminal.
func NewPlain(out io.Writer, opts Options) Display {
	return &plain{out: out, opts: opts}
}

// Emit adds an event and prints the line that it is worth, if any.
func (p *plain) Emit(e Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.opts.Now()
	a := p.s.Apply(e, now)
	if e.Note != "" {
		fmt.Fprintln(p.out, e.Note)
	}
	if p.opts.Quiet {
		return
	}
	switch {
	case e.Plan != nil && (e.Plan.Builds > 0 || e.Plan.Downloads > 0):
		fmt.Fprintln(p.out, planLine(e.Plan))
	case e.Start != nil && e.Start.Kind == Build:
		fmt.Fprintf(p.out, "building %s\n", e.Start.Name)
	case e.Log != nil && p.opts.Logs:
		if b := p.s.find(e.Log.ID); b != nil {
			fmt.Fprintf(p.out, "%s> %s\n", b.Name, e.Log.Line)
		}
	case e.Finish != nil && a != nil:
		p.finished(a, e.Finish, formatDuration(now.Sub(a.since)))
	}
}

func (p *plain) finished(a *activity, f *Finish, took string) {
	switch {
	case f.stopped():
		fmt.Fprintf(p.out, "stopped  %s (%s)\n", a.Name, took)
		return
	case f.Err != nil:
		fmt.Fprintf(p.out, "failed   %s (%s)\n", a.Name, took)
		return
	}
	switch a.Kind {
	case Download:
		fmt.Fprintf(p.out, "fetched  %s (%s, %d/%d)\n", a.Name, formatBytes(max(a.done, a.Total)), p.s.finished[Download], p.s.plan.Downloads)
	case Build:
		fmt.Fprintf(p.out, "built    %s (%s, %d/%d)\n", a.Name, took, p.s.finished[Build], p.s.plan.Builds)
	case Evaluate:
		text := a.detail()
		if text != "" {
			text += ", "
		}
		fmt.Fprintf(p.out, "%-8s %s (%s%s)\n", pastVerbs[a.Kind], a.Name, text, took)
	}
}

func planLine(p *Plan) string {
	return fmt.Sprintf("to do: %d downloads, %d builds", p.Downloads, p.Builds)
}

// Close does nothing: every line is out already.
func (p *plain) Close() {}
