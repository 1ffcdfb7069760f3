package syntax

// Expr is a node of the tree. The set of node types is closed:
//
//	*Int *Float *Str *Path *Var *Select *HasAttr *Attrs *List *Lambda *Call
//	*Let *With *If *Assert *Not *Binary *Concat *CurPos *InheritFrom
//
// Nodes are shared by nobody and change only while the parser and then
// internal/nixlang/resolve fill them in; afterwards they are read only.
type Expr interface {
	// Pos is the place that errors about this expression point at. As in
	// C++ Nix (Expr::getPos), literals and let have none; a list has that
	// of its first element, ! and ? that of their operand.
	Pos() Pos
	node()
}

// Int is an integer literal. There are no negative ones: -1 is a call.
type Int struct{ Value int64 }

// Float is a floating-point literal.
type Float struct{ Value float64 }

// Str is a string without interpolation: of either quoting, a URI, or the
// literal part of an interpolated string or path.
type Str struct{ Value string }

// Path is a path literal: absolute, with "." and ".." removed and no final
// slash (but see [Concat]).
type Path struct{ Value string }

// Var is a use of a name. Ref is filled in by resolve.
type Var struct {
	Name Symbol
	At   Pos
	Ref  Ref
}

// RefKind says where a variable lives.
type RefKind uint8

// The kinds of reference.
const (
	// RefNone: not resolved yet.
	RefNone RefKind = iota
	// RefLocal: slot Index of the frame Level hops up from the current one.
	RefLocal
	// RefGlobal: entry Index of the table of globals that resolve was given.
	RefGlobal
	// RefWith: not bound lexically. The innermost enclosing with is the node
	// With, whose frame is Level hops up. When its set lacks the name, go on
	// with With.Outer, whose frame is With.OuterLevel hops further up, until
	// Outer is nil: then the variable is undefined.
	RefWith
)

// Ref is the result of resolving a variable.
//
// Frames form a linked list. Levels count frames, and exactly these nodes make
// one, each for the parts named at its type: a [Lambda] that heads a fused
// group, a [Let] or recursive [Attrs] with FrameSize > 0, a non-recursive
// Attrs with FromSlots > 0 (seen only by attributes with EnvFrom), and a
// [With] (one slot: the set). Besides, the root expression may sit in a frame
// that the caller of resolve provides (scopedImport, the REPL).
type Ref struct {
	Kind  RefKind
	Level uint32
	Index uint32
	With  *With
}

// AttrName is one step of an attribute path: a symbol, or, when Sym is zero,
// an expression that gives the name.
type AttrName struct {
	Sym  Symbol
	Expr Expr
}

// Select is Subject.Path, with "or Default" when Default is not nil.
type Select struct {
	Subject Expr
	Path    []AttrName
	Default Expr
	At      Pos
}

// HasAttr is Subject ? Path.
type HasAttr struct {
	Subject Expr
	Path    []AttrName
}

// AttrKind says how an attribute was written.
type AttrKind uint8

// The kinds of attribute.
const (
	AttrPlain       AttrKind = iota // name = value;
	AttrInherited                   // inherit name; Value is a *Var
	AttrInheritFrom                 // inherit (e) name; Value is a *Select whose Subject is an *InheritFrom
)

// AttrEnv says in which frame the value of an attribute is evaluated; resolve
// fills it in.
type AttrEnv uint8

// The environments of attribute values.
const (
	// EnvOuter: the frame that the whole set or let is evaluated in.
	EnvOuter AttrEnv = iota
	// EnvRec: the frame that the recursive set or let makes.
	EnvRec
	// EnvFrom: the frame of FromSlots slots that a non-recursive set makes for
	// its inherit (e) sources; its parent is the set's own frame.
	EnvFrom
)

// Attr is a static attribute.
type Attr struct {
	Name  Symbol
	At    Pos // of the attribute path that defined it
	Value Expr
	Kind  AttrKind
	Env   AttrEnv
}

// DynamicAttr is an attribute whose name is computed. Name and Value are
// evaluated in the set's own frame when recursive, else in the outer one.
type DynamicAttr struct {
	Name  Expr
	Value Expr
	At    Pos
}

// FromSource is an e of inherit (e) a b c. All the attributes that it gives
// share one evaluation of e.
type FromSource struct {
	Expr Expr
	// Slot is where the evaluator puts the thunk of Expr: a slot of the set's
	// own frame when it is recursive (after the attributes), else of the
	// EnvFrom frame. It is -1 when Expr is a plain variable: then no slot is
	// needed because the value is shared anyway, and [InheritFrom.Direct]
	// names the variable. Filled in by resolve.
	Slot int32
}

// Attrs is an attribute set, or the bindings of a [Let].
//
// Attrs is in source order and has no duplicates; nested paths (a.b = 1) are
// already sets. In a recursive set or let, attribute i is slot i of the frame,
// and the frame has FrameSize slots (0: there is no frame). The expressions of
// From are evaluated in that frame if there is one, else in the outer frame.
type Attrs struct {
	Rec     bool
	Attrs   []Attr
	Dynamic []DynamicAttr
	From    []FromSource
	At      Pos

	// FrameSize is the size of the frame of a recursive set or let: its
	// attributes and then its inherit sources. Filled in by resolve.
	FrameSize uint32
	// FromSlots is the size of the EnvFrom frame of a set that is not
	// recursive; 0: there is none. Filled in by resolve.
	FromSlots uint32

	index map[Symbol]int32 // while parsing, of sets with many attributes
}

// InheritFrom stands for From[Index] of the enclosing set inside the value of
// an attribute with kind AttrInheritFrom.
type InheritFrom struct {
	Index int
	At    Pos
	// Direct is the variable itself when the source is a plain one; its Ref
	// holds in the attribute's environment. Otherwise nil and the thunk is in
	// slot Slot of the current frame (level 0). Filled in by resolve.
	Direct *Var
	Slot   uint32
}

// List is a list literal.
type List struct{ Elems []Expr }

// Formal is a parameter of a set pattern.
type Formal struct {
	Name    Symbol
	At      Pos
	Default Expr // nil when there is none; evaluated in the lambda's frame
}

// Lambda is a function of one argument: "x: body" (Arg), "{ a, b ? 1 }: body"
// (HasFormals) or both ("args@{ a }: body").
//
// A simple lambda whose body is again a simple lambda forms a fused group of
// up to [MaxFused] with it: the head has Fused = n > 0 and makes one frame with
// n slots, slot i for parameter i of the chain head, head.Body, ...; the other
// members have Fused = 0 and make no frame. [Lambda.Innermost] gives the body
// to evaluate in the frame. To the outside (functionArgs, toXML, printing,
// partial application) the members still are nested one-argument functions.
//
// A lambda with formals always has Fused = 1 and a frame of its own: slot i for
// formal i in source order, then, if Arg is not zero, one for the whole set.
type Lambda struct {
	Arg        Symbol
	HasFormals bool
	Ellipsis   bool
	Fused      uint8
	Name       Symbol // of the attribute that the lambda is the value of, or zero
	At         Pos
	Formals    []Formal
	Body       Expr
}

// MaxFused is the largest number of lambdas that share a frame.
const MaxFused = 3

// Innermost returns the body of the last lambda of the group that l heads.
func (l *Lambda) Innermost() Expr {
	body := l.Body
	for range int(l.Fused) - 1 {
		body = body.(*Lambda).Body
	}
	return body
}

// FrameSize returns how many slots the frame of a group's head has.
func (l *Lambda) FrameSize() int {
	if !l.HasFormals {
		return int(l.Fused)
	}
	n := len(l.Formals)
	if l.Arg != 0 {
		n++
	}
	return n
}

// Op names an operator.
type Op uint8

// The operators. Those from OpSub on are calls of a primop, not [Binary].
const (
	OpNone   Op = iota
	OpEq        // ==
	OpNotEq     // !=
	OpAnd       // &&
	OpOr        // ||
	OpImpl      // ->
	OpUpdate    // //
	OpConcat    // ++

	OpSub      // a - b: __sub a b
	OpNegate   // -a: __sub 0 a
	OpMul      // a * b: __mul a b
	OpDiv      // a / b: __div a b
	OpLess     // a < b: __lessThan a b; a >= b is the negation
	OpGreater  // a > b: __lessThan b a; a <= b is the negation
	OpFindFile // <a>: __findFile __nixPath "a"
)

// Call is the application of Fun to Args, in turn. As in C++ Nix Fun is never
// itself a Call: "(f a) b" is one call with two arguments, and "(a - b) c" one
// with three.
//
// Op is not OpNone when the call was written as an operator. Fun is then a
// *Var named __sub, __mul, __div, __lessThan or __findFile with two arguments,
// and as in C++ Nix it means whatever that name is bound to: only if its Ref
// is RefGlobal is it sure to be the primop.
type Call struct {
	Fun  Expr
	Args []Expr
	At   Pos
	Op   Op
}

// Let is let ... in Body. Bindings is treated as recursive (though its Rec is
// false), has no dynamic attributes, and its frame is also that of Body.
type Let struct {
	Bindings *Attrs
	Body     Expr
}

// With is with Scope; Body. Scope is evaluated, lazily, in the outer frame;
// Body in a new frame whose single slot holds it.
type With struct {
	Scope Expr
	Body  Expr
	At    Pos
	// Outer is the next enclosing with, or nil; its frame is OuterLevel hops
	// up from the frame of this one. Filled in by resolve.
	Outer      *With
	OuterLevel uint32
}

// If is if Cond then Then else Else.
type If struct {
	Cond, Then, Else Expr
	At               Pos
}

// Assert is assert Cond; Body.
type Assert struct {
	Cond, Body Expr
	At         Pos
}

// Not is !X.
type Not struct{ X Expr }

// Binary is an operator with a node of its own: OpEq to OpConcat.
type Binary struct {
	Op          Op
	Left, Right Expr
	At          Pos // of the operator
}

// ConcatPart is an operand of [Concat].
type ConcatPart struct {
	At   Pos
	Expr Expr
}

// Concat joins its parts: a + b (two parts, ForceString false: numbers add up,
// a path stays a path), an interpolated string (ForceString: the result is a
// string), or an interpolated path (the first part is a *Path that keeps a
// final slash, the others give strings).
type Concat struct {
	ForceString bool
	Parts       []ConcatPart
	At          Pos
}

// CurPos is __curPos.
type CurPos struct{ At Pos }
