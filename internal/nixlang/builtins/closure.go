package builtins

import (
	"slices"
	"strings"

	"isomorph/internal/nixlang/eval"
)

// primGenericClosure visits sets breadth first, each key once, in the order in
// which they are found.
func primGenericClosure(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	a := c.ForceAttrs(0, args[0], "while evaluating the first argument passed to builtins.genericClosure")
	start := c.GetAttr(a, eval.SymStartSet, "in the attrset passed as argument to builtins.genericClosure")
	work := c.ForceList(0, start.Value, "while evaluating the 'startSet' attribute passed as argument to builtins.genericClosure")
	if len(work) == 0 {
		return eval.EmptyList
	}
	at := c.GetAttr(a, eval.SymOperator, "in the attrset passed as argument to builtins.genericClosure")
	op := c.ForceFunction(0, at.Value, "while evaluating the 'operator' attribute passed as argument to builtins.genericClosure")
	work = slices.Clone(work)
	seen := keySet{}
	var found []eval.Value
	for i := 0; i < len(work); i++ {
		elem := work[i]
		if !seen.add(c, elem, closureKey(c, elem)) {
			continue
		}
		found = append(found, elem)
		c.PushTraceFunc(0, func() string {
			return "while calling operator on genericClosure element " + c.PrintForError(c.Force(elem))
		})
		next := c.ForceList(0, c.Call1(0, op, elem), "while evaluating the return value of the `operator` passed to builtins.genericClosure")
		for _, x := range next {
			c.Force(x)
		}
		work = append(work, next...)
		c.PopTrace()
	}
	return eval.List(found)
}

// closureKey returns the forced key of an element.
func closureKey(c *eval.Ctx, elem eval.Value) eval.Value {
	if v, ok := eval.Peek(elem); ok && v.Type() == eval.TypeSet {
		if key, ok := v.AsAttrs().Get(eval.SymKey); ok {
			return c.Force(key)
		}
	}
	c.PushTraceFunc(0, func() string { return "in genericClosure element " + c.PrintWith(elem, errorPrint) })
	key := c.GetAttr(c.ForceAttrs(0, elem, ""), eval.SymKey, "")
	c.PopTrace()
	return c.Force(key.Value)
}

// errorPrint is how values are shortened in messages.
var errorPrint = eval.PrintOptions{
	TrackRepeated: true, MaxDepth: 10, MaxAttrs: 10, MaxListItems: 10, MaxString: 1024, InlineErrors: true,
}

// keySet is the set of keys that genericClosure has met. Nix keeps them in a
// tree ordered by <, so that all of them must be comparable; keys that are all
// strings or all integers, as nearly always, are kept in a map.
type keySet struct {
	strings map[string]eval.Value // key -> element
	ints    map[int64]eval.Value
	sorted  []keyed
}

type keyed struct{ key, elem eval.Value }

// add adds a key; it reports false if that was there already.
func (s *keySet) add(c *eval.Ctx, elem, key eval.Value) bool {
	empty := s.strings == nil && s.ints == nil && s.sorted == nil
	switch {
	case key.IsString() && (empty || s.strings != nil):
		return addKey(&s.strings, key.AsString(), elem)
	case key.IsInt() && (empty || s.ints != nil):
		return addKey(&s.ints, key.AsInt(), elem)
	}
	s.toSorted()
	i, found := 0, false
	c.PushTraceFunc(0, func() string { return s.clash(c, elem, key) })
	c.PushTraceFunc(0, func() string { return s.clashesWith(c, key) })
	i, found = slices.BinarySearchFunc(s.sorted, key, func(k keyed, key eval.Value) int {
		return -c.Compare(0, key, k.key, "")
	})
	c.PopTrace()
	c.PopTrace()
	if !found {
		s.sorted = slices.Insert(s.sorted, i, keyed{key, elem})
	}
	return !found
}

func addKey[K comparable](m *map[K]eval.Value, key K, elem eval.Value) bool {
	if *m == nil {
		*m = map[K]eval.Value{}
	}
	if _, ok := (*m)[key]; ok {
		return false
	}
	(*m)[key] = elem
	return true
}

// toSorted turns the maps into the general form.
func (s *keySet) toSorted() {
	for k, e := range s.strings {
		s.sorted = append(s.sorted, keyed{eval.String(k), e})
	}
	for k, e := range s.ints {
		s.sorted = append(s.sorted, keyed{eval.Int(k), e})
	}
	if s.strings != nil || s.ints != nil {
		slices.SortFunc(s.sorted, func(a, b keyed) int {
			if a.key.IsString() {
				return strings.Compare(a.key.AsString(), b.key.AsString())
			}
			return compareInts(a.key.AsInt(), b.key.AsInt())
		})
	}
	s.strings, s.ints = nil, nil
}

func compareInts(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// clash and clashesWith describe which elements could not be compared.
func (s *keySet) clash(c *eval.Ctx, elem, key eval.Value) string {
	if s.clashesWith(c, key) == "" {
		return "while checking key of element " + c.PrintWith(elem, errorPrint)
	}
	return "while comparing element " + c.PrintWith(elem, errorPrint)
}

func (s *keySet) clashesWith(c *eval.Ctx, key eval.Value) string {
	for _, k := range s.sorted {
		if c.Try(func() { c.Compare(0, key, k.key, "") }) != nil {
			return "with element " + c.PrintWith(k.elem, errorPrint)
		}
	}
	return ""
}
