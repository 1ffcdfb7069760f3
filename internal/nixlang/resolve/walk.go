package resolve

import (
	"isomorph/internal/nixlang/syntax"
)

// expr walks e in the current scope. The order decides which of several
// undefined variables is reported.
func (r *resolver) expr(e syntax.Expr) {
	if p := e.Pos(); p != 0 {
		r.near = p
	}
	if r.walk++; r.walk > maxWalk {
		r.refuse(r.near, "expression is nested too deeply: split it up with let")
	}
	switch e := e.(type) {
	case *syntax.Var:
		r.variable(e)
	case *syntax.Select:
		r.expr(e.Subject)
		if e.Default != nil {
			r.expr(e.Default)
		}
		r.path(e.Path)
	case *syntax.HasAttr:
		r.expr(e.Subject)
		r.path(e.Path)
	case *syntax.Attrs:
		if e.Rec {
			r.recursive(e, nil)
		} else {
			r.plainSet(e)
		}
	case *syntax.List:
		for _, x := range e.Elems {
			r.expr(x)
		}
	case *syntax.Lambda:
		r.lambda(e)
	case *syntax.Call:
		r.expr(e.Fun)
		for _, x := range e.Args {
			r.expr(x)
		}
	case *syntax.Let:
		r.recursive(e.Bindings, e.Body)
	case *syntax.With:
		r.withScope(e)
	case *syntax.If:
		r.expr(e.Cond)
		r.expr(e.Then)
		r.expr(e.Else)
	case *syntax.Assert:
		r.expr(e.Cond)
		r.expr(e.Body)
	case *syntax.Not:
		r.expr(e.X)
	case *syntax.Binary:
		r.expr(e.Left)
		r.expr(e.Right)
	case *syntax.Concat:
		for i := range e.Parts {
			r.expr(e.Parts[i].Expr)
		}
	case *syntax.Int, *syntax.Float, *syntax.Str, *syntax.Path, *syntax.CurPos, *syntax.InheritFrom:
	}
	r.walk--
}

func (r *resolver) path(path []syntax.AttrName) {
	for i := range path {
		if path[i].Expr != nil {
			r.expr(path[i].Expr)
		}
	}
}

func (r *resolver) withScope(w *syntax.With) {
	r.expr(w.Scope)
	outer, outerDepth := r.with, r.withDepth
	mark := r.enter()
	if w.Outer = outer; outer != nil {
		w.OuterLevel = r.depth - outerDepth
	}
	r.with, r.withDepth = w, r.depth
	r.expr(w.Body)
	r.with, r.withDepth = outer, outerDepth
	r.leave(mark)
}

func (r *resolver) lambda(l *syntax.Lambda) {
	mark := r.enter()
	if l.HasFormals {
		r.formals(l)
	} else {
		r.fuse(l)
	}
	r.expr(l.Innermost())
	r.leave(mark)
}

func (r *resolver) formals(l *syntax.Lambda) {
	l.Fused = 1
	for i := range l.Formals {
		r.bind(l.Formals[i].Name, uint32(i))
	}
	if l.Arg != 0 {
		r.bind(l.Arg, uint32(len(l.Formals)))
	}
	for i := range l.Formals {
		if d := l.Formals[i].Default; d != nil {
			r.expr(d)
		}
	}
}

// fuse gathers the group that l heads. A name that occurs twice is no
// obstacle: the later parameter hides the earlier one, as with real nesting.
func (r *resolver) fuse(l *syntax.Lambda) {
	r.bind(l.Arg, 0)
	l.Fused = 1
	next := l.Body
	for l.Fused < syntax.MaxFused {
		inner, ok := next.(*syntax.Lambda)
		if !ok || inner.HasFormals {
			return
		}
		r.bind(inner.Arg, uint32(l.Fused))
		l.Fused++
		next = inner.Body
	}
}

// plainSet walks a set that is not recursive: everything in it is evaluated
// outside, but for what it inherits through slots of its own.
func (r *resolver) plainSet(s *syntax.Attrs) {
	s.FromSlots = r.sources(s, 0)
	for i := range s.Attrs {
		a := &s.Attrs[i]
		if a.Kind != syntax.AttrInheritFrom {
			r.expr(a.Value)
			continue
		}
		if a.Env = syntax.EnvFrom; inherit(s, a) {
			a.Env = syntax.EnvOuter
		}
	}
	r.dynamic(s)
}

// recursive walks a recursive set, or the bindings of a let (then body is not
// nil). What is inherited without a source comes from outside, so it is looked
// up before the frame is entered; but an undefined name is only reported in its
// turn.
func (r *resolver) recursive(s *syntax.Attrs, body syntax.Expr) {
	firstBad := r.inherited(s)
	framed := len(s.Attrs) > 0 || slotsNeeded(s) > 0
	var mark int
	if framed {
		mark = r.enter()
		for i := range s.Attrs {
			r.bind(s.Attrs[i].Name, uint32(i))
		}
	}
	s.FrameSize = uint32(len(s.Attrs)) + r.sources(s, len(s.Attrs))
	for i := range s.Attrs {
		if i == firstBad {
			r.undefined(s.Attrs[i].Value.(*syntax.Var), mark)
		}
		r.recursiveAttr(s, i)
	}
	r.dynamic(s)
	if body != nil {
		r.expr(body)
	}
	if framed {
		r.leave(mark)
	}
}

func (r *resolver) recursiveAttr(s *syntax.Attrs, i int) {
	a := &s.Attrs[i]
	switch a.Kind {
	case syntax.AttrInherited: // done before the frame was entered
	case syntax.AttrInheritFrom:
		a.Env = syntax.EnvRec
		inherit(s, a)
	default:
		a.Env = syntax.EnvRec
		r.expr(a.Value)
	}
}

// inherited resolves the attributes of "inherit a b" and returns the index of
// the first that is undefined, or -1.
func (r *resolver) inherited(s *syntax.Attrs) (firstBad int) {
	firstBad = -1
	for i := range s.Attrs {
		a := &s.Attrs[i]
		if a.Kind != syntax.AttrInherited {
			continue
		}
		a.Env = syntax.EnvOuter
		if !r.lookup(a.Value.(*syntax.Var)) && firstBad < 0 {
			firstBad = i
		}
	}
	return firstBad
}

// sources walks the sources of inherit (e), gives a slot, from first on, to
// those that need one, and returns how many slots there are.
func (r *resolver) sources(s *syntax.Attrs, first int) (slots uint32) {
	for i := range s.From {
		f := &s.From[i]
		r.expr(f.Expr)
		if _, ok := f.Expr.(*syntax.Var); ok {
			f.Slot = -1
			continue
		}
		f.Slot = int32(first) + int32(slots)
		slots++
	}
	return slots
}

func slotsNeeded(s *syntax.Attrs) (n int) {
	for i := range s.From {
		if _, ok := s.From[i].Expr.(*syntax.Var); !ok {
			n++
		}
	}
	return n
}

// inherit connects an attribute of inherit (e) with its source and reports
// whether that is a variable used directly.
func inherit(s *syntax.Attrs, a *syntax.Attr) (direct bool) {
	from := a.Value.(*syntax.Select).Subject.(*syntax.InheritFrom)
	source := &s.From[from.Index]
	if source.Slot < 0 {
		from.Direct = source.Expr.(*syntax.Var)
		return true
	}
	from.Slot = uint32(source.Slot)
	return false
}

func (r *resolver) dynamic(s *syntax.Attrs) {
	for i := range s.Dynamic {
		r.expr(s.Dynamic[i].Name)
		r.expr(s.Dynamic[i].Value)
	}
}
