package eval

import "sync"

// mergePlan says how to make a // b for all a and b of two shapes: the shape
// of the result and, for each attribute, where it comes from: index i of a, or
// ^i of b.
type mergePlan struct {
	sh   *shape
	from []int32
}

type shapePair struct{ a, b *shape }

// mergeCache remembers plans of static shapes.
type mergeCache struct {
	mu    sync.RWMutex
	plans map[shapePair]*mergePlan
}

const (
	// maxMergeAttrs is the size of a merged set from which on a plan is not
	// worth its memory.
	maxMergeAttrs = 256
	// maxMergeGeneration bounds how often a shape may be made from a merged
	// one: a loop over // would otherwise make new shapes without end.
	maxMergeGeneration = 12
)

// update returns a // b.
func (c *Ctx) update(a, b *Attrs) *Attrs {
	c.Stats.Updates++
	if a.Len() == 0 {
		return b
	}
	if b.Len() == 0 {
		return a
	}
	if r := c.updateLayered(a, b); r != nil {
		return r
	}
	return c.updateFlat(a.flat(), b.flat())
}

// updateFlat returns a // b for flat sets as a flat set.
func (c *Ctx) updateFlat(a, b *Attrs) *Attrs {
	if planned(a, b) {
		return c.updatePlanned(a, b)
	}
	return c.updatePlain(a, b)
}

// planned tells whether it pays to remember how sets of two shapes are merged.
func planned(a, b *Attrs) bool {
	return a.sh.static && b.sh.static && a.Len()+b.Len() <= maxMergeAttrs
}

func (c *Ctx) updatePlanned(a, b *Attrs) *Attrs {
	m, key := &c.st.merges, shapePair{a.sh, b.sh}
	m.mu.RLock()
	plan := m.plans[key]
	m.mu.RUnlock()
	if plan == nil {
		c.Stats.MergeMisses++
		plan = c.mergeShapes(a.sh, b.sh)
		m.mu.Lock()
		if m.plans == nil {
			m.plans = map[shapePair]*mergePlan{}
		}
		m.plans[key] = plan
		m.mu.Unlock()
	} else {
		c.Stats.MergeHits++
	}
	r := newAttrs(plan.sh, 0)
	c.countUpdate(len(plan.from))
	for i, x := range plan.from {
		if x >= 0 {
			*r.slot(i) = *a.slot(int(x))
		} else {
			*r.slot(i) = *b.slot(int(^x))
		}
	}
	return r
}

func (c *Ctx) countUpdate(n int) {
	c.Stats.UpdateCopied += uint64(n)
	c.countSet(n)
}

// mergeShapes makes the plan of two shapes.
func (c *Ctx) mergeShapes(a, b *shape) *mergePlan {
	x, y := a.keys(), b.keys()
	n := len(x) + len(y)
	keys, pos := c.keys[:0], make([]Pos, 0, n)
	p := &mergePlan{from: make([]int32, 0, n)}
	i, j := 0, 0
	for i < len(x) || j < len(y) {
		if j == len(y) || i < len(x) && x[i] < y[j] {
			keys = append(keys, x[i])
			pos = append(pos, a.posAt(i))
			p.from = append(p.from, int32(i))
			i++
			continue
		}
		if i < len(x) && x[i] == y[j] {
			i++
		}
		keys = append(keys, y[j])
		pos = append(pos, b.posAt(j))
		p.from = append(p.from, int32(^j))
		j++
	}
	c.keys = keys
	if a.firstPos == nil && b.firstPos == nil {
		pos = nil
	}
	r := newShape(c.namesOf(keys), pos, false)
	for _, same := range [...]*shape{a, b} {
		if r.same(same) {
			p.sh = same // as in a loop that sets the same attributes over and over
			return p
		}
	}
	r.generation = max(a.generation, b.generation) + 1
	r.static = a.static && b.static && r.generation <= maxMergeGeneration
	p.sh = r
	return p
}
