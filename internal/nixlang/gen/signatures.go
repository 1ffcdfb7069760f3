package gen

import "strings"

// signature is a builtin with the types of its arguments and its result. A
// type may be the variables X and Y, which stand for any type.
type signature struct {
	name string
	args []*typ
	res  *typ
}

var (
	varX = &typ{kind: kAny, elem: &typ{}}
	varY = &typ{kind: kAny, elem: &typ{}}
)

// signatures returns the builtins that programs call. Left out are those that
// reach out to a network or a clock, and break: C++ Nix 2.34 returns its
// argument unevaluated and dies of it.
func signatures() []signature {
	x, y, lx := varX, varY, listOf(varX)
	fn2 := func(a, b, r *typ) *typ { return function(a, function(b, r)) }
	var list []signature
	add := func(names string, res *typ, args ...*typ) {
		for name := range strings.FieldsSeq(names) {
			list = append(list, signature{name, args, res})
		}
	}
	add("add sub mul div", intT, intT, intT)
	add("add sub mul div", floatT, floatT, intT)
	add("bitAnd bitOr bitXor", intT, intT, intT)
	add("ceil floor", intT, floatT)
	add("lessThan", boolT, intT, floatT)
	add("lessThan", boolT, stringT, stringT)
	add("length", intT, lx)
	add("head", x, lx)
	add("tail", lx, lx)
	add("elemAt", x, lx, smallT)
	add("elem", boolT, x, lx)
	add("all any", boolT, function(x, boolT), lx)
	add("filter", lx, function(x, boolT), lx)
	add("map", listOf(y), function(x, y), lx)
	add("concatMap", listOf(y), function(x, listOf(y)), lx)
	add("concatLists", lx, listOf(lx))
	add("foldl'", y, fn2(y, x, y), y, lx)
	add("genList", lx, function(intT, x), smallT)
	add("sort", lx, fn2(x, x, boolT), lx)
	add("sort", listOf(intT), literalT("builtins.lessThan"), listOf(intT))
	add("sort", listOf(stringT), literalT("builtins.lessThan"), listOf(stringT))
	add("partition", setOf(lx), function(x, boolT), lx)
	add("groupBy", setOf(lx), function(x, nameT), lx)
	add("genericClosure", listOf(keyedT), literalT("{ startSet = [ { key = 1; } { key = 3; } ]; operator = x: if x.key > 5 then [ ] else [ { key = x.key + 2; } { key = x.key * 2; } ]; }"))
	add("genericClosure", listOf(keyedT), &typ{kind: kSet, fields: []field{{"startSet", listOf(keyedT)}, {"operator", literalT("_: [ ]")}}})
	add("attrNames", listOf(stringT), setOf(anyT))
	add("attrValues", lx, setOf(x))
	add("getAttr", x, nameT, setOf(x))
	add("hasAttr", boolT, nameT, setOf(anyT))
	add("removeAttrs", setOf(x), setOf(x), listOf(nameT))
	add("listToAttrs", setOf(x), listOf(pairOf(x)))
	add("intersectAttrs", setOf(x), setOf(anyT), setOf(x))
	add("mapAttrs", setOf(y), fn2(nameT, x, y), setOf(x))
	add("catAttrs", lx, nameT, listOf(setOf(x)))
	add("zipAttrsWith", setOf(y), fn2(nameT, lx, y), listOf(setOf(x)))
	add("functionArgs", setOf(boolT), function(&typ{kind: kSet, elem: anyT, fields: []field{{"a", intT}, {"b", intT}}}, intT))
	add("isAttrs isBool isFloat isFunction isInt isList isNull isPath isString", boolT, anyT)
	add("typeOf", stringT, anyT)
	add("tryEval", setOf(anyT), anyT)
	add("stringLength", intT, textT)
	add("substring", stringT, smallT, smallT, stringT)
	add("substring", textT, smallT, smallT, textT)
	add("concatStringsSep", stringT, stringT, listOf(stringT))
	add("concatStringsSep", textT, textT, listOf(textT))
	add("replaceStrings", textT, listOf(stringT), listOf(textT), textT)
	add("replaceStrings", stringT, literalT(`[ "a" "" "foo" ]`), literalT(`[ "b" "-" "x" ]`), stringT)
	add("match", listOf(stringT), regexT, stringT)
	add("split", listOf(anyT), regexT, stringT)
	add("splitVersion", listOf(stringT), versionT)
	add("compareVersions", intT, versionT, versionT)
	add("parseDrvName", setOf(stringT), versionT)
	add("baseNameOf dirOf", stringT, stringT)
	add("baseNameOf", stringT, pathT)
	add("dirOf", pathT, pathT)
	add("toString", stringT, anyT)
	add("toJSON", stringT, anyT)
	add("toXML", stringT, anyT)
	add("fromJSON", anyT, jsonT)
	add("fromTOML", setOf(anyT), tomlT)
	add("hashString", stringT, algoT, stringT)
	add("convertHash", stringT, &typ{kind: kSet, fields: []field{{"hash", hashT}, {"toHashFormat", literalT(`"nix32"`)}, {"hashAlgo", algoT}}})
	add("convertHash", stringT, &typ{kind: kSet, fields: []field{{"hash", hashT}, {"toHashFormat", literalT(`"sri"`)}}})
	add("hasContext", boolT, textT)
	add("unsafeDiscardStringContext", stringT, textT)
	add("placeholder", stringT, nameT)
	add("readFile", stringT, literalT("./fixture/a.txt"))
	add("readFile", stringT, pathT)
	add("readDir", setOf(stringT), pathT)
	add("readFileType", stringT, pathT)
	add("pathExists", boolT, pathT)
	add("import", anyT, literalT("./fixture/one.nix"))
	add("import", function(intT, intT), literalT("./fixture/fn.nix"))
	add("import", anyT, pathT)
	add("scopedImport", anyT, &typ{kind: kSet, fields: []field{{"y", intT}}}, literalT("./fixture/scoped.nix"))
	add("hashFile", stringT, algoT, pathT)
	add("path", textT, &typ{kind: kSet, fields: []field{{"path", pathT}, {"name", nameT}}})
	add("path", textT, literalT("{ path = ./fixture; name = \"x\"; filter = p: t: t != \"directory\"; }"))
	add("path", textT, &typ{kind: kSet, fields: []field{{"path", literalT("./fixture/a.txt")}, {"recursive", boolT}}})
	add("path", textT, &typ{kind: kSet, fields: []field{{"path", literalT("./fixture/a.txt")}, {"sha256", hashT}}})
	add("filterSource", textT, fn2(stringT, stringT, boolT), literalT("./fixture"))
	add("toPath", stringT, stringT)
	add("getEnv", stringT, literalT(`"UNSET_VARIABLE"`))
	add("unsafeGetAttrPos", anyT, nameT, setOf(anyT))
	add("throw abort", x, stringT)
	add("unsafeDiscardOutputDependency", textT, textT)
	add("import", anyT, literalT("./fixture"))
	add("findFile", pathT, literalT(`[ { prefix = "x"; path = ./fixture; } { path = ./fixture/dir; prefix = ""; } ]`), literalT(`"x/a.txt"`))
	add("findFile", pathT, literalT(`[ { prefix = "x"; path = ./fixture; } { path = ./fixture/dir; prefix = ""; } ]`), stringT)
	add("toFile", textT, nameT, textT)
	add("appendContext", textT, textT, contextT)
	add("getContext", setOf(anyT), textT)
	add("storeDir nixVersion currentSystem", stringT)
	add("langVersion", intT)
	add("nixPath", listOf(anyT))
	add("traceVerbose", x, stringT, x)
	add("storePath", textT, textT)
	add("storePath", textT, pathT)
	add("addDrvOutputDependencies", textT, textT)
	add("unsafeGetAttrPos", anyT, nameT, literalT("{ a = 1; b.c = 2; }"))
	add("hasContext", boolT, stringT)
	add("convertHash", stringT, &typ{kind: kSet, fields: []field{{"hash", hashT}, {"toHashFormat", literalT(`"base16"`)}}})
	add("convertHash", stringT, &typ{kind: kSet, fields: []field{{"hash", hashT}, {"hashAlgo", algoT}, {"toHashFormat", literalT(`"base64"`)}}})
	add("functionArgs", setOf(boolT), anyT)
	add("genericClosure", listOf(anyT), anyT)
	add("zipAttrsWith", setOf(anyT), anyT, listOf(anyT))
	add("filterSource", textT, anyT, pathT)
	add("fromJSON", anyT, literalT("(builtins.toJSON { a = 1.5; b = [ null true ]; })"))
	add("lessThan", boolT, listOf(intT), listOf(floatT))
	add("elem", boolT, floatT, listOf(intT))
	add("ceil floor", intT, literalT("1.0e18"))
	add("substring", stringT, intT, intT, stringT)
	add("elemAt", x, lx, intT)
	add("genList", listOf(anyT), function(intT, anyT), literalT("2"))
	add("derivation", drvT, anyT)
	add("derivationStrict", setOf(textT), anyT)
	return list
}

// literalT is the "type" of one certain expression.
func literalT(text string) *typ { return &typ{kind: kLiteral, text: text} }
