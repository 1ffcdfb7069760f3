package derivation

import (
	"cmp"
	"iter"
	"slices"
)

// Table is an association of names with values in the order in which a .drv
// file lists them, that of the names' bytes. A derivation is read from one end
// to the other far more often than something is looked up in it, and there are
// tens of thousands of them in an evaluation, so it is a sorted slice and no map.
//
// The nil Table is empty. A Table that was not made by [Table.Set] or [TableOf]
// must be sorted, without a name that is there twice.
type Table[K cmp.Ordered, V any] []Entry[K, V]

// Entry is a name with its value.
type Entry[K cmp.Ordered, V any] struct {
	Key   K
	Value V
}

// TableOf makes a table of a map.
func TableOf[K cmp.Ordered, V any](m map[K]V) Table[K, V] {
	t := make(Table[K, V], 0, len(m))
	for k, v := range m {
		t = append(t, Entry[K, V]{k, v})
	}
	slices.SortFunc(t, func(a, b Entry[K, V]) int { return cmp.Compare(a.Key, b.Key) })
	return t
}

// find returns where a name is, or where it would have to be.
func (t Table[K, V]) find(k K) (i int, found bool) {
	if n := len(t); n > 0 && t[n-1].Key < k {
		return n, false // names mostly come in their order
	}
	return slices.BinarySearchFunc(t, k, func(e Entry[K, V], k K) int { return cmp.Compare(e.Key, k) })
}

// Get returns the value of a name, and whether there is one.
func (t Table[K, V]) Get(k K) (v V, ok bool) {
	i, ok := t.find(k)
	if !ok {
		return v, false
	}
	return t[i].Value, true
}

// At returns the value of a name, the zero value if there is none.
func (t Table[K, V]) At(k K) V {
	v, _ := t.Get(k)
	return v
}

// Has tells whether there is a value for a name.
func (t Table[K, V]) Has(k K) bool {
	_, ok := t.find(k)
	return ok
}

// Set gives a name a value, in place of the one that it may have.
func (t *Table[K, V]) Set(k K, v V) {
	i, ok := t.find(k)
	if ok {
		(*t)[i].Value = v
		return
	}
	*t = slices.Insert(*t, i, Entry[K, V]{k, v})
}

// Delete removes a name with its value, if it is there.
func (t *Table[K, V]) Delete(k K) {
	if i, ok := t.find(k); ok {
		*t = slices.Delete(*t, i, i+1)
	}
}

// All iterates over names and values, sorted by name.
func (t Table[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for i := range t {
			if !yield(t[i].Key, t[i].Value) {
				return
			}
		}
	}
}

// Keys returns the names, sorted.
func (t Table[K, V]) Keys() []K {
	keys := make([]K, len(t))
	for i := range t {
		keys[i] = t[i].Key
	}
	return keys
}
