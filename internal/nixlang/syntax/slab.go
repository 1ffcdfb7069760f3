package syntax

// slab allocates nodes of one type in growing chunks: a file makes thousands
// of nodes that live and die together. Chunks are small at first, because most
// files are.
type slab[T any] struct {
	free  []T
	last  int   // size of the last chunk
	used  [][]T // all chunks that were taken since the last reset
	spare [][]T // chunks of earlier trees, empty again
}

const maxChunk = 256

func (s *slab[T]) alloc() *T {
	if len(s.free) == 0 {
		s.refill(1)
	}
	p := &s.free[0]
	s.free = s.free[1:]
	return p
}

// reserve returns an empty slice with room for n.
func (s *slab[T]) reserve(n int) []T {
	if n > maxChunk/4 {
		return make([]T, 0, n)
	}
	if n > len(s.free) {
		s.refill(n)
	}
	out := s.free[:0:n]
	s.free = s.free[n:]
	return out
}

// copy returns a copy of xs that has no spare capacity, nil for none.
func (s *slab[T]) copy(xs []T) []T {
	if len(xs) == 0 {
		return nil
	}
	return append(s.reserve(len(xs)), xs...)
}

func (s *slab[T]) refill(atLeast int) {
	if n := len(s.spare); n > 0 && len(s.spare[n-1]) >= atLeast {
		s.free = s.spare[n-1]
		s.spare = s.spare[:n-1]
	} else {
		s.last = max(min(max(4, 2*s.last), maxChunk), atLeast)
		s.free = make([]T, s.last)
	}
	s.used = append(s.used, s.free)
}

// reset makes all chunks empty.
func (s *slab[T]) reset() {
	for _, c := range s.used {
		clear(c)
	}
	s.spare = append(s.spare, s.used...)
	s.used, s.free = s.used[:0], nil
}

// Nodes is memory for trees that are not needed for long: parsing takes it from
// there, and Reset makes it fit for the next tree. It serves one parser at a time.
type Nodes struct{ slabs }

// Reset takes back all trees that lie in the memory: no pointer into them may
// be used any more.
func (n *Nodes) Reset() {
	n.ints.reset()
	n.strs.reset()
	n.vars.reset()
	n.selects.reset()
	n.hasAttr.reset()
	n.attrs.reset()
	n.lists.reset()
	n.lambdas.reset()
	n.calls.reset()
	n.lets.reset()
	n.withs.reset()
	n.ifs.reset()
	n.asserts.reset()
	n.nots.reset()
	n.binary.reset()
	n.concats.reset()
	n.paths.reset()
	n.from.reset()
	n.exprs.reset()
	n.members.reset()
	n.names.reset()
	n.parts.reset()
	n.formals.reset()
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
	members slab[Attr]
	names   slab[AttrName]
	parts   slab[ConcatPart]
	formals slab[Formal]
}
