package syntax

// slab allocates nodes of one type in growing chunks: a file makes thousands
// of nodes that live and die together.
type slab[T any] struct{ free []T }

const maxChunk = 128

func (s *slab[T]) alloc() *T {
	if len(s.free) == 0 {
		s.free = make([]T, s.chunk(1))
	}
	p := &s.free[0]
	s.free = s.free[1:]
	return p
}

// copy returns a copy of xs that has no spare capacity, nil for none.
func (s *slab[T]) copy(xs []T) []T {
	n := len(xs)
	if n == 0 {
		return nil
	}
	if n > len(s.free) {
		if n > maxChunk/4 {
			return append(make([]T, 0, n), xs...)
		}
		s.free = make([]T, s.chunk(n))
	}
	out := s.free[:n:n]
	copy(out, xs)
	s.free = s.free[n:]
	return out
}

// chunk returns the size of the next chunk: small for small files, whose slabs
// would otherwise be mostly waste.
func (s *slab[T]) chunk(atLeast int) int {
	size := max(4, 2*cap(s.free), atLeast)
	return max(min(size, maxChunk), atLeast)
}

// slabs holds one slab for each frequent node.
type slabs struct {
	ints    slab[Int]
	strs    slab[Str]
	vars    slab[Var]
	selects slab[Select]
	hasAttr slab[HasAttr]
	attrs   slab[Attrs]
	lists   slab[List]
	lambdas slab[Lambda]
	calls   slab[Call]
	lets    slab[Let]
	withs   slab[With]
	ifs     slab[If]
	asserts slab[Assert]
	nots    slab[Not]
	binary  slab[Binary]
	concats slab[Concat]
	paths   slab[Path]
	from    slab[InheritFrom]

	exprs   slab[Expr]
	names   slab[AttrName]
	parts   slab[ConcatPart]
	formals slab[Formal]
}
