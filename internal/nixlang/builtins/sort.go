package builtins

import (
	"slices"
	"strings"

	"isomorph/internal/nixlang/eval"
)

func (l *Library) primSort(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	list := c.ForceList(0, args[1], "while evaluating the second argument passed to builtins.sort")
	if len(list) == 0 {
		return eval.EmptyList
	}
	f := c.ForceFunction(0, args[0], "while evaluating the first argument passed to builtins.sort")
	r := slices.Clone(list)
	for _, x := range r {
		c.Force(x)
	}
	if f == eval.PrimOpValue(l.less) {
		sortByOrder(c, r)
		return eval.List(r)
	}
	mergeSort(r, func(a, b eval.Value) bool {
		return c.ForceBool(0, c.Call2(0, f, a, b), "while evaluating the return value of the sorting function passed to builtins.sort")
	})
	return eval.List(r)
}

// sortByOrder sorts with lessThan as the comparator, without calling it.
func sortByOrder(c *eval.Ctx, r []eval.Value) {
	if !slices.ContainsFunc(r, func(v eval.Value) bool { return !c.Force(v).IsString() }) {
		sortStrings(c, r)
		return
	}
	mergeSort(r, func(a, b eval.Value) bool {
		return c.Compare(0, a, b, "while evaluating the ordering function passed to builtins.sort") < 0
	})
}

func sortStrings(c *eval.Ctx, r []eval.Value) {
	type item struct {
		text string
		v    eval.Value
	}
	items := make([]item, len(r))
	for i, v := range r {
		items[i] = item{c.Force(v).AsString(), v}
	}
	slices.SortStableFunc(items, func(a, b item) int { return strings.Compare(a.text, b.text) })
	for i := range items {
		r[i] = items[i].v
	}
}

// mergeSort sorts stably. Whatever nonsense less answers, the result is the
// elements in some order.
func mergeSort(v []eval.Value, less func(a, b eval.Value) bool) {
	mergeSortWith(v, make([]eval.Value, len(v)), less)
}

func mergeSortWith(v, buf []eval.Value, less func(a, b eval.Value) bool) {
	if len(v) <= 6 {
		insertionSort(v, less)
		return
	}
	mid := len(v) / 2
	mergeSortWith(v[:mid], buf[:mid], less)
	mergeSortWith(v[mid:], buf[mid:], less)
	if !less(v[mid], v[mid-1]) {
		return // in order already
	}
	copy(buf[:mid], v[:mid])
	left, right, out := buf[:mid], v[mid:], 0
	for len(left) > 0 && len(right) > 0 {
		if less(right[0], left[0]) {
			v[out], right = right[0], right[1:]
		} else {
			v[out], left = left[0], left[1:]
		}
		out++
	}
	copy(v[out:], left)
}

func insertionSort(v []eval.Value, less func(a, b eval.Value) bool) {
	for i := 1; i < len(v); i++ {
		for j := i; j > 0 && less(v[j], v[j-1]); j-- {
			v[j], v[j-1] = v[j-1], v[j]
		}
	}
}
