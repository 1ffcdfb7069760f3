package eval

import "unsafe"

// suspendedCall is the node of a thunk that builtins make to call a function
// later.
type suspendedCall interface {
	node
	// function returns the function that a thunk of the node would call; p is
	// the thunk's.
	function(p unsafe.Pointer) Value
}

// applyNode calls the function in slot 0 with the arguments in the slots
// behind it.
type applyNode struct{ args int }

func (n applyNode) eval(c *Ctx, e *env) Value {
	pos := c.frames[c.sp-1].pos // where the thunk is forced
	if n.args == 1 {
		return c.call1(*e.slot(0), *e.slot(1), pos)
	}
	return c.callN(*e.slot(0), unsafe.Slice(e.slot(1), n.args), pos)
}
func (applyNode) delay(*Ctx, *env) Value          { panic("eval: an application is no expression") }
func (applyNode) function(p unsafe.Pointer) Value { return *(*env)(p).slot(0) }

var applyCode = [...]*code{nil, {node: applyNode{1}}, {node: applyNode{2}}, {node: applyNode{3}}}

// LazyCall makes a thunk that calls f with one to three arguments.
func (c *Ctx) LazyCall(f Value, args ...Value) Value {
	e := c.newEnv(nil, len(args)+1)
	*e.slot(0) = f
	for i, a := range args {
		*e.slot(i + 1) = a
	}
	return c.newCodeThunk(applyCode[len(args)], unsafe.Pointer(e))
}

// spread is what the thunks that call one function for each of many arguments
// share. A suspended thunk has no use for its word n: it says which of them it
// is.
type spread struct {
	f    Value
	list []Value // of map
	set  *Attrs  // of mapAttrs
}

// self returns the spread, the number and the place of forcing of the thunk
// that is being evaluated.
func (c *Ctx) self(e *env) (s *spread, i int, pos Pos) {
	f := &c.frames[c.sp-1]
	return (*spread)(unsafe.Pointer(e)), int((*Thunk)(f.p).n), f.pos
}

// spreadNode is embedded in the nodes of such thunks.
type spreadNode struct{}

func (spreadNode) delay(*Ctx, *env) Value          { panic("eval: an application is no expression") }
func (spreadNode) function(p unsafe.Pointer) Value { return (*spread)(p).f }

type (
	mapNode      struct{ spreadNode }
	genNode      struct{ spreadNode }
	mapAttrsNode struct{ spreadNode }
)

func (mapNode) eval(c *Ctx, e *env) Value {
	s, i, pos := c.self(e)
	return c.call1(s.f, s.list[i], pos)
}

func (genNode) eval(c *Ctx, e *env) Value {
	s, i, pos := c.self(e)
	return c.call1(s.f, Int(int64(i)), pos)
}

func (mapAttrsNode) eval(c *Ctx, e *env) Value {
	s, i, pos := c.self(e)
	return c.call2(s.f, String(c.Name(s.set.sh.keys()[i])), *s.set.slot(i), pos)
}

var (
	mapCode      = &code{node: mapNode{}}
	genCode      = &code{node: genNode{}}
	mapAttrsCode = &code{node: mapAttrsNode{}}
)

// chunk is how many thunks of a spread are allocated together. What is in one
// of them stays in memory as long as any of them is referred to.
const chunk = 16

// fill puts a thunk into each slot.
func (s *spread) fill(c *Ctx, slots []Value, k *code) {
	c.Stats.Thunks += uint64(len(slots))
	var free []Thunk
	for i := range slots {
		if len(free) == 0 {
			c.reserve(0, chunk*int64(unsafe.Sizeof(Thunk{})))
			free = make([]Thunk, min(chunk, len(slots)-i))
		}
		t := &free[0]
		free = free[1:]
		t.p, t.n, t.code = unsafe.Pointer(s), uint64(i), k
		slots[i] = Value{unsafe.Pointer(t), uint64(kThunk)}
	}
}

// LazyMap makes the list of f applied to each element of l, each of them a
// thunk.
func (c *Ctx) LazyMap(f Value, l []Value) Value {
	r := make([]Value, len(l))
	(&spread{f: f, list: l}).fill(c, r, mapCode)
	return List(r)
}

// LazyGen makes the list of f applied to the numbers from 0 to n-1, each
// element a thunk.
func (c *Ctx) LazyGen(f Value, n int) Value {
	r := make([]Value, n)
	(&spread{f: f}).fill(c, r, genCode)
	return List(r)
}

// LazyMapAttrs makes the set of f applied to the name and value of each
// attribute of a, each of them a thunk.
func (c *Ctx) LazyMapAttrs(f Value, a *Attrs) Value {
	a = a.flat()
	r := newAttrs(a.sh.withoutPos(), 0)
	c.countSet(a.Len())
	(&spread{f: f, set: a}).fill(c, r.values(), mapAttrsCode)
	return AttrsValue(r)
}
