package syntax

import "slices"

// fill derives the actions of a state.
func (a *automaton) fill(i int) {
	s := a.states[i]
	s.shifts = map[kind]int{}
	for sym, to := range s.next {
		if sym < gsym(numKinds) {
			s.shifts[kind(sym)] = to
		}
	}
	for k, it := range s.kernel {
		if len(a.rest(it)) == 0 {
			s.reduces = append(s.reduces, reduction{it.prod, a.ahead[i][k]})
		}
	}
	for n, set := range a.closure(s.kernel, a.ahead[i]) {
		for _, p := range a.byLeft[n] {
			if set != 0 && len(a.prods[p].right) == 0 {
				s.reduces = append(s.reduces, reduction{p, set})
			}
		}
	}
	slices.SortFunc(s.reduces, func(x, y reduction) int { return x.prod - y.prod })
	for r := range s.reduces {
		a.settle(s, &s.reduces[r])
	}
	s.chooseDefault()
}

// settle resolves conflicts between a reduction and shifts by precedence.
func (a *automaton) settle(s *lrState, r *reduction) {
	level := a.prods[r.prod].level
	r.ahead.all(func(k kind) {
		w := powers[k]
		if _, ok := s.shifts[k]; !ok || level == 0 || w.level == 0 {
			return
		}
		if w.level > level || w.level == level && w.side != left {
			r.ahead &^= 1 << k
		}
		if w.level < level || w.level == level && w.side != right {
			delete(s.shifts, k)
		}
		if w.level == level && w.side == neither {
			s.errors |= 1 << k
		}
	})
}

// chooseDefault makes the most frequent reduction the one for all tokens that
// have no other action.
func (s *lrState) chooseDefault() {
	s.fallback = -1
	most := 0
	for _, r := range s.reduces {
		n := 0
		r.ahead.all(func(k kind) {
			if _, ok := s.shifts[k]; !ok {
				n++
			}
		})
		if n > most {
			most, s.fallback = n, r.prod
		}
	}
}

// action says what to do in the state on a token.
func (s *lrState) action(k kind) (shift, reduce int) {
	if to, ok := s.shifts[k]; ok {
		return to, -1
	}
	if s.errors.has(k) {
		return -1, -1
	}
	for _, r := range s.reduces {
		if r.ahead.has(k) {
			return -1, r.prod
		}
	}
	return -1, s.fallback
}

// decided reports whether the state acts without looking at a token.
func (s *lrState) decided() bool {
	return len(s.shifts) == 0 && s.errors == 0 && len(s.reduces) == 1
}

// expected returns the tokens that have an action of their own.
func (s *lrState) expected() termSet {
	var set termSet
	for k := range s.shifts {
		set |= 1 << k
	}
	for _, r := range s.reduces {
		if r.prod != s.fallback {
			set |= r.ahead
		}
	}
	return set
}
