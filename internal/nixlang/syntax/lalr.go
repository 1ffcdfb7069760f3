package syntax

import (
	"math/bits"
	"slices"
	"strings"
)

// This file builds the LALR(1) automaton of a grammar as bison does, with its
// default reductions, because those decide which tokens a message calls
// expected. Method: LR(0) states, then look-ahead sets by propagation (Aho,
// Sethi, Ullman: Compilers, 4.7).

// termSet is a set of tokens, bit k for kind k. Bit hashBit is the "#" of the
// propagation algorithm, a mark that no token has.
type termSet uint64

const hashBit = 63

func (s termSet) has(k kind) bool { return s>>k&1 != 0 }

// all calls f for each token in ascending order.
func (s termSet) all(f func(kind)) {
	for ; s != 0; s &= s - 1 {
		f(kind(bits.TrailingZeros64(uint64(s))))
	}
}

// symbols of the grammar: tokens are their kind, nonterminals numKinds+i.
type gsym int

type production struct {
	left  gsym
	right []gsym
	level uint8 // precedence; 0: none
}

// item is a production with a dot in it.
type item struct{ prod, dot int }

type lrState struct {
	kernel []item
	next   map[gsym]int

	// After fill:
	shifts   map[kind]int
	reduces  []reduction
	errors   termSet // tokens refused by a %nonassoc
	fallback int     // production of the default reduction, or -1
}

type reduction struct {
	prod  int
	ahead termSet
}

type automaton struct {
	prods    []production
	byLeft   [][]int // productions of each nonterminal
	nullable []bool
	first    []termSet
	states   []*lrState
	ahead    [][]termSet // of each kernel item of each state
}

func newAutomaton() *automaton {
	a := &automaton{}
	a.read()
	a.computeFirst()
	a.buildStates()
	a.propagate()
	for i := range a.states {
		a.fill(i)
	}
	return a
}

// read parses grammarText. Production 0 is "$accept: start EOF".
func (a *automaton) read() {
	names := map[string]gsym{}
	nonterminal := func(name string) gsym {
		s, ok := names[name]
		if !ok {
			s = gsym(int(numKinds) + len(names))
			names[name] = s
			a.byLeft = append(a.byLeft, nil)
		}
		return s
	}
	add := func(p production) {
		i := int(p.left) - int(numKinds)
		a.byLeft[i] = append(a.byLeft[i], len(a.prods))
		a.prods = append(a.prods, p)
	}
	accept := nonterminal("$accept")
	add(production{left: accept, right: []gsym{nonterminal("start"), gsym(tEOF)}})
	var left gsym
	for line := range strings.Lines(strings.TrimSpace(grammarText)) {
		words := strings.Fields(line)
		if words[0] == "|" {
			words = words[1:]
		} else {
			left = nonterminal(words[0])
			words = words[2:]
		}
		p := production{left: left}
		for len(words) > 0 {
			if words[0] == "%prec" {
				p.level = map[string]uint8{"NOT": levelNot, "NEGATE": levelNegate}[words[1]]
				break
			}
			if k, ok := terminals[words[0]]; ok {
				p.right = append(p.right, gsym(k))
				p.level = powers[k].level
			} else {
				p.right = append(p.right, nonterminal(words[0]))
			}
			words = words[1:]
		}
		add(p)
	}
}

func (a *automaton) computeFirst() {
	a.nullable = make([]bool, len(a.byLeft))
	a.first = make([]termSet, len(a.byLeft))
	for changed := true; changed; {
		changed = false
		for _, p := range a.prods {
			n := int(p.left) - int(numKinds)
			set, empty := a.firstOf(p.right)
			set |= a.first[n]
			if set != a.first[n] || empty && !a.nullable[n] {
				a.first[n], a.nullable[n], changed = set, a.nullable[n] || empty, true
			}
		}
	}
}

// firstOf returns the tokens that can start what syms derive, and whether they
// derive nothing at all.
func (a *automaton) firstOf(syms []gsym) (set termSet, empty bool) {
	for _, s := range syms {
		if s < gsym(numKinds) {
			return set | 1<<s, false
		}
		n := int(s) - int(numKinds)
		set |= a.first[n]
		if !a.nullable[n] {
			return set, false
		}
	}
	return set, true
}

// rest returns the symbols behind the dot.
func (a *automaton) rest(it item) []gsym { return a.prods[it.prod].right[it.dot:] }

func (a *automaton) buildStates() {
	index := map[string]int{}
	intern := func(kernel []item) int {
		slices.SortFunc(kernel, func(x, y item) int {
			return (x.prod<<8 + x.dot) - (y.prod<<8 + y.dot)
		})
		key := make([]byte, 0, 2*len(kernel))
		for _, it := range kernel {
			key = append(key, byte(it.prod), byte(it.dot))
		}
		i, ok := index[string(key)]
		if !ok {
			i = len(a.states)
			index[string(key)] = i
			a.states = append(a.states, &lrState{kernel: kernel, next: map[gsym]int{}})
		}
		return i
	}
	intern([]item{{}})
	for i := 0; i < len(a.states); i++ {
		s := a.states[i]
		moves, order := a.moves(s)
		for _, sym := range order {
			s.next[sym] = intern(moves[sym])
		}
	}
}

// moves returns the kernels of the states that follow s, and their symbols in
// a fixed order.
func (a *automaton) moves(s *lrState) (moves map[gsym][]item, order []gsym) {
	moves = map[gsym][]item{}
	add := func(it item) {
		rest := a.rest(it)
		if len(rest) == 0 {
			return
		}
		if moves[rest[0]] == nil {
			order = append(order, rest[0])
		}
		moves[rest[0]] = append(moves[rest[0]], item{it.prod, it.dot + 1})
	}
	for _, it := range s.kernel {
		add(it)
	}
	for n, set := range a.closure(s.kernel, nil) {
		if set != 0 {
			for _, p := range a.byLeft[n] {
				add(item{p, 0})
			}
		}
	}
	return moves, order
}

// closure returns, for each nonterminal that the items can start with, the
// tokens that can follow it; all have at least the mark, others are zero.
// ahead are the look-ahead sets of the items; nil stands for the mark alone.
func (a *automaton) closure(items []item, ahead []termSet) []termSet {
	sets := make([]termSet, len(a.byLeft))
	var work []int
	spread := func(rest []gsym, follow termSet) {
		if len(rest) == 0 || rest[0] < gsym(numKinds) {
			return
		}
		set, empty := a.firstOf(rest[1:])
		if empty {
			set |= follow
		}
		n := int(rest[0]) - int(numKinds)
		if sets[n]|set != sets[n] {
			sets[n] |= set
			work = append(work, n)
		}
	}
	for i, it := range items {
		follow := termSet(1 << hashBit)
		if ahead != nil {
			follow = ahead[i]
		}
		spread(a.rest(it), follow)
	}
	for len(work) > 0 {
		n := work[len(work)-1]
		work = work[:len(work)-1]
		for _, p := range a.byLeft[n] {
			spread(a.prods[p].right, sets[n])
		}
	}
	return sets
}

// propagate computes the look-ahead sets of all kernel items.
func (a *automaton) propagate() {
	a.ahead = make([][]termSet, len(a.states))
	for i, s := range a.states {
		a.ahead[i] = make([]termSet, len(s.kernel))
	}
	for changed := true; changed; {
		changed = false
		for i, s := range a.states {
			sets := a.closure(s.kernel, a.ahead[i])
			for k, it := range s.kernel {
				changed = a.carry(s, it, a.ahead[i][k]) || changed
			}
			for n, set := range sets {
				for _, p := range a.byLeft[n] {
					if set != 0 {
						changed = a.carry(s, item{p, 0}, set) || changed
					}
				}
			}
		}
	}
}

// carry adds the look-ahead of an item of s to the item that follows it.
func (a *automaton) carry(s *lrState, it item, set termSet) (changed bool) {
	rest := a.rest(it)
	if len(rest) == 0 {
		return false
	}
	to := s.next[rest[0]]
	k := slices.Index(a.states[to].kernel, item{it.prod, it.dot + 1})
	old := a.ahead[to][k]
	a.ahead[to][k] |= set
	return a.ahead[to][k] != old
}
