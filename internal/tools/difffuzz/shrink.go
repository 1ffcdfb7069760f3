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
		i := slices.IndexFunc(found, func(f difference) bool { return f.form == d.form })
		if i < 0 {
			return d
		}
		tree, d = trees[found[i].index], found[i]
	}
	return d
}
