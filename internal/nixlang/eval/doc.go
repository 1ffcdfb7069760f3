// Package eval evaluates Nix expressions: values, thunks, attribute sets,
// string contexts, functions, operators, errors and their traces, and the
// printing of values.
//
// # Values and thunks
//
// A [Value] is 16 bytes and either a finished value or a pointer to a [Thunk].
// [Ctx.Force] gives the finished value. A thunk runs its code at most once: it
// is black-holed while it runs, so that a value that needs itself is an
// "infinite recursion encountered", and afterwards it holds the result, or the
// error, for good. Slots of lists, sets and frames are written once, before
// anybody else sees them; nothing is ever written back.
//
// # Programs
//
// [State.Parse] turns text into a tree (package syntax), binds its variables
// (package resolve) and compiles it to nodes, each with two methods: eval
// computes the value, delay makes a thunk unless the value is there already.
// Variables live in linked frames; a variable is a number of hops and an index.
//
// # Sets
//
// An [Attrs] is a shape and an array of values. Sets that one literal makes
// share their shape, and so do the results of // on sets of equal shapes, and
// what has been found out about a shape (where a name is, the sorted order, how
// formals match it) is remembered. Order is by symbol inside and by name for
// all that can be observed ([Ctx.Sorted]).
//
// # Builtins
//
// A [PrimOp] gets slots and forces what it needs with [Ctx.ForceInt] and its
// kin, which give errors Nix's words and positions. It throws errors with
// panic([Errorf](...)). Use [Ctx.Lazy] and [Ctx.LazyCall] to put computations
// into the result, [Ctx.NewAttrs] and [Record] to make sets, [Ctx.Call] to call
// functions, [Ctx.Try] to catch. A builtin that walks values to any depth calls
// itself inside [Ctx.Recurse].
//
// # Errors
//
// Errors travel as panics of type *[Error] and are recovered where an exported
// function returns an error. The stack of frames that says what is being
// evaluated is kept by hand: it costs a few stores on the way in and nothing on
// the way out, an error reads it to make its trace, and it tells which thunks
// were under way.
//
// # Depth
//
// Nested calls are limited by max-call-depth as in Nix. Other nesting, mostly
// thunks that need thunks, is limited by memory: a Go stack cannot outgrow
// 1 GiB, so evaluation moves to a fresh goroutine every 20,000 frames.
//
// # Differences from C++ Nix
//
// Lambdas are put into slots right away; printing without --strict still shows
// them as <CODE>, but does so even when something else has forced them
// meanwhile. Paths are plain file names without an accessor. Thunk
// chains of any length work where C++ Nix runs out of stack.
package eval
