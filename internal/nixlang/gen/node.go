package gen

import "strings"

// Node is a part of a program.
type Node struct {
	kind nodeKind
	// text stands around the children: one more than there are, except for a
	// sequence, where it is what stands before, between and after them.
	text  []string
	kids  []*Node
	tight bool // needs no parentheses as an operand
}

type nodeKind uint8

const (
	expression nodeKind = iota // may be replaced by another expression
	sequence                   // children may be left out
	part                       // a binding, a formal, a piece of a string
)

// String returns the text of the program.
func (n *Node) String() string {
	var b strings.Builder
	n.write(&b)
	return b.String()
}

func (n *Node) write(b *strings.Builder) {
	for i, k := range n.kids {
		switch {
		case n.kind != sequence || i == 0:
			b.WriteString(n.text[i])
		default:
			b.WriteString(n.text[1])
		}
		k.write(b)
	}
	if n.kind == sequence && len(n.kids) == 0 {
		b.WriteString(n.text[0])
	}
	b.WriteString(n.text[len(n.text)-1])
}

// form makes a node from a format in which "%" stands for a child, in
// parentheses unless it needs none, and "~" for one as it is.
func form(kind nodeKind, format string, kids ...*Node) *Node {
	n := &Node{kind: kind}
	start := 0
	for i := range len(format) {
		if format[i] != '%' && format[i] != '~' {
			continue
		}
		before, k := format[start:i], kids[len(n.kids)]
		if format[i] == '%' {
			k = k.operand()
		}
		n.text = append(n.text, before)
		n.kids = append(n.kids, k)
		start = i + 1
	}
	n.text = append(n.text, format[start:])
	return n
}

// ex makes an expression that needs parentheses as an operand, atom one that
// needs none.
func ex(format string, kids ...*Node) *Node { return form(expression, format, kids...) }

func atom(format string, kids ...*Node) *Node {
	n := ex(format, kids...)
	n.tight = true
	return n
}

// literal makes an atom of a text in which nothing stands for a child.
func literal(text string) *Node {
	return &Node{text: []string{text}, tight: true}
}

// piece makes a part.
func piece(format string, kids ...*Node) *Node { return form(part, format, kids...) }

// raw makes a part of a text in which nothing stands for a child.
func raw(text string) *Node { return &Node{kind: part, text: []string{text}} }

// seq makes a sequence.
func seq(before, between, after string, kids ...*Node) *Node {
	return &Node{kind: sequence, text: []string{before, between, after}, kids: kids, tight: true}
}

// operand returns n fit to be an operand.
func (n *Node) operand() *Node {
	if n.tight {
		return n
	}
	return &Node{text: []string{"(", ")"}, kids: []*Node{n}, tight: true}
}

// Size returns how many nodes there are.
func (n *Node) Size() int {
	size := 1
	for _, k := range n.kids {
		size += k.Size()
	}
	return size
}
