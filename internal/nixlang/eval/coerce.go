package eval

import (
	"strconv"
	"strings"
)

// CoerceFlags change how a value becomes a string.
type CoerceFlags uint8

// Without flags only strings, paths, and sets with __toString or outPath
// become strings, and paths are copied to the store, as in "${x}".
const (
	// CoerceMore also accepts null, Booleans, numbers and lists: toString and
	// derivation attributes.
	CoerceMore CoerceFlags = 1 << iota
	// CoerceNoCopy gives a path's own name instead of copying it.
	CoerceNoCopy
)

// CoerceToString turns a value into a string, collecting its context in ctx.
// what is the trace frame of errors, pos the place of the use.
func (c *Ctx) CoerceToString(pos Pos, v Value, ctx *ContextSet, what string, flags CoerceFlags) string {
	v = c.ForceAt(v, pos)
	switch v.kind() {
	case kString:
		return v.AsString()
	case kStringCtx:
		ctx.Add(v.Context())
		return v.AsString()
	}
	c.enter(pos)
	var s string
	switch v.kind() {
	case kPath:
		s = c.coercePath(pos, v, ctx, flags)
	case kAttrs:
		s = c.coerceSet(pos, v, ctx, what, flags)
	default:
		s = c.coerceOther(pos, v, ctx, what, flags)
	}
	c.depth--
	return s
}

// Coerce is CoerceToString for a single value: it returns the text and its
// context. It costs nothing when the value is a string already.
func (c *Ctx) Coerce(pos Pos, v Value, what string, flags CoerceFlags) (string, *Context) {
	if v = c.ForceAt(v, pos); v.IsString() {
		return v.AsString(), v.Context()
	}
	ctx := new(ContextSet)
	s := c.CoerceToString(pos, v, ctx, what, flags)
	return s, ctx.Context()
}

func (c *Ctx) coercePath(pos Pos, v Value, ctx *ContextSet, flags CoerceFlags) string {
	if flags&CoerceNoCopy != 0 {
		return v.AsString()
	}
	defer func() {
		if r := recover(); r != nil {
			if e, ok := r.(*Error); ok && e.use == 0 {
				e.use = pos
			}
			panic(r)
		}
	}()
	p, elem := c.CopyPath(v.AsString())
	ctx.AddElem(elem)
	return p
}

// CopyPath copies a path to the store by [Options.CopyPath].
func (c *Ctx) CopyPath(path string) (storePath string, elem ContextElem) {
	if strings.HasSuffix(path, ".drv") {
		panic(Errorf(KindEval, 0, "file names are not allowed to end in '.drv'"))
	}
	if c.st.opts.CopyPath == nil {
		panic(Errorf(KindOther, 0, "cannot copy '%s' to the store: there is no store", path))
	}
	return c.st.opts.CopyPath(c, path)
}

// coerceSet turns a set into a string. Almost all sets that it meets are
// derivations, for which [Ctx.Peel], with a function for each of its steps, would
// be four objects more.
func (c *Ctx) coerceSet(pos Pos, v Value, ctx *ContextSet, what string, flags CoerceFlags) string {
	a := v.AsAttrs()
	at, ok := a.GetAttr(SymOutPath)
	if !ok || a.Has(SymToString) || c.deep() {
		return c.coercePeeled(pos, v, ctx, what, flags)
	}
	w, ok := Peek(at.Value)
	if !ok {
		c.pushMsg(at.Pos, outPathEvaluated)
		w = c.ForceAt(at.Value, at.Pos)
		c.sp--
	}
	if !w.IsString() {
		return c.coercePeeled(pos, v, ctx, what, flags)
	}
	ctx.Add(w.Context())
	return w.AsString()
}

func (c *Ctx) coercePeeled(pos Pos, v Value, ctx *ContextSet, what string, flags CoerceFlags) string {
	var s string
	set := *ctx // and not ctx: what a function refers to is an object, and each ContextSet would be one
	c.Peel(pos, v, func(w Value) {
		if w.kind() == kAttrs {
			c.throwCoerce(pos, w, what)
		}
		s = c.CoerceToString(pos, w, &set, what, flags)
	})
	*ctx = set
	return s
}

const outPathEvaluated = "while evaluating the `outPath` attribute"

func (c *Ctx) throwCoerce(pos Pos, v Value, what string) {
	panic(Errorf(KindType, 0, "cannot coerce %s to a string: %s", c.ShowType(v), c.PrintForError(v)).With(pos, what).Advise("%s", c.adviceOn(v, aString)))
}

// Peel replaces a set by what its __toString returns or else by its outPath,
// as often as needed, and calls use with what is left: a value that is no set,
// or a set with neither. Errors of use get the frames of the way there.
func (c *Ctx) Peel(pos Pos, v Value, use func(Value)) { c.peel(pos, v, false, false, use) }

// PeelChecked is Peel for toJSON: it throws when a __toString returns something
// that is no string and does not lead to one.
func (c *Ctx) PeelChecked(pos Pos, v Value, use func(Value)) { c.peel(pos, v, true, false, use) }

// peel goes one step; cameByString says that a __toString is on the way here.
func (c *Ctx) peel(pos Pos, v Value, check, cameByString bool, use func(Value)) {
	v = c.ForceAt(v, pos)
	if v.kind() != kAttrs {
		if check && cameByString && !v.IsString() && v.kind() != kPath {
			panic(Errorf(KindType, pos, "`__toString` should return a string, but got %s: %s", c.ShowType(v), c.PrintForError(v)))
		}
		use(v)
		return
	}
	if at, ok := v.AsAttrs().GetAttr(SymToString); ok {
		c.pushMsg(at.Pos, "while calling the `__toString` attribute")
		r := c.call1(c.ForceAt(at.Value, at.Pos), v, at.Pos)
		c.sp--
		c.peelInto(pos, at.Pos, "while using the result of the `__toString` attribute", func() {
			c.peel(at.Pos, r, check, true, use)
		})
		return
	}
	if at, ok := v.AsAttrs().GetAttr(SymOutPath); ok {
		if _, ok := Peek(at.Value); !ok {
			c.pushMsg(at.Pos, outPathEvaluated)
			c.ForceAt(at.Value, at.Pos)
			c.sp--
		}
		c.peelInto(pos, at.Pos, "while using the `outPath` attribute", func() {
			c.peel(at.Pos, at.Value, check, cameByString, use)
		})
		return
	}
	if check && cameByString {
		panic(Errorf(KindType, pos, "`__toString` must return a string, but got %s: %s", c.ShowType(v), c.PrintForError(v)))
	}
	use(v)
}

func (c *Ctx) peelInto(pos, at Pos, frame string, next func()) {
	c.pushMsg(at, frame)
	c.enter(pos)
	c.Recurse(next)
	c.depth--
	c.sp--
}

func (c *Ctx) coerceOther(pos Pos, v Value, ctx *ContextSet, what string, flags CoerceFlags) string {
	if flags&CoerceMore != 0 {
		switch v.kind() {
		case kNull:
			return ""
		case kBool:
			if v.AsBool() {
				return "1"
			}
			return ""
		case kInt, kBigInt:
			return strconv.FormatInt(v.AsInt(), 10)
		case kFloat:
			return formatFixed(v.AsFloat())
		case kList:
			return c.coerceList(pos, v.AsList(), ctx, what, flags)
		}
	}
	c.throwCoerce(pos, v, what)
	return ""
}

// coerceList joins the elements with blanks. That there is none behind an
// element that is an empty list is an oddity of Nix that hashes depend on.
func (c *Ctx) coerceList(pos Pos, l []Value, ctx *ContextSet, what string, flags CoerceFlags) string {
	var b strings.Builder
	c.pushMsg(pos, what)
	for i, x := range l {
		if w, ok := Peek(x); ok && w.IsString() {
			ctx.Add(w.Context())
			b.WriteString(w.AsString())
		} else {
			b.WriteString(c.coerceElem(pos, x, ctx, flags))
		}
		if w := c.Force(x); i < len(l)-1 && (w.kind() != kList || w.size() > 0) {
			b.WriteByte(' ')
		}
	}
	c.sp--
	return b.String()
}

func (c *Ctx) coerceElem(pos Pos, x Value, ctx *ContextSet, flags CoerceFlags) string {
	const what = "while evaluating one element of the list"
	if c.deep() {
		return c.coerceDeep(pos, x, ctx, what, flags)
	}
	c.push(frame{kn: uint32(frNone)})
	s := c.CoerceToString(pos, x, ctx, what, flags)
	c.sp--
	return s
}

// coerceDeep is CoerceToString by Recurse.
func (c *Ctx) coerceDeep(pos Pos, x Value, ctx *ContextSet, what string, flags CoerceFlags) (s string) {
	set := *ctx // as in coercePeeled
	c.Recurse(func() { s = c.CoerceToString(pos, x, &set, what, flags) })
	*ctx = set
	return s
}

// CoerceToPath turns a value into an absolute path name: of a path, or the
// text of a string, which must be absolute.
func (c *Ctx) CoerceToPath(pos Pos, v Value, ctx *ContextSet, what string) string {
	if v = c.ForceAt(v, pos); v.kind() == kPath {
		return v.AsString()
	}
	var s string
	set := *ctx // as in coercePeeled
	c.Peel(pos, v, func(w Value) {
		if w.kind() == kPath {
			s = w.AsString()
			return
		}
		s = c.CoerceToString(pos, w, &set, what, CoerceNoCopy)
		if s == "" || s[0] != '/' {
			panic(Errorf(KindEval, 0, "string '%s' doesn't represent an absolute path", s).With(pos, what))
		}
		s = CanonPath(s)
	})
	*ctx = set
	return s
}

// CanonPath removes "." and "..", and slashes that do nothing, from an
// absolute path by its text alone.
func CanonPath(p string) string {
	var parts []string
	for part := range strings.SplitSeq(p, "/") {
		switch part {
		case "", ".":
		case "..":
			if len(parts) > 0 {
				parts = parts[:len(parts)-1]
			}
		default:
			parts = append(parts, part)
		}
	}
	return "/" + strings.Join(parts, "/")
}
