package eval

// Formal describes one parameter of a function's set pattern.
type Formal struct {
	Name       Sym
	Pos        Pos
	HasDefault bool
}

// FunctionInfo describes a function as functionArgs, toXML and autocalling
// see it.
type FunctionInfo struct {
	Pos        Pos
	Name       Sym // of the attribute that it was written as, zero for none
	Arg        Sym // name of the argument as a whole, zero for none
	HasFormals bool
	Ellipsis   bool
	Formals    []Formal // in source order
}

// Describe describes a finished lambda; ok is false for every other value. A
// partially applied lambda looks like the function that it now is.
func (c *Ctx) Describe(f Value) (info FunctionInfo, ok bool) {
	applied := 0
	if f.kind() == kPartial {
		applied = len((*partial)(f.p).args)
		f = (*partial)(f.p).fn
	}
	if f.kind() != kLambda {
		return FunctionInfo{}, false
	}
	fn := (*closure)(f.p).fn
	p := fn.params[applied]
	info = FunctionInfo{Pos: p.pos, Name: p.name, Arg: p.arg, HasFormals: fn.hasFormals, Ellipsis: fn.ellipsis}
	for _, x := range fn.formals {
		info.Formals = append(info.Formals, Formal{x.name, x.pos, x.def != nil})
	}
	return info, true
}

// IsFunctor tells whether a finished value is a set that can be called.
func (c *Ctx) IsFunctor(v Value) bool { return v.kind() == kAttrs && v.AsAttrs().Has(SymFunctor) }

// AutoCall calls a function with the arguments that its pattern asks for, as
// the command line does with --arg; everything else is returned finished but
// otherwise as it is.
func (c *Ctx) AutoCall(v Value, args *Attrs) Value {
	v = c.Force(v)
	for c.IsFunctor(v) {
		at, _ := v.AsAttrs().GetAttr(SymFunctor)
		v = c.call1(c.Force(at.Value), v, at.Pos)
	}
	info, ok := c.Describe(v)
	if !ok || !info.HasFormals {
		return v
	}
	b := c.NewAttrs(len(info.Formals))
	if info.Ellipsis {
		for i := range args.Len() {
			b.SetAttr(args.At(i))
		}
	} else {
		for _, f := range info.Formals {
			if at, ok := args.GetAttr(f.Name); ok {
				b.SetAttr(at)
			} else if !f.HasDefault {
				panic(Errorf(KindMissingArg, f.Pos, autoCallText, c.ShowName(f.Name)))
			}
		}
	}
	return c.call1(v, b.Build(), info.Pos)
}

const autoCallText = `cannot evaluate a function that has an argument without a value ('%s')
Nix attempted to evaluate a function as a top level expression; in
this case it must have its arguments supplied either by default
values, or passed explicitly with '--arg' or '--argstr'. See
https://nix.dev/manual/nix/stable/language/syntax.html#functions.`
