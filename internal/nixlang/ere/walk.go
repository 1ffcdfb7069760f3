package ere

import "strings"

type walkResult uint8

const (
	walkDone walkResult = iota
	walkSlow            // the step limit was reached
	walkFull            // the stack limit was reached
)

// walk follows the automaton from pc at pos, depth first, with its own stack.
func (m *Matcher) walk(pc, pos int32) walkResult {
	prog, text := m.re.prog, m.text
	n := int32(len(text))
	steps, pause := m.steps, m.pause
	defer func() { m.steps = steps }()
	for {
		if steps++; steps > pause {
			if steps > m.limit {
				return walkSlow
			}
			pause = m.rest(steps)
		}
		in := &prog[pc]
		ok := true
		switch in.op {
		case opByte:
			if ok = pos < n && text[pos] == in.b; ok {
				pos++
			}
			pc = in.next
			if ok && m.table.on {
				ok = m.enter(pc, pos)
			}
		case opSet:
			if ok = pos < n && m.re.sets[in.arg].has(text[pos]); ok {
				pos++
			}
			pc = in.next
			if ok && m.table.on {
				ok = m.enter(pc, pos)
			}
		case opStar:
			set := &m.re.sets[in.arg]
			if m.table.on {
				// One byte a step, so that each place gets into the table.
				m.push(frame{kind: frameLoop, pc: in.next, pos: pos, found: m.found})
				if ok = pos < n && set.has(text[pos]); ok {
					pos++
					ok = m.enter(pc, pos)
				}
				break
			}
			least := pos
			for pos < n && set.has(text[pos]) {
				pos++
			}
			if pos > least {
				steps += int(pos-least) >> 3
				m.push(frame{kind: frameStar, pc: in.next, pos: pos - 1, extra: least, found: m.found})
			}
			pc = in.next
		case opSplit:
			m.push(frame{kind: frameSplit, pc: in.next, pos: pos})
			pc = in.alt
		case opLoop:
			m.push(frame{kind: frameLoop, pc: in.next, pos: pos, found: m.found})
			pc = in.alt
		case opCount:
			pc = m.countTurn(in, pos)
		case opOpen:
			g := &m.cur[in.arg]
			m.push(frame{kind: frameOpen, pc: in.arg, pos: int32(g.Start)})
			g.Start = int(pos)
			pc = in.next
		case opClose:
			g := &m.cur[in.arg]
			m.push(frame{kind: frameClose, pc: in.arg, pos: int32(g.Start), extra: int32(g.End)})
			g.End = int(pos)
			pc = in.next
		case opBol:
			ok = pos == 0
			pc = in.next
		case opEol:
			ok = pos == n
			pc = in.next
		case opAccept:
			if m.accepted(int(pos)) {
				m.abandon()
				return walkDone
			}
			ok = false
		}
		if ok {
			if len(m.stack) > maxFrames {
				return walkFull
			}
			continue
		}
		if pc, pos, ok = m.back(); !ok {
			return walkDone
		}
	}
}

// rest lets others interrupt a long match, and returns when to do so again.
func (m *Matcher) rest(steps int) (pause int) {
	if m.Poll != nil {
		m.Poll()
	}
	m.pause = min(m.limit, steps+pollSteps)
	return m.pause
}

func (m *Matcher) push(f frame) { m.stack = append(m.stack, f) }

// countTurn enters a loop whose body can be empty: at most twice at one place
// (the second time so that a group inside gets to match the empty string).
func (m *Matcher) countTurn(in *inst, pos int32) int32 {
	t := &m.turns[in.arg]
	again := t.count > 0 && t.pos == pos
	if again && t.count >= 2 {
		return in.next
	}
	m.push(frame{kind: frameLoop, pc: in.next, pos: pos, found: m.found})
	m.push(frame{kind: frameTurn, pc: in.arg, pos: t.pos, extra: t.count})
	if again {
		t.count++
	} else {
		*t = turn{pos, 1}
	}
	return in.alt
}

// back undoes the last steps up to the next thing to try.
func (m *Matcher) back() (pc, pos int32, ok bool) {
	for len(m.stack) > 0 {
		f := &m.stack[len(m.stack)-1]
		switch f.kind {
		case frameStar:
			if m.found == f.found {
				if pc, pos, ok := m.backStar(f); ok {
					return pc, pos, true
				}
			}
		case frameSplit:
			pc, pos = f.pc, f.pos
			m.stack = m.stack[:len(m.stack)-1]
			return pc, pos, true
		case frameLoop:
			if m.found == f.found {
				pc, pos = f.pc, f.pos
				m.stack = m.stack[:len(m.stack)-1]
				return pc, pos, true
			}
		case frameOpen:
			m.cur[f.pc].Start = int(f.pos)
		case frameClose:
			m.cur[f.pc] = Group{int(f.pos), int(f.extra)}
		case frameTurn:
			m.turns[f.pc] = turn{f.pos, f.extra}
		case frameMemo:
			if m.found != f.found {
				m.table.solve(f.index())
			}
		}
		m.stack = m.stack[:len(m.stack)-1]
	}
	return 0, 0, false
}

// backStar gives one byte back, or as many as it takes for the byte that must
// follow the loop to stand there.
func (m *Matcher) backStar(f *frame) (pc, pos int32, ok bool) {
	pc, pos = f.pc, f.pos
	if next := &m.re.prog[pc]; next.op == opByte {
		i := strings.LastIndexByte(m.text[f.extra:pos+1], next.b)
		if i < 0 {
			return 0, 0, false
		}
		pos = f.extra + int32(i)
	}
	if pos == f.extra {
		m.stack = m.stack[:len(m.stack)-1]
	} else {
		f.pos = pos - 1
	}
	return pc, pos, true
}
