// Package resolve finds out, before evaluation, where every variable of an
// expression lives, so that the evaluator never looks a name up.
//
// It fills in the fields that package syntax documents as such: [syntax.Ref]
// of variables, frame sizes, the frames of attributes, fused lambdas and the
// chain of with scopes. A variable that is bound nowhere and is inside no with
// is an error here, before anything is evaluated, as in C++ Nix
// (Expr::bindVars in nixexpr.cc).
package resolve

// The algorithm: one walk in scope order, with the innermost binding of every
// name kept in an array indexed by symbol. Entering a frame pushes its names,
// each remembering the binding it hides; leaving restores them. A look-up is
// thus one array access, and the level of a variable is the difference of two
// depths. A with binds no names: it leaves a mark for the names that find
// nothing.

import (
	"fmt"
	"strings"
	"sync"

	"isomorph/internal/nixlang/syntax"
)

// Globals are the names of the base environment (builtins, true, __sub, ...):
// bound outside every expression, and so taking precedence over any with. It
// is immutable and safe for use by several goroutines.
type Globals struct {
	symbols *syntax.Symbols
	index   map[syntax.Symbol]uint32
	pool    sync.Pool // of *resolver, for their binding arrays
}

// NewGlobals makes a base environment: a variable called names[i] gets the
// reference {Kind: RefGlobal, Index: i}. If a name occurs twice the last counts.
func NewGlobals(symbols *syntax.Symbols, names []string) *Globals {
	g := &Globals{symbols: symbols, index: make(map[syntax.Symbol]uint32, len(names))}
	for i, name := range names {
		g.index[symbols.Intern(name)] = uint32(i)
	}
	g.pool.New = func() any { return &resolver{globals: g} }
	return g
}

// Scope is what surrounds an expression besides the globals.
type Scope struct {
	// Files resolves positions in errors. Required.
	Files *syntax.Files
	// Frame, when not nil, are the names of a frame that the evaluator
	// provides around the expression, Frame[i] in slot i: scopedImport and the
	// REPL use it. It hides globals.
	Frame []syntax.Symbol
}

// Resolve annotates the tree e, which must come from a parser with the same
// symbol table, and must not have been resolved before. The error is a
// [*syntax.Error]: an undefined variable, or a tree that is too deep to walk.
func (g *Globals) Resolve(e syntax.Expr, scope Scope) (err error) {
	r := g.pool.Get().(*resolver)
	r.reset(scope.Files)
	defer func() {
		switch x := recover().(type) {
		case nil:
			g.pool.Put(r)
		case refusal:
			err = x.err // r is dropped: its bindings are in disorder
		default:
			panic(x)
		}
	}()
	if scope.Frame != nil {
		mark := r.enter()
		for i, name := range scope.Frame {
			r.bind(name, uint32(i))
		}
		defer r.leave(mark)
	}
	r.expr(e)
	return nil
}

// maxWalk bounds the height of the tree. The parser bounds nesting, but a long
// chain a + a + ... leans to the left without being nested.
const maxWalk = 100_000

// refusal carries an error up to Resolve.
type refusal struct{ err *syntax.Error }

// binding is where a name lives: slot index of the frame at depth. Depth zero
// means that the name is not bound.
type binding struct {
	depth uint32
	index uint32
}

type hidden struct {
	name syntax.Symbol
	old  binding
}

type resolver struct {
	globals *Globals
	files   *syntax.Files

	bindings  []binding // by symbol
	undo      []hidden
	depth     uint32 // number of frames around the current expression
	with      *syntax.With
	withDepth uint32     // depth of the frame of with
	near      syntax.Pos // the last place that was passed
	walk      int
}

func (r *resolver) reset(files *syntax.Files) {
	r.files = files
	if n := r.globals.symbols.Len() + 1; n > len(r.bindings) {
		r.bindings = make([]binding, n+n/4)
	}
	r.undo, r.depth, r.with, r.withDepth, r.walk = r.undo[:0], 0, nil, 0, 0
}

// enter opens a frame and returns what leave needs to close it.
func (r *resolver) enter() (mark int) {
	r.depth++
	return len(r.undo)
}

// bind puts a name into the innermost frame.
func (r *resolver) bind(name syntax.Symbol, index uint32) {
	b := &r.bindings[name]
	r.undo = append(r.undo, hidden{name, *b})
	*b = binding{r.depth, index}
}

func (r *resolver) leave(mark int) {
	for i := len(r.undo) - 1; i >= mark; i-- {
		r.bindings[r.undo[i].name] = r.undo[i].old
	}
	r.undo = r.undo[:mark]
	r.depth--
}

// lookup resolves a name and reports whether it can be defined at all.
func (r *resolver) lookup(v *syntax.Var) bool {
	if b := r.bindings[v.Name]; b.depth != 0 {
		v.Ref = syntax.Ref{Kind: syntax.RefLocal, Level: r.depth - b.depth, Index: b.index}
		return true
	}
	if i, ok := r.globals.index[v.Name]; ok {
		v.Ref = syntax.Ref{Kind: syntax.RefGlobal, Index: i}
		return true
	}
	if r.with == nil {
		return false
	}
	v.Ref = syntax.Ref{Kind: syntax.RefWith, Level: r.depth - r.withDepth, With: r.with}
	return true
}

func (r *resolver) variable(v *syntax.Var) {
	if !r.lookup(v) {
		r.undefined(v, len(r.undo))
	}
}

// undefined refuses a variable; the bindings that it could see are the first
// visible ones.
func (r *resolver) undefined(v *syntax.Var, visible int) {
	name := r.globals.symbols.Name(v.Name)
	e := r.files.NewError(v.At, fmt.Sprintf("undefined variable '%s'", name))
	e.Suggestions = syntax.Closest(name, r.inScope(visible))
	e.Advice = AdviceOnName(name, func(n string) bool {
		_, ok := r.globals.index[r.globals.symbols.Intern(n)]
		return ok
	})
	if len(e.Suggestions) > 0 && strings.HasPrefix(e.Advice, "names ") {
		e.Advice = ""
	}
	panic(refusal{e})
}

// inScope lists the names that are defined here; some may be listed twice.
func (r *resolver) inScope(visible int) (names []string) {
	for _, h := range r.undo[:visible] {
		names = append(names, r.globals.symbols.Name(h.name))
	}
	for sym := range r.globals.index { // the order does not matter to Closest
		if name := r.globals.symbols.Name(sym); !strings.HasPrefix(name, "__") {
			names = append(names, name)
		}
	}
	return names
}

func (r *resolver) refuse(p syntax.Pos, msg string) {
	panic(refusal{r.files.NewError(p, msg)})
}
