package eval

import (
	"reflect"
	"unsafe"
)

// Thunk is a suspended computation or its result: one allocation of 24 bytes
// whose code word is its state.
//
//	code nil          finished: {p, n} is the Value
//	code blackholed   being evaluated; p still is what code will need again
//	otherwise         suspended: code is to be evaluated with p, mostly an env
type Thunk struct {
	p    unsafe.Pointer
	n    uint64
	code *code
}

// code is what a thunk runs; a node that can be suspended contains its own.
type code struct {
	node   node
	height int // of a very high expression, else 0; see Ctx.heavy
}

// node is a compiled expression.
type node interface {
	// eval computes the value, finished.
	eval(c *Ctx, e *env) Value
	// delay returns the value, if it is to be had without computation, or
	// else a thunk that will compute it.
	delay(c *Ctx, e *env) Value
}

// env is a frame of variables: a link to the enclosing frame and, behind it,
// the slots. Frames come in a few exact sizes so that the garbage collector
// knows what they hold.
type env struct{ up *env }

type (
	env1 struct {
		up *env
		v  [1]Value
	}
	env2 struct {
		up *env
		v  [2]Value
	}
	env3 struct {
		up *env
		v  [3]Value
	}
	env4 struct {
		up *env
		v  [4]Value
	}
	env5 struct {
		up *env
		v  [5]Value
	}
	env6 struct {
		up *env
		v  [6]Value
	}
	env8 struct {
		up *env
		v  [8]Value
	}
	env11 struct {
		up *env
		v  [11]Value
	}
	env15 struct {
		up *env
		v  [15]Value
	}
	env23 struct {
		up *env
		v  [23]Value
	}
	env31 struct {
		up *env
		v  [31]Value
	}
	env47 struct {
		up *env
		v  [47]Value
	}
	env63 struct {
		up *env
		v  [63]Value
	}
	env127 struct {
		up *env
		v  [127]Value
	}
	env255 struct {
		up *env
		v  [255]Value
	}
)

// newEnv makes a frame of n empty slots.
func (c *Ctx) newEnv(up *env, n int) *env {
	c.Stats.Envs++
	c.Stats.EnvSlots += uint64(n)
	switch n {
	case 0, 1:
		return (*env)(unsafe.Pointer(&env1{up: up}))
	case 2:
		return (*env)(unsafe.Pointer(&env2{up: up}))
	case 3:
		return (*env)(unsafe.Pointer(&env3{up: up}))
	case 4:
		return (*env)(unsafe.Pointer(&env4{up: up}))
	case 5:
		return (*env)(unsafe.Pointer(&env5{up: up}))
	case 6:
		return (*env)(unsafe.Pointer(&env6{up: up}))
	}
	return newBigEnv(up, n)
}

func newBigEnv(up *env, n int) *env {
	switch {
	case n <= 8:
		return (*env)(unsafe.Pointer(&env8{up: up}))
	case n <= 11:
		return (*env)(unsafe.Pointer(&env11{up: up}))
	case n <= 15:
		return (*env)(unsafe.Pointer(&env15{up: up}))
	case n <= 23:
		return (*env)(unsafe.Pointer(&env23{up: up}))
	case n <= 31:
		return (*env)(unsafe.Pointer(&env31{up: up}))
	case n <= 47:
		return (*env)(unsafe.Pointer(&env47{up: up}))
	case n <= 63:
		return (*env)(unsafe.Pointer(&env63{up: up}))
	case n <= 127:
		return (*env)(unsafe.Pointer(&env127{up: up}))
	case n <= 255:
		return (*env)(unsafe.Pointer(&env255{up: up}))
	}
	return newHugeEnv(up, n)
}

// newHugeEnv makes a frame of any size. Sets of thousands of attributes are
// few, so that the cost of reflection does not matter.
func newHugeEnv(up *env, n int) *env {
	t := reflect.StructOf([]reflect.StructField{
		{Name: "Up", Type: reflect.TypeFor[*env]()},
		{Name: "V", Type: reflect.ArrayOf(n, reflect.TypeFor[Value]())},
	})
	e := (*env)(reflect.New(t).UnsafePointer())
	e.up = up
	return e
}

const envHeader = unsafe.Sizeof(env{})

func (e *env) slot(i int) *Value {
	return (*Value)(unsafe.Add(unsafe.Pointer(e), envHeader+uintptr(i)*unsafe.Sizeof(Value{})))
}

func (c *Ctx) newThunk(k *code, e *env) Value {
	c.Stats.Thunks++
	return Value{unsafe.Pointer(&Thunk{p: unsafe.Pointer(e), code: k}), uint64(kThunk)}
}

// lazyNode runs a Go function as the code of a thunk; its p is *lazyFunc.
type lazyNode struct{}

type lazyFunc struct{ f func(*Ctx) Value }

func (lazyNode) eval(c *Ctx, e *env) Value {
	return c.Force((*lazyFunc)(unsafe.Pointer(e)).f(c))
}
func (lazyNode) delay(*Ctx, *env) Value { panic("eval: a lazy function is no expression") }

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
func (applyNode) delay(*Ctx, *env) Value { panic("eval: an application is no expression") }

var (
	lazyCode   = &code{node: lazyNode{}}
	applyCode  = [...]*code{nil, {node: applyNode{1}}, {node: applyNode{2}}, {node: applyNode{3}}}
	blackholed = &code{}
	failedCode = &code{}
)

// Lazy makes a thunk that runs f when it is forced. f may return a thunk.
func (c *Ctx) Lazy(f func(c *Ctx) Value) Value {
	return c.newThunk(lazyCode, (*env)(unsafe.Pointer(&lazyFunc{f})))
}

// LazyCall makes a thunk that calls f with one to three arguments.
func (c *Ctx) LazyCall(f Value, args ...Value) Value {
	e := c.newEnv(nil, len(args)+1)
	*e.slot(0) = f
	for i, a := range args {
		*e.slot(i + 1) = a
	}
	return c.newThunk(applyCode[len(args)], e)
}
