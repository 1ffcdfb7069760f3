package eval

import (
	"cmp"
	"slices"
)

// bestMatches returns the candidates closest to a name, as Nix chooses them
// (libutil/suggestions.cc): by edit distance and then by name, no more than
// five and none further away than two edits.
func bestMatches(name string, candidates []string) []string {
	type match struct {
		dist int
		name string
	}
	var ms []match
	for _, c := range candidates {
		ms = append(ms, match{editDistance(name, c), c})
	}
	slices.SortFunc(ms, func(a, b match) int {
		if c := cmp.Compare(a.dist, b.dist); c != 0 {
			return c
		}
		return cmp.Compare(a.name, b.name)
	})
	var out []string
	for _, m := range ms {
		if len(out) >= maxSuggestions || m.dist > maxEdits {
			break
		}
		out = append(out, m.name)
	}
	return out
}

const (
	maxSuggestions = 5
	maxEdits       = 2
)

// editDistance is the Levenshtein distance in bytes.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		prev := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := prev
			if a[i] != b[j] {
				cost++
			}
			prev = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// joinSuggestions writes "x", "one of a, b or c" as Nix does.
func joinSuggestions(s []string) string {
	switch len(s) {
	case 0:
		return ""
	case 1:
		return s[0]
	}
	out := "one of " + s[0]
	for _, x := range s[1 : len(s)-1] {
		out += ", " + x
	}
	return out + " or " + s[len(s)-1]
}
