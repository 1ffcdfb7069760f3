package eval

import (
	"strings"
	"sync"

	"isomorph/internal/nixlang/resolve"
	"isomorph/internal/nixlang/syntax"
)

// Source is a text to be evaluated.
type Source struct {
	Text []byte // must not change afterwards
	// Origin says where the text comes from, for positions.
	Origin syntax.Origin
	// BasePath is the absolute directory of relative paths.
	BasePath string
	// Home is the home directory for ~/ paths, "" to refuse these.
	Home string
	// PipeOperators allows |> and <|.
	PipeOperators bool
	// Lints and Warn say what to do about discouraged constructs and whom to
	// tell of them.
	Lints syntax.Lints
	Warn  func(msg string)
	// Scope, if not nil, is a set whose attributes are variables of the whole
	// text and hide the globals, as in scopedImport.
	Scope *Attrs
	// NoTree says that [Program.Tree] will not be asked for.
	NoTree bool
}

// Program is a text ready to run. It may be run any number of times, by any
// worker.
type Program struct {
	body  node
	tree  syntax.Expr
	scope *Attrs
	pos   Pos
}

// resolver makes the table of globals for package resolve once.
type resolver struct {
	once    sync.Once
	globals *resolve.Globals
}

func (s *State) resolveGlobals() *resolve.Globals {
	s.resolver.once.Do(func() {
		s.Builtins()
		names := make([]string, len(s.globals.names))
		for i, n := range s.globals.names {
			names[i] = s.symbols.Name(n)
		}
		for _, name := range derivationSyms {
			s.symbols.Intern(name)
		}
		s.resolver.globals = resolve.NewGlobals(s.symbols, names)
	})
	return s.resolver.globals
}

// Parse turns a text into a program: parsing, binding of variables,
// compilation. The error is an [*Error] of kind KindParse. Parsing needs no
// worker, so that files can be parsed ahead.
func (s *State) Parse(src Source) (*Program, error) {
	globals := s.resolveGlobals()
	var nodes *syntax.Nodes
	if src.NoTree {
		nodes = s.takeNodes()
	}
	tree, err := syntax.Parse(src.Text, syntax.Options{
		Nodes:   nodes,
		Symbols: s.symbols, Files: s.files, Origin: src.Origin, BasePath: src.BasePath, Home: src.Home,
		PipeOperators: src.PipeOperators, Lints: src.Lints, Warn: src.Warn,
	})
	if err != nil {
		return nil, errorOfOther(err)
	}
	scope := resolve.Scope{Files: s.files}
	if src.Scope != nil {
		src.Scope = src.Scope.flat()
		scope.Frame = src.Scope.sh.keys()
		if scope.Frame == nil {
			scope.Frame = []Sym{}
		}
	}
	if err := globals.Resolve(tree, scope); err != nil {
		return nil, errorOfOther(err)
	}
	k := compiler{st: s}
	p := &Program{body: k.expr(tree), tree: tree, scope: src.Scope, pos: tree.Pos()}
	if src.NoTree {
		p.tree = nil
		if !k.keepsTree {
			nodes.Reset()
			s.nodes.Put(nodes)
		}
	}
	return p, nil
}

// takeNodes returns memory for a tree. An evaluation parses thousands of files,
// and of most of them nothing is left when they have been compiled.
func (s *State) takeNodes() *syntax.Nodes {
	if n, ok := s.nodes.Get().(*syntax.Nodes); ok {
		return n
	}
	return new(syntax.Nodes)
}

// Tree returns the syntax tree, for printing; nil if the source had NoTree.
func (p *Program) Tree() syntax.Expr { return p.tree }

// Run evaluates a program to a finished value. Errors are thrown: call it
// inside [Ctx.Try], or use [Ctx.Eval].
func (c *Ctx) Run(p *Program) Value {
	e := rootEnv
	if p.scope != nil {
		e = c.newInnerEnv(rootEnv, p.scope.Len())
		for i, v := range p.scope.values() {
			*e.slot(i) = v
		}
	}
	return p.body.eval(c, e)
}

// Eval parses and evaluates a text.
func (c *Ctx) Eval(src Source) (v Value, err error) {
	p, err := c.st.Parse(src)
	if err != nil {
		return Value{}, err
	}
	if e := c.Try(func() { v = c.Run(p) }); e != nil {
		return Value{}, e
	}
	return v, nil
}

// printExpr writes an expression as messages show it.
func (s *State) printExpr(e syntax.Expr) string {
	return syntax.Print(e, s.symbols)
}

// isInternal tells whether a place is in a text that is part of the evaluator
// itself, which traces do not show.
func (s *State) isInternal(p Pos) bool {
	return strings.HasPrefix(s.files.Position(p).Name, InternalPrefix)
}

// InternalPrefix begins the origin names of texts that are part of the
// program, such as the definition of the derivation function.
const InternalPrefix = "«nix-internal»"
