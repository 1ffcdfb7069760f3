// Package solver chooses the packages that a set of roots needs.
//
// The result depends on the index, the roots and the exclusions only, never on
// the order in which roots were named. It is reached in two kinds of step:
//
//   - while a dependency of a chosen package is met by one package only, that
//     package is chosen;
//   - if none such is left, the first open dependency (of the packages sorted by
//     name, in the order of its field) takes its first alternative that can be
//     had: of the packages that meet it a root before others, then the real
//     package before those that provide it.
//
// So a choice is made only where Debian leaves one, and a package that is
// needed in any case settles the alternatives in which it appears. Each name
// has one version and there is no backtracking: an index that Debian publishes
// can be installed from (its own tests see to that), and what it cannot satisfy
// is an error with the chain that led there.
//
// Recommends, Conflicts and Essential play no part: a lock is the pool from
// which trees are made, not one installation.
package solver

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"isomorph/internal/debian/index"
)

// Request says what is wanted.
type Request struct {
	Roots []string
	// Exclude names packages that are never taken; a dependency that one of
	// them would meet counts as met.
	Exclude []string
}

// Choice is one chosen package.
type Choice struct {
	Package *index.Package
	Depends []string // names of the packages that meet its dependencies, sorted
}

// Unsatisfied is the error for a root or dependency that nothing meets.
type Unsatisfied struct {
	Relation string
	Chain    []string // from a root to the package that has the dependency
}

// Error names what is missing and who asked for it.
func (e *Unsatisfied) Error() string {
	if len(e.Chain) == 0 {
		return fmt.Sprintf("no package %q in the index", e.Relation)
	}
	return fmt.Sprintf("nothing in the index meets %q, needed by %s", e.Relation, strings.Join(e.Chain, " -> "))
}

// Solve returns the chosen packages by name.
func Solve(x *index.Index, req Request) (map[string]*Choice, error) {
	s := &state{
		index:   x,
		roots:   map[string]bool{},
		exclude: map[string]bool{},
		chosen:  map[string]*node{},
	}
	for _, name := range req.Exclude {
		s.exclude[name] = true
	}
	if err := s.addRoots(req.Roots); err != nil {
		return nil, err
	}
	for {
		if err := s.propagate(); err != nil {
			return nil, err
		}
		if done, err := s.decide(); err != nil || done {
			return s.result(), err
		}
	}
}

type node struct {
	pkg    *index.Package
	parent *node
	open   [][]index.Relation // dependencies not settled yet
	all    [][]index.Relation
}

type state struct {
	index   *index.Index
	roots   map[string]bool
	exclude map[string]bool
	chosen  map[string]*node
	fresh   []*node // chosen since the last round of propagate
}

func (s *state) addRoots(roots []string) error {
	sorted := slices.Clone(roots)
	sort.Strings(sorted)
	for _, name := range sorted {
		s.roots[name] = true
		p := s.index.Package(name)
		if p == nil {
			return &Unsatisfied{Relation: name}
		}
		if s.exclude[name] {
			return fmt.Errorf("package %q is asked for and excluded", name)
		}
		if err := s.choose(p, nil); err != nil {
			return err
		}
	}
	return nil
}

func (s *state) choose(p *index.Package, parent *node) error {
	if s.chosen[p.Name] != nil {
		return nil
	}
	deps, err := index.ParseRelations(p.Depends)
	if err != nil {
		return fmt.Errorf("Depends of %s: %w", p.Name, err)
	}
	n := &node{pkg: p, parent: parent, open: deps, all: deps}
	s.chosen[p.Name] = n
	s.fresh = append(s.fresh, n)
	return nil
}

// propagate settles all dependencies that leave no choice. Only packages new
// since the last round are looked at: what left a choice before still does,
// unless it has been met in the meantime, and that decide sees.
func (s *state) propagate() error {
	for len(s.fresh) > 0 {
		n := s.fresh[0]
		s.fresh = s.fresh[1:]
		var open [][]index.Relation
		for _, clause := range n.open {
			candidates := s.candidates(clause)
			if s.met(clause, candidates) {
				continue
			}
			switch len(candidates) {
			case 0:
				return &Unsatisfied{Relation: clauseString(clause), Chain: n.chain()}
			case 1:
				if err := s.choose(candidates[0], n); err != nil {
					return err
				}
			default:
				open = append(open, clause)
			}
		}
		n.open = open
	}
	return nil
}

// decide takes the first alternative of the first open dependency. It reports
// true if none is open.
func (s *state) decide() (done bool, err error) {
	for _, name := range s.names() {
		n := s.chosen[name]
		for len(n.open) > 0 {
			clause := n.open[0]
			n.open = n.open[1:]
			candidates := s.candidates(clause)
			if s.met(clause, candidates) {
				continue
			}
			return false, s.choose(candidates[0], n)
		}
	}
	return true, nil
}

// candidates returns the packages that meet one of the alternatives, in order,
// each once, excluded ones left out.
func (s *state) candidates(clause []index.Relation) []*index.Package {
	var out []*index.Package
	for _, r := range clause {
		for _, p := range s.rootsFirst(s.index.Providers(r)) {
			if !s.exclude[p.Name] && !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
	}
	return out
}

// rootsFirst moves packages that were asked for by name to the front: who asks
// for gcc-12 wants it as the C compiler too, even if clang is there.
func (s *state) rootsFirst(list []*index.Package) []*index.Package {
	sort.SliceStable(list, func(i, j int) bool {
		return s.roots[list[i].Name] && !s.roots[list[j].Name]
	})
	return list
}

// met reports whether an excluded or a chosen package meets the clause.
func (s *state) met(clause []index.Relation, candidates []*index.Package) bool {
	return s.dropped(clause) || s.meeting(candidates) != nil
}

// meeting returns the first chosen candidate.
func (s *state) meeting(candidates []*index.Package) *index.Package {
	for _, p := range candidates {
		if s.chosen[p.Name] != nil {
			return p
		}
	}
	return nil
}

// dropped reports whether an excluded package would meet the clause. The
// exclusion also counts by name alone, for a package that the index lacks.
func (s *state) dropped(clause []index.Relation) bool {
	if len(s.exclude) == 0 {
		return false
	}
	for _, r := range clause {
		if s.exclude[r.Name] {
			return true
		}
		for _, p := range s.index.Providers(r) {
			if s.exclude[p.Name] {
				return true
			}
		}
	}
	return false
}

func (s *state) names() []string {
	names := make([]string, 0, len(s.chosen))
	for n := range s.chosen {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// result fills in which chosen package meets each dependency, seen from the
// end: the first alternative that was chosen at all.
func (s *state) result() map[string]*Choice {
	out := map[string]*Choice{}
	for name, n := range s.chosen {
		c := &Choice{Package: n.pkg, Depends: []string{}}
		for _, clause := range n.all {
			if s.dropped(clause) {
				continue
			}
			if p := s.meeting(s.candidates(clause)); p != nil && p.Name != name {
				c.Depends = append(c.Depends, p.Name)
			}
		}
		sort.Strings(c.Depends)
		c.Depends = slices.Compact(c.Depends)
		out[name] = c
	}
	return out
}

// chain lists the names from a root to n.
func (n *node) chain() []string {
	var names []string
	for ; n != nil; n = n.parent {
		names = append(names, n.pkg.Name)
	}
	slices.Reverse(names)
	return names
}

func clauseString(clause []index.Relation) string {
	var parts []string
	for _, r := range clause {
		parts = append(parts, r.String())
	}
	return strings.Join(parts, " | ")
}
