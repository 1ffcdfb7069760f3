package flakecmd

import (
	"fmt"
	"strings"
	"time"

	"isomorph/internal/flake"
	"isomorph/internal/flakeref"
)

// metadata prints what is known of a locked flake.
type metadata struct {
	l      *flake.Locked
	path   string // of its tree in the store
	locked func(flakeref.Attrs) bool
	zone   *time.Location
}

func (m metadata) json() map[string]any {
	f := m.l.Flake
	j := map[string]any{
		"originalUrl": f.Original.String(), "original": f.Original.ToAttrs(),
		"resolvedUrl": f.Resolved.String(), "resolved": f.Resolved.ToAttrs(),
		"url": f.Locked.String(), "path": m.path,
	}
	locked := f.Locked.ToAttrs()
	locked["__final"] = true
	j["locked"] = locked
	if f.Description != nil {
		j["description"] = *f.Description
	}
	for name, attr := range map[string]string{"revision": "rev", "dirtyRevision": "dirtyRev", "revCount": "revCount", "lastModified": "lastModified"} {
		if v, ok := f.Locked.Attrs[attr]; ok {
			j[name] = v
		}
	}
	j["locks"], _ = m.l.Lock.JSON()
	if p := m.l.Fingerprint(m.locked); p != "" {
		j["fingerprint"] = p
	}
	return j
}

func (m metadata) text() string {
	var b strings.Builder
	f := m.l.Flake
	line := func(name string, value any) { fmt.Fprintf(&b, "%-14s %v\n", name+":", value) }
	line("Resolved URL", f.Resolved)
	if m.locked(f.Locked.Attrs) {
		line("Locked URL", f.Locked)
	}
	if f.Description != nil {
		line("Description", *f.Description)
	}
	line("Path", m.path)
	for _, rev := range []string{f.Locked.Str("rev"), f.Locked.Str("dirtyRev")} {
		if rev != "" {
			line("Revision", rev)
		}
	}
	if n, ok := f.Locked.Attrs["revCount"]; ok {
		line("Revisions", n)
	}
	if t, ok := f.Locked.Attrs["lastModified"].(uint64); ok {
		line("Last modified", time.Unix(int64(t), 0).In(m.zone).Format("2006-01-02 15:04:05"))
	}
	if p := m.l.Fingerprint(m.locked); p != "" {
		line("Fingerprint", p)
	}
	if len(m.l.Lock.Root.Inputs) > 0 {
		b.WriteString("Inputs:\n")
	}
	m.inputs(&b, m.l.Lock.Root, "", map[*flake.Node]bool{m.l.Lock.Root: true})
	return b.String()
}

// inputs draws the tree of inputs; a node that is met again is not gone into.
func (m metadata) inputs(b *strings.Builder, n *flake.Node, prefix string, visited map[*flake.Node]bool) {
	names := n.Names()
	for i, name := range names {
		branch, stem := "├───", "│   "
		if i == len(names)-1 {
			branch, stem = "└───", "    "
		}
		e := n.Inputs[name]
		if e.Node == nil {
			fmt.Fprintf(b, "%s%s%s follows input '%s'\n", prefix, branch, name, e.Follows)
			continue
		}
		when := ""
		if t, ok := e.Node.Locked.Attrs["lastModified"].(uint64); ok {
			when = time.Unix(int64(t), 0).UTC().Format(" (2006-01-02 15:04:05)")
		}
		fmt.Fprintf(b, "%s%s%s: %s%s\n", prefix, branch, name, e.Node.Locked, when)
		if !visited[e.Node] {
			visited[e.Node] = true
			m.inputs(b, e.Node, prefix+stem, visited)
		}
	}
}
