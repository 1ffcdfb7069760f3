package builtins

import "isomorph/internal/nixlang/eval"

// typePrims are the builtins that ask for the type of a value.
func typePrims() []*eval.PrimOp {
	is := func(name string, t eval.Type, doc string) *eval.PrimOp {
		return prim(name, "e", doc, func(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
			return eval.Bool(c.Force(args[0]).Type() == t)
		})
	}
	return []*eval.PrimOp{
		prim("__typeOf", "e", "Return the type of *e*: `int`, `bool`, `string`, `path`, `null`, `set`, `list`, `lambda` or `float`.", primTypeOf),
		is("isNull", eval.TypeNull, "Tell whether *e* is null. Deprecated: write `e == null`."),
		is("__isFunction", eval.TypeFunction, "Tell whether *e* is a function."),
		is("__isInt", eval.TypeInt, "Tell whether *e* is an integer."),
		is("__isFloat", eval.TypeFloat, "Tell whether *e* is a floating-point number."),
		is("__isString", eval.TypeString, "Tell whether *e* is a string."),
		is("__isBool", eval.TypeBool, "Tell whether *e* is a Boolean."),
		is("__isPath", eval.TypePath, "Tell whether *e* is a path."),
		is("__isAttrs", eval.TypeSet, "Tell whether *e* is an attribute set."),
		is("__isList", eval.TypeList, "Tell whether *e* is a list."),
	}
}

func primTypeOf(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	return eval.String(c.Force(args[0]).Type().Name())
}
