package flake

import (
	"fmt"
	"maps"
	"path"
	"time"

	"isomorph/internal/flakeref"
	"isomorph/internal/nixlang/eval"
)

// Call makes the value of a locked flake: its outputs, with the attributes of
// its source and "inputs", "outputs", "sourceInfo" and _type = "flake".
func (e *Engine) Call(c *eval.Ctx, l *Locked) eval.Value {
	g := &caller{e: e, l: l}
	_, g.keys = l.Lock.JSON()
	nodes := c.NewAttrs(len(g.keys))
	for n, key := range g.keys {
		nodes.SetName(key, g.node(c, n))
	}
	return c.Call2(0, e.opts.Library.CallFlake(c), nodes.Build(), eval.String(g.keys[l.Lock.Root]))
}

// caller hands the nodes of a lock file to the language.
type caller struct {
	e    *Engine
	l    *Locked
	keys Keys
}

func (g *caller) node(c *eval.Ctx, n *Node) eval.Value {
	inputs := c.NewAttrs(len(n.Inputs))
	for _, name := range n.Names() {
		to := n.Inputs[name].Node
		if to == nil {
			found, err := g.l.Lock.Find(n.Inputs[name].Follows)
			if err != nil {
				throwErr(err)
			}
			to = found // Check has seen that it is there
		}
		inputs.SetName(name, eval.String(g.keys[to]))
	}
	b := c.NewAttrs(4)
	b.SetName("inputs", inputs.Build())
	b.SetName("flake", eval.Bool(!n.NotFlake))
	b.SetName("sourceInfo", c.Lazy(func(c *eval.Ctx) eval.Value { return g.sourceInfo(c, n, 0) }))
	b.SetName("outPath", c.Lazy(func(c *eval.Ctx) eval.Value { return g.outPath(c, n, 0) }))
	return b.Build()
}

// relativeTo returns the node that a relative path starts from, unless the
// node has been looked at already; nil for all others.
func (g *caller) relativeTo(n *Node) *Node {
	if _, ok := g.l.places[n]; ok || n.Parent == nil {
		return nil
	}
	parent, err := g.l.Lock.Find(*n.Parent)
	if err != nil {
		throwErr(err)
	}
	if parent == nil {
		throw("the lock file has no input '%s', in which a relative path lies", *n.Parent)
	}
	return parent
}

func (g *caller) sourceInfo(c *eval.Ctx, n *Node, depth int) eval.Value {
	if depth > maxDepth {
		throwErr(errDepth)
	}
	if p, ok := g.l.places[n]; ok {
		locked, dirty := n.Locked.Attrs, false
		if n == g.l.Lock.Root {
			locked, dirty = g.l.Locked.Attrs, g.l.Dirty
		}
		return treeValue(c, p.root, locked, dirty)
	}
	if parent := g.relativeTo(n); parent != nil {
		return g.sourceInfo(c, parent, depth+1)
	}
	c.Alone()
	t := g.e.fetchLocked(n.Locked)
	return treeValue(c, g.e.opts.World.Store(t.Path), t.Locked, false)
}

func (g *caller) outPath(c *eval.Ctx, n *Node, depth int) eval.Value {
	if depth > maxDepth {
		throwErr(errDepth)
	}
	if p, ok := g.l.places[n]; ok {
		return below(storeText(p.root), p.dir)
	}
	if parent := g.relativeTo(n); parent != nil {
		// Nix does not take "./" out of the path of a locked input.
		return below(below(g.outPath(c, parent, depth+1), n.Locked.Str("path")), n.Locked.Dir)
	}
	c.Alone()
	return below(storeText(g.e.opts.World.Store(g.e.fetchLocked(n.Locked).Path)), n.Locked.Dir)
}

// below returns the text of a directory below another.
func below(root eval.Value, dir string) eval.Value {
	if dir == "" {
		return root
	}
	return eval.StringWith(root.AsString()+"/"+dir, root.Context())
}

// storeText is the name of a store object as a value that depends on it.
func storeText(name string) eval.Value {
	return eval.StringWith(name, eval.NewContext(eval.ContextElem{Path: path.Base(name)}))
}

// treeValue is the set that describes a source: outPath, and what is known of
// it (emitTreeAttrs in fetchTree.cc). dirty leaves out the revision.
func treeValue(c *eval.Ctx, root string, a flakeref.Attrs, dirty bool) eval.Value {
	b := c.NewAttrs(10)
	str := func(name string, v any) {
		if s, ok := v.(string); ok {
			b.SetName(name, eval.String(s))
		}
	}
	b.SetName("outPath", storeText(root))
	str("narHash", a["narHash"])
	if a["type"] == "git" {
		submodules, _ := a["submodules"].(bool)
		b.SetName("submodules", eval.Bool(submodules))
	}
	if rev, ok := a["rev"].(string); ok && !dirty {
		str("rev", rev)
		str("shortRev", rev[:min(7, len(rev))])
	}
	if n, ok := a["revCount"].(uint64); ok && !dirty {
		b.SetName("revCount", eval.Int(int64(n)))
	}
	str("dirtyRev", a["dirtyRev"])
	str("dirtyShortRev", a["dirtyShortRev"])
	if t, ok := a["lastModified"].(uint64); ok {
		b.SetName("lastModified", eval.Int(int64(t)))
		str("lastModifiedDate", time.Unix(int64(t), 0).UTC().Format("20060102150405"))
	}
	return b.Build()
}

// fetchLocked gets the source of a node of the lock file. What is not sure to
// stay the same may be used purely, as its hash is known, but not without a
// warning.
func (e *Engine) fetchLocked(ref flakeref.Ref) Tree {
	if _, ok := e.fetched[fetchKey(ref, true)]; !ok && e.opts.Pure && !e.opts.World.IsLocked(ref.Attrs) {
		shown := flakeref.Ref{Attrs: maps.Clone(ref.Attrs)}
		if _, ok := shown.Attrs["shallow"]; shown.Type() == "git" && !ok {
			shown.Attrs["shallow"] = true // as fetchTree would
		}
		e.opts.Warn(fmt.Sprintf("Input '%s' is unlocked (e.g. lacks a Git revision) but is checked by NAR hash. "+
			"This is not reproducible and will break after garbage collection or when shared.", shown))
	}
	return e.fetch(ref, true)
}
