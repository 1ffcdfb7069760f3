package ere

import "strconv"

// nodeKind is the kind of a pattern tree node.
type nodeKind uint8

const (
	nodeEmpty nodeKind = iota
	nodeSet            // one byte of a set
	nodeBol
	nodeEol
	nodeCat
	nodeAlt
	nodeGroup
	nodeRepeat
)

// node is a pattern as a tree. size is the number of states libstdc++ gives it
// (what a copy of it would add), which decides when a pattern is too big.
type node struct {
	kind     nodeKind
	set      int // index in parser.sets
	group    int
	min, max int // of nodeRepeat; max < 0 means without end
	nullable bool
	shared   bool // x+: the loop goes over the same body, not over a copy
	size     int
	subs     []*node
}

// parser is a recursive-descent parser with one token of look-ahead. Nesting is
// bounded by the state limit: every group takes two states.
type parser struct {
	scanner
	sets   []byteSet
	index  map[byteSet]int
	groups int
	states int
	hasAlt bool
}

// frameStates are the states around the whole pattern: group 0 and accept.
const frameStates = 3

func (p *parser) parse() (*node, *Error) {
	p.index = map[byteSet]int{}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if err := p.grow(frameStates); err != nil {
		return nil, err
	}
	n, err := p.disjunction()
	if err != nil {
		return nil, err
	}
	if p.tok != tokEOF || p.state != stateNormal {
		return nil, invalid("unbalanced parenthesis or misplaced operator")
	}
	return n, nil
}

// grow counts states and refuses a pattern that needs too many.
func (p *parser) grow(n int) *Error {
	if n > maxStates || p.states > maxStates-n {
		return &Error{Kind: TooBig}
	}
	p.states += n
	return nil
}

func (p *parser) accept(t token) (bool, *Error) {
	if p.tok != t {
		return false, nil
	}
	return true, p.advance()
}

func (p *parser) disjunction() (*node, *Error) {
	n, err := p.branch()
	for err == nil && p.tok == tokOr {
		if err = p.advance(); err != nil {
			break
		}
		var right *node
		if right, err = p.branch(); err != nil {
			break
		}
		p.hasAlt = true
		if n.kind == nodeAlt {
			n.subs = append(n.subs, right)
		} else {
			n = &node{kind: nodeAlt, subs: []*node{n, right}, size: n.size, nullable: n.nullable}
		}
		n.size += right.size + 2
		n.nullable = n.nullable || right.nullable
		err = p.grow(2)
	}
	return n, err
}

// branch parses a sequence of terms, possibly none.
func (p *parser) branch() (*node, *Error) {
	cat := &node{kind: nodeCat, size: 1, nullable: true}
	for {
		t, err := p.term()
		if err != nil {
			return nil, err
		}
		if t == nil {
			return cat, p.grow(1)
		}
		cat.subs = append(cat.subs, t)
		cat.size += t.size
		cat.nullable = cat.nullable && t.nullable
	}
}

func (p *parser) term() (*node, *Error) {
	switch p.tok {
	case tokBol, tokEol:
		n := &node{kind: nodeBol, size: 1, nullable: true}
		if p.tok == tokEol {
			n.kind = nodeEol
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
		return n, p.grow(1)
	}
	n, err := p.atom()
	if err != nil || n == nil {
		return nil, err
	}
	for {
		q, err := p.quantifier(n)
		if err != nil {
			return nil, err
		}
		if q == nil {
			return n, nil
		}
		n = q
	}
}

func (p *parser) atom() (*node, *Error) {
	switch p.tok {
	case tokAny:
		return p.setNode(anyByte(), true)
	case tokChar:
		var s byteSet
		s.add(p.char)
		return p.setNode(s, true)
	case tokOpen:
		return p.group()
	case tokBracket, tokBracketNeg:
		s, err := p.bracket()
		if err != nil {
			return nil, err
		}
		return p.setNode(s, false)
	}
	return nil, nil
}

// setNode makes a node of a set; consume says that its token is still current.
func (p *parser) setNode(s byteSet, consume bool) (*node, *Error) {
	if consume {
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	i, ok := p.index[s]
	if !ok {
		i = len(p.sets)
		p.sets = append(p.sets, s)
		p.index[s] = i
	}
	return &node{kind: nodeSet, set: i, size: 1}, p.grow(1)
}

func (p *parser) group() (*node, *Error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	p.groups++
	g := &node{kind: nodeGroup, group: p.groups}
	if err := p.grow(2); err != nil {
		return nil, err
	}
	body, err := p.disjunction()
	if err != nil {
		return nil, err
	}
	if p.tok != tokClose {
		return nil, invalid("missing closing parenthesis")
	}
	g.subs, g.size, g.nullable = []*node{body}, body.size+2, body.nullable
	return g, p.advance()
}

// quantifier parses one repetition operator after n; nil when there is none.
func (p *parser) quantifier(n *node) (*node, *Error) {
	r := &node{kind: nodeRepeat, max: -1, subs: []*node{n}, nullable: true}
	own := 1
	switch p.tok {
	case tokStar:
	case tokPlus:
		r.min, r.nullable, r.shared = 1, n.nullable, true
	case tokOpt:
		r.max, own = 1, 2
	case tokBrace:
		return p.interval(r, n)
	default:
		return nil, nil
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	r.size = n.size + own
	return r, p.grow(own)
}

// interval parses {n}, {n,} and {n,m}; libstdc++ copies the body for each.
func (p *parser) interval(r, body *node) (*node, *Error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.tok != tokCount {
		return nil, invalid("a number must follow the opening brace")
	}
	low, bad := countValue(p.text)
	if bad != nil {
		return nil, bad
	}
	extra, endless := int64(0), false
	if err := p.advance(); err != nil {
		return nil, err
	}
	comma, err := p.accept(tokComma)
	if err != nil {
		return nil, err
	}
	if comma {
		if endless = p.tok != tokCount; !endless {
			high, bad := countValue(p.text)
			if bad != nil {
				return nil, bad
			}
			extra = high - low
			if err := p.advance(); err != nil {
				return nil, err
			}
		}
	}
	if p.tok != tokBraceEnd {
		return nil, invalid("missing closing brace")
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	return p.expand(r, body, max(low, 0), extra, endless)
}

func (p *parser) expand(r, body *node, low, extra int64, endless bool) (*node, *Error) {
	if low > maxStates || extra > maxStates {
		return nil, &Error{Kind: TooBig}
	}
	size := 1 + int(low)*body.size
	if endless {
		r.min, r.max = int(low), -1
		size += body.size + 1
	} else {
		if extra < 0 && p.states+size <= maxStates {
			return nil, invalid("the numbers in braces are out of order")
		}
		r.min, r.max = int(low), int(low+extra)
		size += int(extra)*(body.size+1) + 1
	}
	r.size, r.nullable = size, low == 0 || body.nullable
	return r, p.grow(size)
}

// countValue reads a number, which must be a C int as in libstdc++ since version
// 12. Before, it wrapped round.
func countValue(digits string) (int64, *Error) {
	n, err := strconv.ParseInt(digits, 10, 32)
	if err != nil {
		return 0, invalid("a number in braces is too large")
	}
	return n, nil
}
