package eval

// The Force... functions force a value and check its type. what is the trace
// frame that an error gets, "while evaluating the first argument passed to
// builtins.foo", or "" for none; pos is where the value is used. The texts and
// the choice which errors get a position and which a frame are Nix's
// (libexpr/eval.cc).

// ForceInt returns an integer.
func (c *Ctx) ForceInt(pos Pos, v Value, what string) int64 {
	if w, ok := Peek(v); ok && w.IsInt() {
		return w.AsInt()
	}
	c.pushMsg(pos, what)
	w := c.ForceAt(v, pos)
	if !w.IsInt() {
		c.throwExpected("an integer", w, pos)
	}
	c.sp--
	return w.AsInt()
}

// ForceFloat returns the number of a float or an integer.
func (c *Ctx) ForceFloat(pos Pos, v Value, what string) float64 {
	c.pushMsg(pos, what)
	w := c.ForceAt(v, pos)
	if !w.isNumber() {
		c.throwExpected("a float", w, pos)
	}
	c.sp--
	return w.AsFloat()
}

// ForceBool returns a truth value.
func (c *Ctx) ForceBool(pos Pos, v Value, what string) bool {
	if w, ok := Peek(v); ok && w.kind() == kBool {
		return w.AsBool()
	}
	c.pushMsg(pos, what)
	w := c.ForceAt(v, pos)
	if w.kind() != kBool {
		c.throwExpected("a Boolean", w, pos)
	}
	c.sp--
	return w.AsBool()
}

// ForceString returns a string value with whatever context it has; for the
// text and the context apart see [Value.AsString] and [Value.Context].
func (c *Ctx) ForceString(pos Pos, v Value, what string) Value {
	if w, ok := Peek(v); ok && w.IsString() {
		return w
	}
	c.pushMsg(pos, what)
	w := c.ForceAt(v, pos)
	if !w.IsString() {
		c.throwExpected("a string", w, pos)
	}
	c.sp--
	return w
}

// ForceStringNoCtx returns the text of a string that may not have a context.
func (c *Ctx) ForceStringNoCtx(pos Pos, v Value, what string) string {
	w := c.ForceString(pos, v, what)
	if x := w.Context(); x != nil {
		panic(Errorf(KindEval, 0, "the string '%s' is not allowed to refer to a store path (such as '%s')",
			w.AsString(), x.elems[0].Display(c.st.opts.StoreDir)).With(pos, what))
	}
	return w.AsString()
}

// ForceAttrs returns a set.
func (c *Ctx) ForceAttrs(pos Pos, v Value, what string) *Attrs {
	w := c.ForceAt(v, pos)
	if w.kind() != kAttrs {
		panic(Errorf(KindType, 0, "expected a set but found %s: %s", c.ShowType(w), c.PrintForError(w)).With(pos, what).Advise("%s", c.adviceOn(w, aSet)))
	}
	return w.AsAttrs()
}

// ForceList returns the elements of a list; they are slots, not forced.
func (c *Ctx) ForceList(pos Pos, v Value, what string) []Value {
	w := c.ForceAt(v, pos)
	if w.kind() != kList {
		panic(Errorf(KindType, 0, "expected a list but found %s: %s", c.ShowType(w), c.PrintForError(w)).With(pos, what))
	}
	return w.AsList()
}

// ForceFunction returns something that can be called: a function, a builtin,
// or a set with __functor.
func (c *Ctx) ForceFunction(pos Pos, v Value, what string) Value {
	w, ok := Peek(v)
	if !ok || !w.IsFunction() {
		c.pushMsg(pos, what)
		w = c.ForceAt(v, pos)
		if !w.IsFunction() && !c.IsFunctor(w) {
			c.throwExpected("a function", w, pos)
		}
		c.sp--
	}
	if w.kind() == kLambda {
		w.n = uint64(kLambda) // it has been forced now: see earlyBit
	}
	return w
}

func (c *Ctx) throwExpected(want string, v Value, pos Pos) {
	panic(Errorf(KindType, pos, "expected %s but found %s: %s", want, c.ShowType(v), c.PrintForError(v)).Advise("%s", c.adviceOn(v, want)))
}

// GetAttr returns an attribute that a builtin cannot do without.
func (c *Ctx) GetAttr(a *Attrs, name Sym, what string) Attr {
	at, ok := a.GetAttr(name)
	if !ok {
		panic(Errorf(KindType, 0, "attribute '%s' missing", c.ShowName(name)).With(0, what))
	}
	return at
}

// ShowType describes a finished value in messages: its type with its article,
// and for strings and builtins a little more.
func (c *Ctx) ShowType(v Value) string {
	switch v.kind() {
	case kStringCtx:
		return "a string with context"
	case kPrimOp:
		return "the built-in function '" + v.AsPrimOp().ShortName() + "'"
	case kPartial:
		if p := v.AsPrimOp(); p != nil {
			return "the partially applied built-in function '" + p.ShortName() + "'"
		}
	}
	return v.Type().String()
}

// IsDerivation tells whether a finished value is a set whose type attribute is
// "derivation".
func (c *Ctx) IsDerivation(v Value) bool {
	if v.kind() != kAttrs {
		return false
	}
	at, ok := v.AsAttrs().GetAttr(SymType)
	if !ok {
		return false
	}
	t := c.ForceAt(at.Value, at.Pos)
	return t.IsString() && t.AsString() == "derivation"
}
