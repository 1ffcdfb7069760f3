package builtins

import (
	"math"
	"math/bits"

	"isomorph/internal/nixlang/eval"
)

// numberPrims are the builtins for arithmetic.
func (l *Library) numberPrims() []*eval.PrimOp {
	l.less = prim("__lessThan", "e1 e2", "Tell whether *e1* is less than *e2*; like `e1 < e2`.", primLessThan)
	return []*eval.PrimOp{
		arithmetic("__add", "Return the sum of *e1* and *e2*.", addition),
		arithmetic("__sub", "Return the difference of *e1* and *e2*.", subtraction),
		arithmetic("__mul", "Return the product of *e1* and *e2*.", multiplication),
		prim("__div", "e1 e2", "Return the quotient of *e1* and *e2*, of integers without its fraction.", primDiv),
		bitwise("__bitAnd", "Return the bitwise AND of *e1* and *e2*.", func(a, b int64) int64 { return a & b }),
		bitwise("__bitOr", "Return the bitwise OR of *e1* and *e2*.", func(a, b int64) int64 { return a | b }),
		bitwise("__bitXor", "Return the bitwise XOR of *e1* and *e2*.", func(a, b int64) int64 { return a ^ b }),
		l.less,
		rounding("__ceil", "Return the smallest integer that is not less than *number*.", math.Ceil),
		rounding("__floor", "Return the largest integer that is not greater than *number*.", math.Floor),
	}
}

// operation is an arithmetic operation: its texts and its two forms.
type operation struct {
	first, second string // trace frames of the operands
	overflow      string
	ints          func(a, b int64) (r int64, ok bool)
	floats        func(a, b float64) float64
}

var addition = operation{
	"while evaluating the first argument of the addition", "while evaluating the second argument of the addition",
	"integer overflow in adding %d + %d",
	func(a, b int64) (int64, bool) { r := a + b; return r, (r > a) == (b > 0) },
	func(a, b float64) float64 { return a + b },
}

var subtraction = operation{
	"while evaluating the first argument of the subtraction", "while evaluating the second argument of the subtraction",
	"integer overflow in subtracting %d - %d",
	func(a, b int64) (int64, bool) { r := a - b; return r, (r < a) == (b > 0) },
	func(a, b float64) float64 { return a - b },
}

var multiplication = operation{
	"while evaluating the first argument of the multiplication", "while evaluating the second argument of the multiplication",
	"integer overflow in multiplying %d * %d",
	multiply,
	func(a, b float64) float64 { return a * b },
}

func multiply(a, b int64) (int64, bool) {
	abs := func(x int64) uint64 {
		if x < 0 {
			return -uint64(x)
		}
		return uint64(x)
	}
	hi, lo := bits.Mul64(abs(a), abs(b))
	negative := (a < 0) != (b < 0)
	limit := uint64(math.MaxInt64)
	if negative {
		limit++
	}
	return a * b, hi == 0 && lo <= limit
}

func arithmetic(name, doc string, op operation) *eval.PrimOp {
	return prim(name, "e1 e2", doc, func(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
		a, b := c.Force(args[0]), c.Force(args[1])
		if a.Type() == eval.TypeFloat || b.Type() == eval.TypeFloat {
			return eval.Float(op.floats(c.ForceFloat(0, a, op.first), c.ForceFloat(0, b, op.second)))
		}
		i, j := c.ForceInt(0, a, op.first), c.ForceInt(0, b, op.second)
		r, ok := op.ints(i, j)
		if !ok && c.Since(eval.OverflowRelease) {
			fail(op.overflow, i, j)
		}
		return eval.Int(r)
	})
}

func primDiv(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	const first, second = "while evaluating the first operand of the division", "while evaluating the second operand of the division"
	a, b := c.Force(args[0]), c.Force(args[1])
	d := c.ForceFloat(0, b, second)
	if d == 0 {
		fail("division by zero")
	}
	if a.Type() == eval.TypeFloat || b.Type() == eval.TypeFloat {
		return eval.Float(c.ForceFloat(0, a, first) / d)
	}
	i, j := c.ForceInt(0, a, first), c.ForceInt(0, b, second)
	if i == math.MinInt64 && j == -1 {
		fail("integer overflow in dividing %d / %d", i, j)
	}
	return eval.Int(i / j)
}

func bitwise(name, doc string, op func(a, b int64) int64) *eval.PrimOp {
	short := name[len("__"):]
	first := "while evaluating the first argument passed to builtins." + short
	second := "while evaluating the second argument passed to builtins." + short
	return prim(name, "e1 e2", doc, func(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
		return eval.Int(op(c.ForceInt(0, args[0], first), c.ForceInt(0, args[1], second)))
	})
}

func primLessThan(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	return eval.Bool(c.Compare(0, args[0], args[1], "") < 0)
}

// issue12899 begins the errors of ceil and floor for integers that a float
// cannot hold; Nix refuses them because older versions got them wrong.
const issue12899 = "Due to a bug (see https://github.com/NixOS/nix/issues/12899) "

func rounding(name, doc string, round func(float64) float64) *eval.PrimOp {
	what := "while evaluating the first argument passed to builtins." + name[len("__"):]
	return prim(name, "number", doc, func(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
		r := round(c.ForceFloat(0, args[0], what))
		v := c.Force(args[0])
		if fits := r >= math.MinInt64 && r < -math.MinInt64; !fits {
			if v.IsInt() {
				fail(issue12899+"the NixInt argument %d caused undefined behavior in previous Nix versions.\n\tFuture Nix versions might implement the correct behavior.", v.AsInt())
			}
			fail("NixFloat argument %s is not in the range of NixInt", eval.FormatFloat(v.AsFloat()))
		}
		if v.IsInt() && v.AsInt() != int64(r) {
			fail(issue12899+"a loss of precision occurred in previous Nix versions because the NixInt argument %d was rounded to %d.\n\tFuture Nix versions might implement the correct behavior.", v.AsInt(), int64(r))
		}
		return eval.Int(int64(r))
	})
}
