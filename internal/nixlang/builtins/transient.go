package builtins

import (
	"strings"

	"isomorph/internal/nixlang/eval"
)

// onlyForced are the builtins that force their arguments and keep none of the
// slots themselves, but for the arguments behind a colon, counted from 0: those
// go into the result, or to a function, as they are.
const onlyForced = `
	__typeOf isNull __isFunction __isInt __isFloat __isString __isBool __isPath __isAttrs __isList
	__elemAt __head __tail map __filter __elem __concatLists __length __foldl':1 __any __all __genList __sort
	__partition __groupBy __concatMap __genericClosure
	__attrNames __attrValues __getAttr __unsafeGetAttrPos __hasAttr removeAttrs __listToAttrs __intersectAttrs
	__catAttrs __functionArgs __mapAttrs:0 __zipAttrsWith
	toString __substring __stringLength __hashString __concatStringsSep __replaceStrings baseNameOf dirOf
	__match __split __parseDrvName __compareVersions __splitVersion
	__add __sub __mul __div __bitAnd __bitOr __bitXor __lessThan __ceil __floor
	__toJSON __fromJSON fromTOML __toXML
	__unsafeDiscardStringContext __hasContext __getContext __appendContext
	__seq __deepSeq`

// keptArgs maps the names in onlyForced to the arguments that are kept: bit i
// for argument i.
var keptArgs = func() map[string]uint8 {
	m := map[string]uint8{}
	for _, entry := range strings.Fields(onlyForced) {
		name, arg, keeps := strings.Cut(entry, ":")
		m[name] = 0
		if keeps {
			m[name] = 1 << (arg[0] - '0')
		}
	}
	return m
}()

// transientArgs returns which arguments of a builtin are only forced.
func transientArgs(p *eval.PrimOp) uint8 {
	kept, ok := keptArgs[p.Name]
	if !ok {
		return 0
	}
	return (1<<p.Arity - 1) &^ kept
}
