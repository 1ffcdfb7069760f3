package eval

import (
	"sync"
	"sync/atomic"

	"isomorph/internal/nixlang/syntax"
)

// manyFields is the number of attributes from which on those of a set, or of a
// let, are compiled one by one when they are first evaluated: of such a set,
// with a package in each attribute, most programs use little.
const manyFields = 100

// deferredNode is an expression that is not compiled before it is evaluated.
type deferredNode struct {
	suspension
	ready atomic.Pointer[code] // what it was compiled to, nil until then

	mu  sync.Mutex // held while it is compiled
	src syntax.Expr
}

func (n *deferredNode) eval(c *Ctx, e *env) Value {
	k := n.ready.Load()
	if k == nil {
		k = n.compile(c.st)
	}
	if k.height == 0 {
		return k.node.eval(c, e)
	}
	return c.heavy(k.node, e, k.height)
}

func (n *deferredNode) compile(st *State) *code {
	n.mu.Lock()
	defer n.mu.Unlock()
	if k := n.ready.Load(); k != nil {
		return k
	}
	k := compiler{st: st}
	compiled := k.expr(n.src).(suspendable).self()
	n.ready.Store(compiled)
	n.src = nil
	return compiled
}

// isLiteral tells whether the expression is a literal (see [Value.IsLiteral]).
func (n *deferredNode) isLiteral() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch e := n.src.(type) {
	case nil:
		return isLiteral(n.ready.Load().node)
	case *syntax.Attrs:
		return len(e.Dynamic) == 0
	case *syntax.List:
		return true
	}
	return false
}

// deferrable tells whether what an expression is compiled to becomes a thunk in
// every slot, so that nothing can tell when it is compiled.
func deferrable(e syntax.Expr) bool {
	switch e := e.(type) {
	case *syntax.Call, *syntax.Let, *syntax.With, *syntax.If, *syntax.Assert, *syntax.Binary:
		return true
	case *syntax.Attrs:
		return len(e.Attrs) > 0 || len(e.Dynamic) > 0
	case *syntax.List:
		return len(e.Elems) > 0
	}
	return false
}

// deferAll makes the nodes of those of many attributes that can wait; the
// others are nil.
func deferAll(attrs []syntax.Attr) []node {
	n := 0
	for _, a := range attrs {
		if deferrable(a.Value) {
			n++
		}
	}
	all, nodes := make([]deferredNode, n), make([]node, len(attrs))
	for i, a := range attrs {
		if deferrable(a.Value) {
			d := &all[0]
			all = all[1:]
			d.src = a.Value
			nodes[i] = suspend(d)
		}
	}
	return nodes
}
