package eval

import (
	"unsafe"
)

// Value is one slot of the language: either a thunk, to be forced before use
// with [Ctx.Force], or a finished ("weak head normal form") value.
//
// It is 16 bytes and passed by value. The low 8 bits of n are the kind, the
// high 56 bits a small payload: an integer, a truth value, a length. p points
// to what does not fit. A Value never changes; what changes is the thunk that
// it may point to, once.
//
// The zero Value is not a value of the language: it marks a slot that is not
// filled yet, and what an optional look-up did not find ([Value.IsZero]).
//
// Two Values are == when they are the same slot: the same thunk, or the same
// finished value at the same address. Nix's equality of functions inside lists
// and sets is observable through this, so nothing ever writes the result of a
// thunk back into the slot that held the thunk.
type Value struct {
	p unsafe.Pointer
	n uint64
}

type kind uint8

const (
	kNone kind = iota
	kNull
	kBool
	kInt
	kBigInt // an integer of more than 56 bits: p = *int64
	kFloat  // p = *float64
	kString // p = bytes, high bits of n = length
	kStringCtx
	kPath // p = bytes of the absolute canonical path
	kList // p = first element, high bits of n = length
	kAttrs
	kLambda
	kPrimOp
	kPartial // function with some of its arguments: *partial
	kThunk
)

// Type is the type of a finished value as the language sees it.
type Type uint8

// The types of finished values. TypeThunk is what [Value.Type] says of a value
// that has not been forced.
const (
	TypeThunk Type = iota
	TypeNull
	TypeBool
	TypeInt
	TypeFloat
	TypeString
	TypePath
	TypeList
	TypeSet
	TypeFunction
)

// typeOfKind is indexed by kind.
var typeOfKind = [...]Type{
	kNone: TypeThunk, kNull: TypeNull, kBool: TypeBool, kInt: TypeInt, kBigInt: TypeInt, kFloat: TypeFloat,
	kString: TypeString, kStringCtx: TypeString, kPath: TypePath, kList: TypeList, kAttrs: TypeSet,
	kLambda: TypeFunction, kPrimOp: TypeFunction, kPartial: TypeFunction, kThunk: TypeThunk,
}

// String names the type with its article, in the words of Nix's messages: "an
// integer", "a set", "null".
func (t Type) String() string {
	return [...]string{
		"a thunk", "null", "a Boolean", "an integer", "a float", "a string", "a path", "a list", "a set", "a function",
	}[t]
}

// Name is the type's name as builtins.typeOf gives it: "int", "set", "lambda".
func (t Type) Name() string {
	return [...]string{
		"thunk", "null", "bool", "int", "float", "string", "path", "list", "set", "lambda",
	}[t]
}

// Constant values.
var (
	Null      = Value{nil, uint64(kNull)}
	True      = Value{nil, uint64(kBool) | 1<<8}
	False     = Value{nil, uint64(kBool)}
	EmptyList = Value{nil, uint64(kList)}
	EmptyStr  = Value{nil, uint64(kString)}
)

// earlyBit marks lambdas that were put into a slot where C++ Nix puts a thunk;
// it is the lowest bit of the payload, which lambdas do not use. Only printing
// and positions of errors look at it.
const earlyBit = 1 << 8

func (v Value) kind() kind { return kind(v.n) }
func (v Value) size() int  { return int(v.n >> 8) }

// IsZero tells whether v is the zero Value, which is no value of the language.
func (v Value) IsZero() bool { return v.n == 0 }

// IsThunk tells whether v is a thunk, forced or not.
func (v Value) IsThunk() bool { return v.kind() == kThunk }

// Type returns the type of a finished value, and TypeThunk for a thunk even if
// that has been forced: force first.
func (v Value) Type() Type { return typeOfKind[v.kind()] }

// Bool makes a Boolean.
func Bool(b bool) Value {
	if b {
		return True
	}
	return False
}

// Int makes an integer.
func Int(i int64) Value {
	if i<<8>>8 == i {
		return Value{nil, uint64(i)<<8 | uint64(kInt)}
	}
	return bigInt(i)
}

// bigInt is no part of Int because that would make an object of every integer,
// also of those that need none.
//
//go:noinline
func bigInt(i int64) Value { return Value{unsafe.Pointer(&i), uint64(kBigInt)} }

// Float makes a floating point number.
func Float(f float64) Value { return Value{unsafe.Pointer(&f), uint64(kFloat)} }

// String makes a string without context. The bytes are shared, not copied.
func String(s string) Value {
	return Value{unsafe.Pointer(unsafe.StringData(s)), uint64(len(s))<<8 | uint64(kString)}
}

// StringBytes makes a string without context out of bytes that the caller
// gives up.
func StringBytes(b []byte) Value {
	return Value{unsafe.Pointer(unsafe.SliceData(b)), uint64(len(b))<<8 | uint64(kString)}
}

type stringCtx struct {
	s   string
	ctx *Context
}

// StringWith makes a string with a context, which may be nil for none.
func StringWith(s string, ctx *Context) Value {
	if ctx == nil || len(ctx.elems) == 0 {
		return String(s)
	}
	return Value{unsafe.Pointer(&stringCtx{s, ctx}), uint64(kStringCtx)}
}

// Path makes a path out of an absolute, canonical path name (no "." or ".."
// or doubled or trailing slash; [CanonPath] makes one).
func Path(s string) Value {
	return Value{unsafe.Pointer(unsafe.StringData(s)), uint64(len(s))<<8 | uint64(kPath)}
}

// List makes a list. The caller gives the slice up; it must not change it.
func List(l []Value) Value {
	if len(l) == 0 {
		return EmptyList
	}
	return Value{unsafe.Pointer(unsafe.SliceData(l)), uint64(len(l))<<8 | uint64(kList)}
}

// AttrsValue makes a value of an attribute set.
func AttrsValue(a *Attrs) Value { return Value{unsafe.Pointer(a), uint64(kAttrs)} }

// PrimOpValue makes a function value of a builtin. A builtin of arity zero is
// not a function: see [State.AddPrimOp].
func PrimOpValue(p *PrimOp) Value { return Value{unsafe.Pointer(p), uint64(kPrimOp)} }

// IsInt, IsString and IsFunction tell the kind of a finished value; they are
// shorthands for a comparison with Type.
func (v Value) IsInt() bool { k := v.kind(); return k == kInt || k == kBigInt }

// IsString tells whether a finished value is a string, with or without context.
func (v Value) IsString() bool { k := v.kind(); return k == kString || k == kStringCtx }

// IsFunction tells whether a finished value is a lambda, a builtin or a
// partially applied function. A set with __functor is not: [Ctx.IsFunctor].
func (v Value) IsFunction() bool { k := v.kind(); return k >= kLambda && k <= kPartial }

// IsLambda tells whether a finished value is a function written in the
// language, possibly with some of its arguments applied.
func (v Value) IsLambda() bool {
	return v.kind() == kLambda || v.kind() == kPartial && (*partial)(v.p).fn.kind() == kLambda
}

// AsBool returns the truth value of a finished Boolean.
func (v Value) AsBool() bool { return v.n>>8 != 0 }

// AsInt returns the integer of a finished integer.
func (v Value) AsInt() int64 {
	if v.kind() == kInt {
		return int64(v.n) >> 8
	}
	return *(*int64)(v.p)
}

// AsFloat returns the number of a finished float or integer.
func (v Value) AsFloat() float64 {
	if v.kind() == kFloat {
		return *(*float64)(v.p)
	}
	return float64(v.AsInt())
}

// AsString returns the text of a finished string or path.
func (v Value) AsString() string {
	if v.kind() == kStringCtx {
		return (*stringCtx)(v.p).s
	}
	return unsafe.String((*byte)(v.p), v.size())
}

// Context returns the context of a finished string, nil for none.
func (v Value) Context() *Context {
	if v.kind() == kStringCtx {
		return (*stringCtx)(v.p).ctx
	}
	return nil
}

// AsList returns the elements of a finished list. They must not be changed;
// a part of the slice makes a list that shares its elements.
func (v Value) AsList() []Value { return unsafe.Slice((*Value)(v.p), v.size()) }

// AsAttrs returns the set of a finished attribute set.
func (v Value) AsAttrs() *Attrs { return (*Attrs)(v.p) }

// AsPrimOp returns the builtin of a finished builtin or partially applied
// builtin, nil for every other value.
func (v Value) AsPrimOp() *PrimOp {
	switch v.kind() {
	case kPrimOp:
		return (*PrimOp)(v.p)
	case kPartial:
		return (*partial)(v.p).fn.AsPrimOp()
	}
	return nil
}

// Identity returns a number that is equal for two finished lists or sets
// exactly when they are the same object, to recognise values met before.
func (v Value) Identity() uintptr { return uintptr(v.p) }

// isNumber tells whether a finished value is an integer or a float.
func (v Value) isNumber() bool { k := v.kind(); return k >= kInt && k <= kFloat }
