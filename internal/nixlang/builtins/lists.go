package builtins

import (
	"slices"

	"isomorph/internal/nixlang/eval"
)

// listPrims are the builtins for lists.
func (l *Library) listPrims() []*eval.PrimOp {
	return []*eval.PrimOp{
		prim("__elemAt", "xs n", "Return element *n* of the list *xs*, counted from 0.", primElemAt),
		prim("__head", "list", "Return the first element of a list.", primHead),
		prim("__tail", "list", "Return a list without its first element.", primTail),
		prim("map", "f list", "Apply the function *f* to each element of a list.", primMap),
		prim("__filter", "f list", "Return the elements of a list for which *f* is true.", primFilter),
		prim("__elem", "x xs", "Tell whether an element of *xs* equals *x*.", primElem),
		prim("__concatLists", "lists", "Concatenate a list of lists.", primConcatLists),
		prim("__length", "e", "Return the length of a list.", primLength),
		prim("__foldl'", "op nul list", "Combine the elements of a list from the left with *op*, beginning with *nul*, evaluating each step.", primFoldl),
		prim("__any", "pred list", "Tell whether *pred* is true for an element of a list.", anyOrAll("any", true)),
		prim("__all", "pred list", "Tell whether *pred* is true for all elements of a list.", anyOrAll("all", false)),
		prim("__genList", "generator length", "Make a list of *length* elements, *generator* applied to 0, 1, ....", primGenList),
		prim("__sort", "comparator list", "Sort a list; *comparator* tells whether its first argument comes before its second. Equal elements keep their order.", l.primSort),
		prim("__partition", "pred list", "Return a set of the elements for which *pred* is true, `right`, and those for which it is not, `wrong`.", l.primPartition),
		prim("__groupBy", "f list", "Return a set of lists: the elements under the name that *f* gives them.", primGroupBy),
		prim("__concatMap", "f list", "Concatenate the lists that *f* makes of the elements.", primConcatMap),
	}
}

func primElemAt(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	n := c.ForceInt(0, args[1], "while evaluating the second argument passed to 'builtins.elemAt'")
	l := c.ForceList(0, args[0], "while evaluating the first argument passed to 'builtins.elemAt'")
	if n < 0 || n >= int64(len(l)) {
		fail("'builtins.elemAt' called with index %d on a list of size %d", n, len(l))
	}
	return c.Force(l[n])
}

func primHead(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	l := c.ForceList(0, args[0], "while evaluating the first argument passed to 'builtins.head'")
	if len(l) == 0 {
		fail("'builtins.head' called on an empty list")
	}
	return c.Force(l[0])
}

// primTail shares the elements: the rest of a list is a part of its slice.
func primTail(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	l := c.ForceList(0, args[0], "while evaluating the first argument passed to 'builtins.tail'")
	if len(l) == 0 {
		fail("'builtins.tail' called on an empty list")
	}
	return eval.List(l[1:])
}

func primMap(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	l := c.ForceList(0, args[1], "while evaluating the second argument passed to builtins.map")
	if len(l) == 0 {
		return eval.EmptyList
	}
	f := c.ForceFunction(0, args[0], "while evaluating the first argument passed to builtins.map")
	return c.LazyMap(f, l)
}

func primFilter(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	list := args[1]
	l := c.ForceList(0, list, "while evaluating the second argument passed to builtins.filter")
	if len(l) == 0 {
		return eval.EmptyList
	}
	f := c.ForceFunction(0, args[0], "while evaluating the first argument passed to builtins.filter")
	r := make([]eval.Value, 0, len(l))
	for _, x := range l {
		if c.ForceBool(0, c.Call1(0, f, x), "while evaluating the return value of the filtering function passed to builtins.filter") {
			r = append(r, x)
		}
	}
	if len(r) == len(l) {
		return c.Force(list)
	}
	return eval.List(slices.Clip(r))
}

func primElem(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	x := args[0]
	for _, y := range c.ForceList(0, args[1], "while evaluating the second argument passed to builtins.elem") {
		if c.Equal(x, y, 0) {
			return eval.True
		}
	}
	return eval.False
}

func primConcatLists(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	ls := c.ForceList(0, args[0], "while evaluating the first argument passed to builtins.concatLists")
	for _, x := range ls {
		c.ForceList(0, x, "while evaluating a value of the list passed to builtins.concatLists")
	}
	return concat(c, ls)
}

// concat makes one list of several, which have been forced; if only one of them
// has elements it is the result, uncopied.
func concat(c *eval.Ctx, lists []eval.Value) eval.Value {
	n, last := 0, eval.EmptyList
	for _, x := range lists {
		if v := c.Force(x); len(v.AsList()) > 0 {
			n += len(v.AsList())
			last = v
		}
	}
	if len(last.AsList()) == n {
		return last
	}
	c.CheckListSize(0, n)
	r := make([]eval.Value, 0, n)
	for _, x := range lists {
		r = append(r, c.Force(x).AsList()...)
	}
	return eval.List(r)
}

func primLength(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	return eval.Int(int64(len(c.ForceList(0, args[0], "while evaluating the first argument passed to builtins.length"))))
}

func primFoldl(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	f := c.ForceFunction(0, args[0], "while evaluating the first argument passed to builtins.foldlStrict")
	acc := args[1]
	for _, x := range c.ForceList(0, args[2], "while evaluating the third argument passed to builtins.foldlStrict") {
		acc = c.Call2(0, f, acc, x)
	}
	return c.Force(acc)
}

// anyOrAll makes any and all: both stop at the first answer that decides.
func anyOrAll(name string, decides bool) fn {
	first := "while evaluating the first argument passed to builtins." + name
	second := "while evaluating the second argument passed to builtins." + name
	result := "while evaluating the return value of the function passed to builtins." + name
	return func(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
		f := c.ForceFunction(0, args[0], first)
		for _, x := range c.ForceList(0, args[1], second) {
			if c.ForceBool(0, c.Call1(0, f, x), result) == decides {
				return eval.Bool(decides)
			}
		}
		return eval.Bool(!decides)
	}
}

func primGenList(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	n := c.ForceInt(0, args[1], "while evaluating the second argument passed to builtins.genList")
	if n < 0 {
		fail("cannot create list of size %d", n)
	}
	f := c.ForceFunction(0, args[0], "while evaluating the first argument passed to builtins.genList")
	c.CheckListSize(0, int(n))
	return c.LazyGen(f, int(n))
}

func (l *Library) primPartition(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	f := c.ForceFunction(0, args[0], "while evaluating the first argument passed to builtins.partition")
	var right, wrong []eval.Value
	for _, x := range c.ForceList(0, args[1], "while evaluating the second argument passed to builtins.partition") {
		c.Force(x)
		if c.ForceBool(0, c.Call1(0, f, x), "while evaluating the return value of the partition function passed to builtins.partition") {
			right = append(right, x)
		} else {
			wrong = append(wrong, x)
		}
	}
	return l.partRec.Make(c, eval.List(right), eval.List(wrong))
}

func primGroupBy(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	f := c.ForceFunction(0, args[0], "while evaluating the first argument passed to builtins.groupBy")
	index := map[eval.Sym]int{}
	var names []eval.Sym
	var groups [][]eval.Value
	for _, x := range c.ForceList(0, args[1], "while evaluating the second argument passed to builtins.groupBy") {
		name := c.Intern(c.ForceStringNoCtx(0, c.Call1(0, f, x), "while evaluating the return value of the grouping function passed to builtins.groupBy"))
		i, ok := index[name]
		if !ok {
			i = len(names)
			index[name] = i
			names, groups = append(names, name), append(groups, nil)
		}
		groups[i] = append(groups[i], x)
	}
	b := c.NewAttrs(len(names))
	for i, name := range names {
		b.Set(name, eval.List(groups[i]))
	}
	return b.Build()
}

func primConcatMap(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	f := c.ForceFunction(0, args[0], "while evaluating the first argument passed to builtins.concatMap")
	l := c.ForceList(0, args[1], "while evaluating the second argument passed to builtins.concatMap")
	at := eval.Pos(0)
	if info, ok := c.Describe(f); ok {
		at = info.Pos
	}
	lists := make([]eval.Value, len(l))
	total := 0
	for i, x := range l {
		lists[i] = c.Call1(0, f, x)
		total += len(c.ForceList(at, lists[i], "while evaluating the return value of the function passed to builtins.concatMap"))
		c.CheckListSize(0, total)
	}
	return concat(c, lists)
}
