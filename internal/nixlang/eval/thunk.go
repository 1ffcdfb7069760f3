package eval

import "unsafe"

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

// env is a frame of variables: this header and, behind it in the same
// allocation, the slots. The header is as large as a Value, so that a frame of
// n slots is the memory of a []Value of n+1.
type env struct {
	up    *env // the enclosing frame
	flags uint64
}

// What has become of a frame beyond the running of its body; see recycle.go.
const (
	envKept   = 1 << iota // something that may outlive the body refers to the frame
	envCopied             // a thunk in one of its slots has been put elsewhere, too
)

type (
	env1 struct {
		env
		v [1]Value
	}
	env2 struct {
		env
		v [2]Value
	}
	env3 struct {
		env
		v [3]Value
	}
	env4 struct {
		env
		v [4]Value
	}
)

// rootEnv is the frame around a program that has none.
var rootEnv = &env{flags: envKept}

// newEnv makes a frame of n empty slots.
func (c *Ctx) newEnv(up *env, n int) *env {
	c.Stats.Envs++
	c.Stats.EnvSlots += uint64(n)
	switch n {
	case 0, 1:
		return &(&env1{env: env{up: up}}).env
	case 2:
		return &(&env2{env: env{up: up}}).env
	case 3:
		return &(&env3{env: env{up: up}}).env
	case 4:
		return &(&env4{env: env{up: up}}).env
	}
	e := (*env)(unsafe.Pointer(unsafe.SliceData(make([]Value, n+1))))
	e.up = up
	return e
}

// newInnerEnv makes a frame of n empty slots for an expression in the frame up.
func (c *Ctx) newInnerEnv(up *env, n int) *env {
	up.keep()
	return c.newEnv(up, n)
}

const envHeader = unsafe.Sizeof(env{})

func (e *env) slot(i int) *Value {
	return (*Value)(unsafe.Add(unsafe.Pointer(e), envHeader+uintptr(i)*unsafe.Sizeof(Value{})))
}

// keep notes that something that may outlive the running of e's body refers to
// the frame.
func (e *env) keep() {
	if e.flags&envKept == 0 {
		e.flags |= envKept
	}
}

// newThunk suspends an expression in a frame.
func (c *Ctx) newThunk(k *code, e *env) Value {
	e.keep()
	return c.newCodeThunk(k, unsafe.Pointer(e))
}

// newCodeThunk suspends code that is no expression; p is whatever it asks for.
func (c *Ctx) newCodeThunk(k *code, p unsafe.Pointer) Value {
	c.Stats.Thunks++
	return Value{unsafe.Pointer(&Thunk{p: p, code: k}), uint64(kThunk)}
}

// lazyNode runs a Go function as the code of a thunk; its p is *lazyFunc.
type lazyNode struct{}

type lazyFunc struct {
	f func(*Ctx) Value
	_ uintptr // so that it is no smaller than the env that it stands in for
}

func (lazyNode) eval(c *Ctx, e *env) Value {
	return c.Force((*lazyFunc)(unsafe.Pointer(e)).f(c))
}
func (lazyNode) delay(*Ctx, *env) Value { panic("eval: a lazy function is no expression") }

var (
	lazyCode   = &code{node: lazyNode{}}
	blackholed = &code{}
	failedCode = &code{}
)

// Lazy makes a thunk that runs f when it is forced. f may return a thunk.
func (c *Ctx) Lazy(f func(c *Ctx) Value) Value {
	return c.newCodeThunk(lazyCode, unsafe.Pointer(&lazyFunc{f: f}))
}
