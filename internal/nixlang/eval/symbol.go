package eval

import "isomorph/internal/nixlang/syntax"

// Sym is an interned name: of an attribute, a variable, a formal argument. Two
// names are equal exactly when their Syms are, within one [State].
type Sym = syntax.Symbol

// Pos is a place in a source text known to a [State]; zero is no place.
type Pos = syntax.Pos

// Names that the evaluator or the builtins ask for by themselves have the same
// numbers in every State.
const (
	SymName Sym = iota + 1
	SymValue
	SymType
	SymOutPath
	SymDrvPath
	SymFunctor
	SymFunctionArgs
	SymToString
	SymOverrides
	SymSystem
	SymBuilder
	SymArgs
	SymOutputs
	SymOutputName
	SymAll
	SymSuccess
	SymRight
	SymWrong
	SymFile
	SymLine
	SymColumn
	SymPath
	SymPrefix
	SymKey
	SymStartSet
	SymOperator
	SymRecurseForDerivations
	SymDerivation
	SymMeta
	symEnd
)

// fixedSyms holds the names of the constants above, in their order.
var fixedSyms = [...]string{
	"name", "value", "type", "outPath", "drvPath", "__functor", "__functionArgs", "__toString", "__overrides",
	"system", "builder", "args", "outputs", "outputName", "all", "success", "right", "wrong", "file", "line", "column",
	"path", "prefix", "key", "startSet", "operator", "recurseForDerivations", "derivation", "meta",
}

// newSymbols makes a table in which the fixed names have their numbers.
func newSymbols() *syntax.Symbols {
	t := syntax.NewSymbols()
	for i, name := range fixedSyms {
		if t.Intern(name) != Sym(i+1) {
			panic("eval: the fixed names are not the first of a new table")
		}
	}
	return t
}
