package main

import (
	"cmp"
	"context"
	"slices"

	"isomorph/internal/nixlang/gen"
)

// rounds limits how often a program is made smaller.
const rounds = 30

// candidates limits how many programs of a round are compared.
const candidates = 150

// shrink makes a program that differs as small as it can. All smaller programs
// of a round are compared in one batch, and the smallest that differs is gone
// on with.
func (o *options) shrink(ctx context.Context, tree *gen.Node, d difference) difference {
	for range rounds {
		trees := tree.Shrink()
		slices.SortStableFunc(trees, func(a, b *gen.Node) int { return cmp.Compare(a.Size(), b.Size()) })
		if len(trees) > candidates {
			trees = trees[:candidates]
		}
		texts := make([]string, len(trees))
		for i, t := range trees {
			texts[i] = t.String()
		}
		found, err := o.compare(ctx, texts, d.form)
		if err != nil {
			return d // as small as it got
		}
		smaller, ok := o.firstConfirmed(ctx, found, d.form)
		if !ok {
			return d
		}
		tree, d = trees[smaller.index], smaller
	}
	return d
}

// tries limits how many of the smaller programs that differ in a batch are
// compared alone.
const tries = 5

func (o *options) firstConfirmed(ctx context.Context, found []difference, f form) (difference, bool) {
	found = slices.DeleteFunc(found, func(d difference) bool { return d.form != f })
	for _, d := range found[:min(len(found), tries)] {
		if alone, ok, err := o.confirm(ctx, d); ok && err == nil {
			return alone, true
		}
	}
	return difference{}, false
}
