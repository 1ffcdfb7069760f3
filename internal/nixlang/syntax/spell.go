package syntax

import (
	"cmp"
	"slices"
)

// Closest returns what a misspelt name may have been meant to be: up to five
// candidates, closest first, then by name. At most two letters may be added,
// removed, changed or swapped with a neighbour, and fewer than half of the name.
func Closest(name string, candidates []string) []string {
	type match struct {
		name  string
		edits int
	}
	limit := min(2, (len(name)-1)/2)
	var found []match
	for _, c := range candidates {
		if d := len(c) - len(name); d > limit || -d > limit {
			continue
		}
		if n := edits(name, c); n <= limit {
			found = append(found, match{c, n})
		}
	}
	slices.SortFunc(found, func(a, b match) int {
		return cmp.Or(cmp.Compare(a.edits, b.edits), cmp.Compare(a.name, b.name))
	})
	found = slices.Compact(found)
	var names []string
	for _, m := range found[:min(5, len(found))] {
		names = append(names, m.name)
	}
	return names
}

// edits is the Damerau-Levenshtein distance of two names, in bytes (optimal
// string alignment).
func edits(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			change := last[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
