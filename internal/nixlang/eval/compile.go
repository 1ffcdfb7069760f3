package eval

import (
	"fmt"
	"slices"

	"isomorph/internal/nixlang/syntax"
)

// compiler turns a resolved tree into nodes: it chooses, once for each place
// in the program, the most special node that does the job.
type compiler struct {
	st     *State
	height int // of the highest expression compiled since somebody set it to 0

	keepsTree bool // a node refers to a part of the tree
}

// heavyHeight is the height of an expression from which on its evaluation may
// take much more of the Go stack than a frame stands for.
const heavyHeight = 100

// expr compiles one expression.
func (k *compiler) expr(e syntax.Expr) node {
	before := k.height
	k.height = 0
	n := k.node(e)
	height := k.height + 1
	k.height = max(before, height)
	if s, ok := n.(suspendable); ok && height > heavyHeight {
		s.self().height = height
	}
	return n
}

func (k *compiler) node(e syntax.Expr) node {
	switch e := e.(type) {
	case *syntax.Int:
		return &constNode{Int(e.Value)}
	case *syntax.Float:
		return &constNode{Float(e.Value)}
	case *syntax.Str:
		return &constNode{String(e.Value)}
	case *syntax.Path:
		return &constNode{Path(e.Value)}
	case *syntax.Var:
		return k.variable(e)
	case *syntax.Select:
		return k.selection(e)
	case *syntax.HasAttr:
		return suspend(&hasAttrNode{subject: k.operand(e.Subject, "in the argument of '?'"), path: k.path(e.Path)})
	case *syntax.Attrs:
		return k.attrs(e)
	case *syntax.InheritFrom:
		if e.Direct != nil {
			return k.variable(e.Direct)
		}
		return local(0, e.Slot, e.At)
	case *syntax.List:
		return k.list(e)
	case *syntax.Lambda:
		return k.lambda(e)
	case *syntax.Call:
		return k.call(e)
	case *syntax.Let:
		return k.let(e)
	case *syntax.With:
		return suspend(&withNode{scope: k.expr(e.Scope), body: k.expr(e.Body)})
	case *syntax.If:
		return suspend(&ifNode{cond: k.operand(e.Cond, "while evaluating a branch condition"), then: k.expr(e.Then), els: k.expr(e.Else)})
	case *syntax.Assert:
		return k.assert(e)
	case *syntax.Not:
		return suspend(&notNode{x: k.operand(e.X, "in the argument of '!'")})
	case *syntax.Binary:
		return k.binary(e)
	case *syntax.Concat:
		return k.concat(e)
	case *syntax.CurPos:
		return suspend(&curPosNode{pos: e.At})
	}
	panic(fmt.Sprintf("eval: no such expression: %T", e))
}

// suspendable is a node that contains the code of its thunks.
type suspendable interface {
	node
	self() *code
}

// suspension is embedded in nodes that can be suspended.
type suspension struct{ code code }

func (s *suspension) self() *code                { return &s.code }
func (s *suspension) delay(c *Ctx, e *env) Value { return c.newThunk(&s.code, e) }

// suspend completes a node that embeds suspension.
func suspend(n suspendable) node {
	n.self().node = n
	return n
}

func (k *compiler) operand(e syntax.Expr, what string) operand {
	return newOperand(k.expr(e), e.Pos(), what)
}

func (k *compiler) exprs(l []syntax.Expr) []node {
	out := make([]node, len(l))
	for i, e := range l {
		out[i] = k.expr(e)
	}
	return out
}

func (k *compiler) variable(v *syntax.Var) node {
	switch v.Ref.Kind {
	case syntax.RefLocal:
		return local(v.Ref.Level, v.Ref.Index, v.At)
	case syntax.RefGlobal:
		return k.global(k.st.globals.values[v.Ref.Index], v.At)
	}
	n := &withVarNode{name: v.Name, pos: v.At}
	hops := int(v.Ref.Level)
	for w := v.Ref.With; w != nil; w = w.Outer {
		n.scopes = append(n.scopes, withScope{hops: hops, pos: w.At})
		hops = int(w.OuterLevel)
	}
	return suspend(n)
}

func (k *compiler) global(v Value, pos Pos) node {
	if v.IsThunk() {
		return &globalNode{v, pos}
	}
	return &constNode{v}
}

func local(level, index uint32, pos Pos) node {
	switch level {
	case 0:
		return suspend(&var0Node{index: uintptr(index), pos: pos})
	case 1:
		return suspend(&var1Node{index: uintptr(index), pos: pos})
	case 2:
		return suspend(&var2Node{index: uintptr(index), pos: pos})
	}
	return suspend(&varNode{index: uintptr(index), level: level, pos: pos})
}

func (k *compiler) path(p []syntax.AttrName) []attrName {
	out := make([]attrName, len(p))
	for i, a := range p {
		out[i] = k.attrName(a)
	}
	return out
}

func (k *compiler) attrName(a syntax.AttrName) attrName {
	if a.Expr == nil {
		return attrName{sym: a.Sym}
	}
	return attrName{expr: k.expr(a.Expr), pos: a.Expr.Pos(), text: k.st.printExpr(a.Expr)}
}

func (k *compiler) selection(e *syntax.Select) node {
	n := &selectNode{subject: k.operand(e.Subject, "while selecting an attribute"), path: k.path(e.Path), pos: e.At}
	if e.Default != nil {
		n.def = k.expr(e.Default)
		return suspend(n)
	}
	if len(n.path) == 1 && n.path[0].expr == nil {
		return suspend(&select1Node{selectNode: n, name: n.path[0].sym})
	}
	return suspend(n)
}

func (k *compiler) list(e *syntax.List) node {
	if len(e.Elems) == 0 {
		return &constNode{EmptyList}
	}
	return suspend(&listNode{elems: k.exprs(e.Elems)})
}

// attrs compiles a set literal. The slots of its frame, if it is recursive,
// are in source order; the attributes of the set are in the order of its
// shape, and are made in that order, as C++ Nix does: which variables are
// there already when another attribute refers to them is observable by
// comparing functions.
func (k *compiler) attrs(e *syntax.Attrs) node {
	if len(e.Attrs) == 0 && len(e.Dynamic) == 0 {
		return suspend(&constThunkNode{v: k.st.emptyAttrs})
	}
	n := &attrsNode{rec: e.Rec, frame: int(e.FrameSize), fromSlots: int(e.FromSlots), pos: e.At}
	n.fields = k.fields(e.Attrs)
	n.from = k.sources(e.From)
	keys, pos := make([]Sym, len(n.fields)), make([]Pos, len(n.fields))
	for i, f := range n.fields {
		keys[i], pos[i] = f.name, f.pos
		if f.name == SymOverrides && e.Rec {
			n.overrides = true
		}
	}
	n.sh = newShape(&names{keys: keys}, pos, true)
	if n.overrides {
		for i := range n.fields {
			if f := &n.fields[i]; !f.inherited {
				f.value = suspend(&lateNode{inner: f.value})
			}
		}
	}
	for _, d := range e.Dynamic {
		n.dynamic = append(n.dynamic, dynamicAttr{name: k.expr(d.Name), value: k.expr(d.Value), pos: d.At})
	}
	return suspend(n)
}

func (k *compiler) fields(attrs []syntax.Attr) []field {
	fields := make([]field, len(attrs))
	var deferred []node
	if len(attrs) >= manyFields {
		deferred = deferAll(attrs)
		k.keepsTree = true
	}
	for i, a := range attrs {
		f := field{name: a.Name, pos: a.At, slot: i, env: a.Env, inherited: a.Kind == syntax.AttrInherited}
		if deferred != nil && deferred[i] != nil {
			f.value = deferred[i]
		} else {
			f.value = k.expr(a.Value)
		}
		fields[i] = f
	}
	slices.SortFunc(fields, func(a, b field) int { return int(int64(a.name) - int64(b.name)) })
	return fields
}

func (k *compiler) sources(from []syntax.FromSource) []source {
	var out []source
	for _, f := range from {
		if f.Slot >= 0 {
			out = append(out, source{int(f.Slot), k.expr(f.Expr)})
		}
	}
	return out
}

func (k *compiler) let(e *syntax.Let) node {
	b := e.Bindings
	if b.FrameSize == 0 {
		return suspend(&lateNode{inner: k.expr(e.Body)})
	}
	return suspend(&letNode{frame: int(b.FrameSize), fields: k.fields(b.Attrs), from: k.sources(b.From), body: k.expr(e.Body)})
}

func (k *compiler) assert(e *syntax.Assert) node {
	n := &assertNode{cond: k.operand(e.Cond, "in the condition of the assert statement"), body: k.expr(e.Body), pos: e.At, text: k.st.printExpr(e.Cond)}
	if b, ok := e.Cond.(*syntax.Binary); ok && b.Op == syntax.OpEq {
		n.eq, _ = n.cond.value.(*equalNode)
	}
	return suspend(n)
}

func (k *compiler) binary(e *syntax.Binary) node {
	if e.Op == syntax.OpUpdate {
		n := &updateNode{}
		k.updateChain(e, n)
		return suspend(n)
	}
	sign := [...]string{
		syntax.OpEq: "==", syntax.OpNotEq: "!=", syntax.OpAnd: "&&", syntax.OpOr: "||", syntax.OpImpl: "->", syntax.OpConcat: "++",
	}[e.Op]
	op := operands{
		a: k.operand(e.Left, "in the left operand of '"+sign+"'"), b: k.operand(e.Right, "in the right operand of '"+sign+"'"), pos: e.At,
	}
	switch e.Op {
	case syntax.OpEq:
		return suspend(&equalNode{operands: op})
	case syntax.OpNotEq:
		return suspend(&equalNode{operands: op, negate: true})
	case syntax.OpAnd:
		return suspend(&andNode{operands: op})
	case syntax.OpOr:
		return suspend(&orNode{operands: op})
	case syntax.OpImpl:
		return suspend(&implNode{operands: op})
	case syntax.OpConcat:
		return suspend(&listConcatNode{operands: op})
	}
	panic(fmt.Sprintf("eval: no such operator: %d", e.Op))
}

// updateChain collects the operands of a // b // c from left to right.
func (k *compiler) updateChain(e *syntax.Binary, n *updateNode) {
	k.updateOperand(e.Left, n, "in the left operand of '//'")
	k.updateOperand(e.Right, n, "in the right operand of '//'")
}

func (k *compiler) updateOperand(e syntax.Expr, n *updateNode, what string) {
	if b, ok := e.(*syntax.Binary); ok && b.Op == syntax.OpUpdate {
		k.updateChain(b, n)
		return
	}
	n.parts = append(n.parts, updatePart{k.operand(e, what)})
}

func (k *compiler) concat(e *syntax.Concat) node {
	parts := make([]concatPart, len(e.Parts))
	for i, p := range e.Parts {
		parts[i] = concatPart{k.operand(p.Expr, "in an operand of '+'"), p.At}
	}
	if !e.ForceString && len(parts) == 2 {
		return suspend(&addNode{concatNode{parts: parts, pos: e.At}})
	}
	return suspend(&concatNode{parts: parts, forceString: e.ForceString, pos: e.At})
}
