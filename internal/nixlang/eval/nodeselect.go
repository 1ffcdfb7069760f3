package eval

import (
	"strings"
	"sync/atomic"
)

// attrName is a step of an attribute path.
type attrName struct {
	sym  Sym
	expr node // if not nil it gives the name
	pos  Pos
	text string // of expr, for messages
}

func (a *attrName) get(c *Ctx, e *env) Sym {
	if a.expr == nil {
		return a.sym
	}
	v := a.expr.eval(c, e)
	return c.Intern(c.ForceStringNoCtx(a.pos, v, "while evaluating an attribute name"))
}

// selectNode is subject.path or default.
type selectNode struct {
	suspension
	subject operand
	path    []attrName
	def     node
	pos     Pos
}

const selectingText = "while selecting an attribute"

func (n *selectNode) eval(c *Ctx, e *env) Value {
	v := n.subject.eval(c, e)
	c.push(frame{kn: uint32(frSelect), p: ptr(n), q: ptr(e)})
	at := c.sp - 1
	attrPos := n.pos
	for i := range n.path {
		c.Stats.Lookups++
		name := n.path[i].get(c, e)
		if i > 0 {
			v = c.ForceAt(v, n.pos)
		}
		if v.kind() != kAttrs {
			if n.def != nil {
				return n.fallback(c, e)
			}
			c.ForceAttrs(n.pos, v, selectingText)
		}
		a := v.AsAttrs().at(name)
		j := a.sh.find(name)
		if j < 0 {
			if n.def != nil {
				return n.fallback(c, e)
			}
			c.throwMissing(v.AsAttrs(), name)
		}
		v = *a.slot(j)
		attrPos = a.sh.posAt(j)
		c.frames[at].kn = uint32(frSelect) | uint32(i+1)<<4
		c.frames[at].pos = attrPos
	}
	if attrPos == 0 {
		attrPos = n.pos
	}
	v = c.ForceAt(v, attrPos)
	c.sp--
	return v
}

// fallback evaluates the default, which is still part of the selection for
// traces.
func (n *selectNode) fallback(c *Ctx, e *env) Value {
	v := n.def.eval(c, e)
	c.sp--
	return v
}

func (c *Ctx) throwMissing(a *Attrs, name Sym) {
	names := a.nameList(c)
	e := Errorf(KindEval, 0, "attribute '%s' missing", c.ShowName(name)).Suggest(c.Name(name), names)
	if len(e.Suggestions) == 0 {
		e.Advise("the set has these attributes: %s", listNames(names))
	}
	panic(e)
}

// nameList returns the names of all attributes.
func (a *Attrs) nameList(c *Ctx) []string {
	names := make([]string, a.Len())
	for i, k := range a.flat().sh.keys() {
		names[i] = c.Name(k)
	}
	return names
}

// trace adds the frames of an error that passed the selection: where the last
// attribute found was defined, and what was being selected.
func (n *selectNode) trace(c *Ctx, err *Error, f frame) {
	e := (*env)(f.q)
	if f.pos != 0 && !c.st.isInternal(f.pos) {
		err.addTrace(f.pos, "from the definition of '"+n.showPath(c, e, n.path[:f.n()])+"'", false)
	}
	err.addTrace(n.pos, "while evaluating the attribute '"+n.showPath(c, e, n.path)+"'", false)
}

func (n *selectNode) showPath(c *Ctx, e *env, path []attrName) string {
	var b strings.Builder
	for i := range path {
		if i > 0 {
			b.WriteByte('.')
		}
		name := path[i].sym
		if path[i].expr != nil {
			if c.Try(func() { name = path[i].get(c, e) }) != nil {
				b.WriteString(`"${` + path[i].text + `}"`)
				continue
			}
		}
		b.WriteString(c.ShowName(name))
	}
	return b.String()
}

// select1Node is subject.name: by far the most frequent selection. It
// remembers where the name was in the last set that it saw.
type select1Node struct {
	*selectNode
	name Sym
	hint hint
}

func (n *select1Node) eval(c *Ctx, e *env) Value {
	v := n.subject.eval(c, e)
	c.Stats.Lookups++
	if v.kind() == kAttrs {
		a := v.AsAttrs().at(n.name)
		if i := n.hint.find(c, a.sh, n.name); i >= 0 {
			v = *a.slot(i)
			if w, ok := Peek(v); ok {
				return w
			}
			pos := a.sh.posAt(i)
			c.push(frame{kn: uint32(frSelect) | 1<<4, p: ptr(n.selectNode), q: ptr(e), pos: pos})
			if pos == 0 {
				pos = n.pos
			}
			v = c.forceThunk((*Thunk)(v.p), pos)
			c.sp--
			return v
		}
	}
	return n.fail(c, e, v)
}

func (n *select1Node) fail(c *Ctx, e *env, v Value) Value {
	c.push(frame{kn: uint32(frSelect), p: ptr(n.selectNode), q: ptr(e)})
	c.throwMissing(c.ForceAttrs(n.pos, v, selectingText), n.name)
	return v
}

// hint is where in a set a name was found last. It is checked before use, so
// that a stale one costs a search and nothing else.
type hint struct{ at atomic.Uint32 }

func (h *hint) find(c *Ctx, sh *shape, name Sym) int {
	if i := int(h.at.Load()); i < len(sh.keys()) && sh.keys()[i] == name {
		return i
	}
	c.Stats.LookupMisses++
	i := sh.find(name)
	if i >= 0 {
		h.at.Store(uint32(i))
	}
	return i
}

// hasAttrNode is subject ? path.
type hasAttrNode struct {
	suspension
	subject operand
	path    []attrName
	hint    hint // of the first name
}

func (n *hasAttrNode) eval(c *Ctx, e *env) Value {
	v := n.subject.eval(c, e)
	if len(n.path) == 1 && n.path[0].expr == nil {
		return Bool(v.kind() == kAttrs && n.hint.find(c, v.AsAttrs().at(n.path[0].sym).sh, n.path[0].sym) >= 0)
	}
	for i := range n.path {
		if i > 0 {
			v = c.ForceAt(v, n.subject.pos)
		}
		name := n.path[i].get(c, e)
		if v.kind() != kAttrs {
			return False
		}
		w, ok := v.AsAttrs().Get(name)
		if !ok {
			return False
		}
		v = w
	}
	return True
}
