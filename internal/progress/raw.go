package progress

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

// raw prints what the classic commands of Nix print: what will be built, what
// is being built, and the builders' lines as they are.
type raw struct {
	mu   sync.Mutex
	out  io.Writer
	opts Options
}

var _ Display = (*raw)(nil)

// NewRaw returns a display for scripts that expect Nix.
func NewRaw(out io.Writer, opts Options) Display { return &raw{out: out, opts: opts} }

// Emit prints the line that an event is worth, if any.
func (r *raw) Emit(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case e.Note != "":
		fmt.Fprintln(r.out, e.Note)
	case r.opts.Quiet:
	case e.Plan != nil && len(e.Plan.Paths) > 0:
		fmt.Fprint(r.out, WillBeBuilt(e.Plan.Paths))
	case e.Start != nil && e.Start.Path != "":
		fmt.Fprintf(r.out, "building '%s'...\n", e.Start.Path)
	case e.Log != nil && r.opts.Logs:
		fmt.Fprintln(r.out, e.Log.Line)
	}
}

// Close does nothing: every line is out already.
func (r *raw) Close() {}

// WillBeBuilt is Nix's announcement of the derivations to be built; "" for
// none.
func WillBeBuilt(paths []string) string {
	var b strings.Builder
	switch len(paths) {
	case 0:
		return ""
	case 1:
		b.WriteString("this derivation will be built:\n")
	default:
		fmt.Fprintf(&b, "these %d derivations will be built:\n", len(paths))
	}
	for _, p := range paths {
		b.WriteString("  " + p + "\n")
	}
	return b.String()
}
