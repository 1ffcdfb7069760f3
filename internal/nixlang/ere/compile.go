package ere

import "math/bits"

// opcode is what an instruction does. Only opByte, opSet and opStar look at the
// text.
type opcode uint8

const (
	opAccept opcode = iota
	opByte          // one given byte
	opSet           // one byte of a set
	opStar          // as many bytes of a set as possible, then fewer
	opSplit         // alternative: alt, and then next in any case
	opLoop          // alt, and next only if alt led to no match
	opCount         // opLoop whose body can match the empty string
	opOpen          // start of a group
	opClose         // end of a group
	opBol
	opEol
)

// inst is one state of the automaton. arg is the set, group or loop number.
type inst struct {
	op        opcode
	b         byte
	arg       int32
	next, alt int32
	memo      int32 // number of the place in the table of failures, or -1
}

// compileProgram turns the tree into instructions, from the end to the start,
// so that every instruction knows its successor.
func compileProgram(re *Regexp, root *node, p *parser) {
	re.sets = p.sets
	g := &generator{re: re}
	accept := g.add(inst{op: opAccept})
	start := g.emit(root, accept)
	// The entry is the last instruction, wherever the tree put its first one.
	re.prog = append(re.prog, re.prog[start])
	if first, nullable := g.first(root); !nullable {
		re.first = &first
	}
	re.lit, re.literal = g.literalText(root)
	g.numberMemo()
}

type generator struct {
	re *Regexp
}

func (g *generator) add(i inst) int32 {
	g.re.prog = append(g.re.prog, i)
	return int32(len(g.re.prog) - 1)
}

// emit writes the instructions of n, which go on at next, and returns the entry.
func (g *generator) emit(n *node, next int32) int32 {
	switch n.kind {
	case nodeSet:
		i := inst{op: opSet, arg: int32(n.set), next: next}
		if b, ok := single(g.re.sets[n.set]); ok {
			i.op, i.b = opByte, b
		}
		return g.add(i)
	case nodeBol:
		return g.add(inst{op: opBol, next: next})
	case nodeEol:
		return g.add(inst{op: opEol, next: next})
	case nodeCat:
		for i := len(n.subs) - 1; i >= 0; i-- {
			next = g.emit(n.subs[i], next)
		}
		return next
	case nodeAlt:
		last := len(n.subs) - 1
		entry := g.emit(n.subs[last], next)
		for i := last - 1; i >= 0; i-- {
			entry = g.add(inst{op: opSplit, alt: g.emit(n.subs[i], next), next: entry})
		}
		return entry
	case nodeGroup:
		end := g.add(inst{op: opClose, arg: int32(n.group - 1), next: next})
		return g.add(inst{op: opOpen, arg: int32(n.group - 1), next: g.emit(n.subs[0], end)})
	case nodeRepeat:
		return g.emitRepeat(n, next)
	}
	return next
}

// emitRepeat writes min copies of the body followed by a loop, or by
// max-min optional copies each inside the one before.
func (g *generator) emitRepeat(n *node, next int32) int32 {
	body := n.subs[0]
	least := n.min
	if n.max < 0 {
		if body.kind == nodeSet {
			next = g.add(inst{op: opStar, arg: int32(body.set), next: next})
		} else {
			loop := g.loop(body, next)
			entry := g.emit(body, loop)
			g.re.prog[loop].alt = entry
			next = loop
			if n.shared {
				next = entry
				least--
			}
		}
	} else {
		end := next
		for i := n.min; i < n.max; i++ {
			l := g.loop(body, end)
			g.re.prog[l].alt = g.emit(body, next)
			next = l
		}
	}
	for range least {
		next = g.emit(body, next)
	}
	return next
}

func (g *generator) loop(body *node, next int32) int32 {
	i := inst{op: opLoop, next: next}
	if body.nullable {
		i.op, i.arg = opCount, int32(g.re.repeats)
		g.re.repeats++
	}
	return g.add(i)
}

// numberMemo gives a place in the table of failures to every instruction that
// is reached by reading a byte and may branch. Right after a byte no empty loop
// is under way, so whether a match is possible depends on the instruction and
// the position alone.
func (g *generator) numberMemo() {
	prog := g.re.prog
	for i := range prog {
		prog[i].memo = -1
	}
	places := int32(0)
	mark := func(pc int32) {
		if t := &prog[pc]; t.memo < 0 && t.op != opByte && t.op != opSet && t.op != opAccept {
			t.memo = places
			places++
		}
	}
	for i := range prog {
		switch prog[i].op {
		case opByte, opSet:
			mark(prog[i].next)
		case opStar:
			mark(int32(i))
		}
	}
	g.re.places = int(places)
}

// single returns the only byte of a set.
func single(s byteSet) (byte, bool) {
	n, at := 0, 0
	for i, w := range s {
		n += bits.OnesCount64(w)
		if w != 0 {
			at = i*64 + bits.TrailingZeros64(w)
		}
	}
	return byte(at), n == 1
}

// first returns the bytes with which a match of n can start, and whether it can
// be empty.
func (g *generator) first(n *node) (set byteSet, nullable bool) {
	switch n.kind {
	case nodeSet:
		return g.re.sets[n.set], false
	case nodeCat:
		for _, s := range n.subs {
			f, empty := g.first(s)
			set.union(&f)
			if !empty {
				return set, false
			}
		}
		return set, true
	case nodeAlt:
		for _, s := range n.subs {
			f, empty := g.first(s)
			set.union(&f)
			nullable = nullable || empty
		}
		return set, nullable
	case nodeGroup:
		return g.first(n.subs[0])
	case nodeRepeat:
		set, nullable = g.first(n.subs[0])
		return set, nullable || n.min == 0
	}
	return set, true
}

// literalText returns the text of a pattern that is nothing but text.
func (g *generator) literalText(n *node) (string, bool) {
	if n.kind != nodeCat {
		return "", false
	}
	text := make([]byte, 0, len(n.subs))
	for _, s := range n.subs {
		if s.kind != nodeSet {
			return "", false
		}
		b, ok := single(g.re.sets[s.set])
		if !ok {
			return "", false
		}
		text = append(text, b)
	}
	return string(text), true
}
