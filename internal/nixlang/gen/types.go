package gen

// kind is a type of the language, or what a value is meant for.
type kind uint8

const (
	kAny kind = iota
	kInt
	kFloat
	kBool
	kNull
	kString
	kPath
	kList
	kSet
	kFunc
	kDrv
	// Strings that are meant for something, and sets of a certain form.
	kRegex
	kVersion
	kJSON
	kTOML
	kName    // of an attribute
	kAlgo    // of a hash
	kSmall   // a small integer
	kHash    // the text of a hash
	kContext // what getContext returns
	kPair    // { name = ...; value = elem; }
	kKeyed   // { key = ...; }
	kText    // a string that may have a context
	kLiteral // one certain expression
)

// typ is the type that an expression is to have.
type typ struct {
	kind     kind
	elem     *typ    // of a list; values of a set whose names are unknown
	fields   []field // of a set
	arg, res *typ    // of a function
	text     string  // the expression, of kLiteral
}

type field struct {
	name string
	t    *typ
}

var (
	anyT     = &typ{kind: kAny}
	intT     = &typ{kind: kInt}
	smallT   = &typ{kind: kSmall}
	floatT   = &typ{kind: kFloat}
	boolT    = &typ{kind: kBool}
	nullT    = &typ{kind: kNull}
	stringT  = &typ{kind: kString}
	textT    = &typ{kind: kText}
	pathT    = &typ{kind: kPath}
	drvT     = &typ{kind: kDrv}
	regexT   = &typ{kind: kRegex}
	versionT = &typ{kind: kVersion}
	jsonT    = &typ{kind: kJSON}
	tomlT    = &typ{kind: kTOML}
	nameT    = &typ{kind: kName}
	algoT    = &typ{kind: kAlgo}
	hashT    = &typ{kind: kHash}
	contextT = &typ{kind: kContext}
	keyedT   = &typ{kind: kKeyed}
)

func listOf(t *typ) *typ      { return &typ{kind: kList, elem: t} }
func setOf(t *typ) *typ       { return &typ{kind: kSet, elem: t} }
func function(a, r *typ) *typ { return &typ{kind: kFunc, arg: a, res: r} }
func pairOf(t *typ) *typ      { return &typ{kind: kPair, elem: t} }

var simple = []*typ{intT, intT, floatT, boolT, nullT, stringT, stringT, textT, pathT}

// anyType makes a type of at most depth levels.
func (g *generator) anyType(depth int) *typ {
	if depth <= 0 || g.chance(450) {
		return pick(g, simple)
	}
	switch g.src.IntN(10) {
	case 0, 1, 2:
		return listOf(g.anyType(depth - 1))
	case 3, 4, 5, 6:
		return g.setType(depth)
	case 7, 8:
		return function(g.anyType(depth-1), g.anyType(depth-1))
	default:
		return drvT
	}
}

// setType makes the type of a set with a few fields.
func (g *generator) setType(depth int) *typ {
	t := &typ{kind: kSet, elem: anyT}
	seen := map[string]bool{}
	for range g.src.IntN(4) {
		name := g.name()
		if !seen[name] {
			seen[name] = true
			t.fields = append(t.fields, field{name, g.anyType(depth - 1)})
		}
	}
	return t
}

// fits tells whether a value of type v will do where t is asked for.
func fits(v, t *typ) bool {
	switch {
	case t.kind == kAny || v == t:
		return true
	case t.kind == kText:
		return v.kind == kString || v.kind == kText
	case v.kind != t.kind:
		return false
	case t.kind == kList:
		return fits(v.elem, t.elem)
	case t.kind == kFunc:
		return fits(t.arg, v.arg) && fits(v.res, t.res)
	case t.kind == kSet:
		for _, f := range t.fields {
			if have := v.field(f.name); have == nil || !fits(have, f.t) {
				return false
			}
		}
		return t.elem == nil || t.elem.kind == kAny || len(t.fields) > 0
	}
	return true
}

// field returns the type of a field, nil if there is none.
func (t *typ) field(name string) *typ {
	for _, f := range t.fields {
		if f.name == name {
			return f.t
		}
	}
	return nil
}
