package index

import (
	"fmt"
	"strings"

	"isomorph/internal/debian/version"
)

// Relation is one alternative of a dependency: a package and, if Op is not
// empty, a condition on its version.
type Relation struct {
	Name    string
	Op      string // "<<", "<=", "=", ">=", ">>" or ""
	Version string
}

// Accepts reports whether version v meets the condition.
func (r Relation) Accepts(v string) bool {
	return r.Op == "" || version.Satisfies(v, r.Op, r.Version)
}

// String gives the relation as a control file writes it.
func (r Relation) String() string {
	if r.Op == "" {
		return r.Name
	}
	return r.Name + " (" + r.Op + " " + r.Version + ")"
}

// ParseRelations reads the value of a field such as Depends: a conjunction of
// lists of alternatives (Policy 7.1). An architecture qualifier ("python3:any")
// is dropped: a lock has one architecture.
func ParseRelations(s string) ([][]Relation, error) {
	var all [][]Relation
	for _, clause := range strings.Split(s, ",") {
		clause = strings.TrimSpace(clause)
		if clause == "" {
			continue // a trailing comma is common
		}
		var alternatives []Relation
		for _, alt := range strings.Split(clause, "|") {
			r, err := parseRelation(strings.TrimSpace(alt))
			if err != nil {
				return nil, err
			}
			alternatives = append(alternatives, r)
		}
		all = append(all, alternatives)
	}
	return all, nil
}

func parseRelation(s string) (Relation, error) {
	name, cond, hasCond := strings.Cut(s, "(")
	name, _, _ = strings.Cut(strings.TrimSpace(name), ":")
	r := Relation{Name: name}
	if err := CheckName(name); err != nil {
		return r, fmt.Errorf("in %q: %w", s, err)
	}
	if !hasCond {
		return r, nil
	}
	cond, ok := strings.CutSuffix(cond, ")")
	op := strings.TrimLeft(cond, "<>=")
	r.Op, r.Version = cond[:len(cond)-len(op)], strings.TrimSpace(op)
	if !ok || !version.Satisfies("1", r.Op, "1") && r.Op != "<<" && r.Op != ">>" {
		return r, fmt.Errorf("%q is not a relation", s)
	}
	if err := version.Check(r.Version); err != nil {
		return r, fmt.Errorf("in %q: %w", s, err)
	}
	return r, nil
}
