// Package gen makes Nix programs at random, to try an evaluator with.
//
// [Program] makes a program of a type: an expression of that type is built from
// others of the types that it needs, down to literals, with the variables that
// are in scope. So most programs evaluate to something. Now and then a part of
// another type than is asked for is put in, and a variable is used before it is
// bound: the errors that follow are as interesting as the values.
//
// Programs end, and soon. Fuel bounds their size; lists and counts are small;
// functions are not applied to themselves. Only a reference to a name that is
// bound further on, in rec and let, makes a loop, which an evaluator finds by
// itself (infinite recursion, call depth).
//
// A program is a tree of [Node], so that [Node.Shrink] can propose smaller
// programs that are still well-formed. [Corrupt] gives up just that: it damages
// a text, to try a parser with.
//
// All choices come from a [Source]: equal sources give equal programs.
package gen

// Source is where choices come from. A *rand.Rand of math/rand/v2 is one.
type Source interface {
	// IntN returns a number from 0 to n-1, n > 0.
	IntN(n int) int
}

// Options are what a program may contain.
type Options struct {
	// Fuel is about how many expressions a program has, 60 if zero.
	Fuel int
	// Wrong is in how many of 1000 places something of another type than is
	// needed is put, 15 if zero; less than zero means none.
	Wrong int
}

// Program makes a program.
func Program(src Source, opts Options) *Node {
	if opts.Fuel == 0 {
		opts.Fuel = 60
	}
	if opts.Wrong == 0 {
		opts.Wrong = 15
	}
	g := &generator{src: src, fuel: opts.Fuel, wrong: opts.Wrong}
	return g.expr(g.anyType(3))
}

type generator struct {
	src   Source
	fuel  int
	wrong int // in 1000
	vars  []variable
	sigs  []signature
}

// variable is a name in scope. A forward one is bound further on than the
// place that is being filled, so that using it may be a loop.
type variable struct {
	name    string
	t       *typ
	forward bool
}

// chance is true in n of 1000 cases.
func (g *generator) chance(n int) bool { return g.src.IntN(1000) < n }

// pick returns one of list.
func pick[T any](g *generator, list []T) T { return list[g.src.IntN(len(list))] }
