package syntax

import (
	"strings"
	"sync"
)

// theAutomaton is a constant that is only computed when a text is refused.
var theAutomaton = sync.OnceValue(newAutomaton)

// maxExpected is how many expected tokens bison lists; of more it lists none.
const maxExpected = 4

// explain finds the error message for a text that parsing has refused: it runs
// the text through the LALR(1) automaton up to the token that does not fit.
func (p *parser) explain() *Error {
	a := theAutomaton()
	lex := newLexer(p.lex.text, p.lex.pipes)
	tok := lex.next()
	for stack := []int{0}; ; {
		s := a.states[stack[len(stack)-1]]
		if tok.kind == tError && !s.decided() {
			return p.files.NewError(p.posOf(tok), lex.problem)
		}
		shift, reduce := s.action(tok.kind)
		switch {
		case reduce > 0:
			prod := a.prods[reduce]
			stack = stack[:len(stack)-len(prod.right)]
			stack = append(stack, a.states[stack[len(stack)-1]].next[prod.left])
		case shift >= 0 && tok.kind != tEOF:
			stack = append(stack, shift)
			tok = lex.next()
		case shift >= 0: // accepted: the parser and the grammar disagree
			return p.syntaxError(p.tok, 0)
		default:
			return p.syntaxError(tok, s.expected())
		}
	}
}

func (p *parser) syntaxError(t token, expected termSet) *Error {
	var names []string
	expected.all(func(k kind) { names = append(names, kindNames[k]) })
	msg := "syntax error, unexpected " + kindNames[t.kind]
	if n := len(names); n > 0 && n <= maxExpected {
		msg += ", expecting " + strings.Join(names, " or ")
	}
	err := p.files.NewError(p.posOf(t), msg)
	err.Advice = p.advise(t, expected)
	return err
}
