package ere

// failures is the table of (instruction, position) pairs that were walked
// through before. Those that led to no match never will; those that led to a
// match need no second walk either, for it would end at the same place.
type failures struct {
	on      bool
	width   int64
	visited []uint64
	solved  []uint64
	list    []int64 // indices in solved, to be forgotten after the attempt
}

// start makes the table, false if it would be too big.
func (t *failures) start(places, length int, wantSolved bool) bool {
	t.width = int64(length) + 1
	size := t.width * int64(places)
	if size > maxTableBits {
		return false
	}
	t.visited = make([]uint64, size/64+1)
	if wantSolved {
		t.solved = make([]uint64, size/64+1)
	}
	t.on = true
	return true
}

// enter marks a place as walked through; false if it already was.
func (m *Matcher) enter(pc, pos int32) bool {
	place := m.re.prog[pc].memo
	if place < 0 {
		return true
	}
	t := &m.table
	i := int64(place)*t.width + int64(pos)
	if t.visited[i>>6]&(1<<(i&63)) != 0 {
		if t.solved != nil && t.solved[i>>6]&(1<<(i&63)) != 0 {
			m.found++
		}
		return false
	}
	t.visited[i>>6] |= 1 << (i & 63)
	if m.search {
		m.push(frame{kind: frameMemo, pos: int32(i >> 31), extra: int32(i & (1<<31 - 1)), found: m.found})
	}
	return true
}

func (f *frame) index() int64 { return int64(f.pos)<<31 | int64(f.extra) }

// solve notes that a match was found from here. In another attempt the place
// must be walked again, to find the groups.
func (t *failures) solve(i int64) {
	if t.solved != nil {
		t.solved[i>>6] |= 1 << (i & 63)
	}
	t.list = append(t.list, i)
}

func (t *failures) forgetSolved() {
	for _, i := range t.list {
		t.visited[i>>6] &^= 1 << (i & 63)
		if t.solved != nil {
			t.solved[i>>6] &^= 1 << (i & 63)
		}
	}
	t.list = t.list[:0]
}

// abandon stops a walk at a match: the places that are still under way led to
// it, so they are no failures.
func (m *Matcher) abandon() {
	if !m.table.on {
		return
	}
	for i := range m.stack {
		if f := &m.stack[i]; f.kind == frameMemo {
			m.table.solve(f.index())
		}
	}
}
