package eval

import (
	"strings"

	"isomorph/internal/nixlang/syntax"
)

// Sym is an interned name: of an attribute, a variable, a formal argument. Two
// names are equal exactly when their Syms are, within one [State].
type Sym = syntax.Symbol

// Pos is a place in a source text known to a [State]; zero is no place.
type Pos = syntax.Pos

// Names that the evaluator or the builtins ask for by themselves have the same
// numbers in every State. Their order, and that they come before all others, is
// that of C++ Nix (StaticEvalSymbols in libexpr/eval.hh), where it decides in
// which order the attributes of a set are looked at and so which of several
// errors is reported.
const (
	SymOutPath Sym = iota + 1
	SymDrvPath
	SymType
	SymMeta
	SymName
	SymValue
	SymSystem
	SymOverrides
	SymOutputs
	SymOutputName
	SymIgnoreNulls
	SymFile
	SymLine
	SymColumn
	SymFunctor
	SymToString
	SymRight
	SymWrong
	SymStructuredAttrs
	SymJSON
	SymAllowedReferences
	SymAllowedRequisites
	SymDisallowedReferences
	SymDisallowedRequisites
	SymMaxSize
	SymMaxClosureSize
	SymBuilder
	SymArgs
	SymContentAddressed
	SymImpure
	SymOutputHash
	SymOutputHashAlgo
	SymOutputHashMode
	SymRecurseForDerivations
	SymDescription
	symSelf
	SymEmpty
	SymStartSet
	SymOperator
	SymKey
	SymPath
	SymPrefix
	SymOutputSpecified
	SymRequiredSystemFeatures
	symSub
	symLessThan
	symMul
	symDiv
	symOr
	symFindFile
	symNixPath
	symBody
)

// fixedSyms holds the names of the constants above, in their order.
var fixedSyms = [...]string{
	"outPath", "drvPath", "type", "meta", "name", "value", "system", "__overrides", "outputs", "outputName",
	"__ignoreNulls", "file", "line", "column", "__functor", "__toString", "right", "wrong", "__structuredAttrs",
	"__json", "allowedReferences", "allowedRequisites", "disallowedReferences", "disallowedRequisites", "maxSize",
	"maxClosureSize", "builder", "args", "__contentAddressed", "__impure", "outputHash", "outputHashAlgo",
	"outputHashMode", "recurseForDerivations", "description", "self", "", "startSet", "operator", "key", "path",
	"prefix", "outputSpecified", "requiredSystemFeatures", "__sub", "__lessThan", "__mul", "__div", "or",
	"__findFile", "__nixPath", "body",
}

// builtinSyms are the names that C++ Nix gets to know next: those of its
// builtins, in the order in which it registers them.
const builtinSyms = `builtins true false null currentTime currentSystem nixVersion storeDir langVersion traceVerbose nixPath
scopedImport import typeOf isNull isFunction isInt isFloat isString isBool isPath genericClosure break abort
throw addErrorContext ceil floor tryEval getEnv seq deepSeq trace warn derivationStrict placeholder toPath
storePath pathExists baseNameOf dirOf readFile findFile hashFile readFileType readDir toXML toJSON fromJSON
toFile filterSource attrNames attrValues getAttr unsafeGetAttrPos hasAttr isAttrs removeAttrs listToAttrs
intersectAttrs catAttrs functionArgs mapAttrs zipAttrsWith isList elemAt head tail map filter elem concatLists
length foldl' any all genList sort partition groupBy concatMap add sub mul div bitAnd bitOr bitXor lessThan
toString substring stringLength hashString convertHash match split concatStringsSep replaceStrings
parseDrvName compareVersions splitVersion unsafeDiscardStringContext hasContext unsafeDiscardOutputDependency
addDrvOutputDependencies getContext appendContext fetchMercurial fetchTree fetchurl fetchTarball fetchGit
fromTOML getFlake parseFlakeRef flakeRefToString derivation`

// derivationSyms are the names that come after those: C++ Nix reads the definition
// of derivation when it starts.
var derivationSyms = [...]string{
	"strict", "drvAttrs", "commonAttrs", "outputsList", "x", "outputToAttrListElement",
}

// newSymbols makes a table in which the fixed names have their numbers.
func newSymbols() *syntax.Symbols {
	t := syntax.NewSymbols()
	for i, name := range fixedSyms {
		if t.Intern(name) != Sym(i+1) {
			panic("eval: the fixed names are not the first of a new table")
		}
	}
	for name := range strings.FieldsSeq(builtinSyms) {
		t.Intern(name)
	}
	return t
}
