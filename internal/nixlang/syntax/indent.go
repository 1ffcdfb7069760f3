package syntax

import "strings"

// indPiece is a part of an indented string: text, or an interpolation.
type indPiece struct {
	at   Pos
	expr Expr   // nil for text
	text string // not yet stripped
	// blank says that the text can hold indentation. Escapes and
	// interpolations cannot: they are the first thing on their line.
	blank bool
}

// indented reads ”...” and strips the indentation that all lines share.
func (p *parser) indented() Expr {
	at := p.posOf(p.tok)
	p.next()
	mark := len(p.pieces)
	for p.tok.kind != tIndClose {
		piece := indPiece{at: p.posOf(p.tok)}
		switch p.tok.kind {
		case tIndStr:
			piece.text, piece.blank = p.lex.value(p.tok), p.tok.sub == strIndent
			p.next()
		case tDollarCurly:
			piece.expr = p.interpolation()
		default:
			p.unexpected()
		}
		p.pieces = append(p.pieces, piece)
	}
	p.next()
	e := p.strip(at, p.pieces[mark:])
	p.pieces = p.pieces[:mark]
	return e
}

func (p *parser) strip(at Pos, pieces []indPiece) Expr {
	s := stripper{indent: minIndent(pieces), lineStart: true}
	mark := len(p.partStack)
	for i, piece := range pieces {
		if piece.expr != nil {
			s.lineStart, s.dropped = false, 0
			p.partStack = append(p.partStack, ConcatPart{piece.at, piece.expr})
			continue
		}
		text := s.strip(piece.text)
		if i == len(pieces)-1 {
			text = dropBlankLine(text)
		}
		if text != "" {
			p.partStack = append(p.partStack, ConcatPart{piece.at, p.str(text)})
		}
	}
	return p.popIndented(mark, at)
}

// popIndented makes a plain string where it can.
func (p *parser) popIndented(mark int, at Pos) Expr {
	parts := p.partStack[mark:]
	if len(parts) == 0 {
		return p.str("")
	}
	if s, ok := parts[0].Expr.(*Str); ok && len(parts) == 1 {
		p.partStack = p.partStack[:mark]
		return s
	}
	return p.popConcat(mark, at, true)
}

// minIndent returns the least number of spaces that a line starts with. Lines
// with nothing but spaces do not count, the last one included.
func minIndent(pieces []indPiece) int {
	least, current, lineStart := 1_000_000, 0, true
	for _, piece := range pieces {
		if !piece.blank {
			if lineStart {
				lineStart = false
				least = min(least, current)
			}
			continue
		}
		for i := range len(piece.text) {
			switch c := piece.text[i]; {
			case c == '\n':
				lineStart, current = true, 0
			case !lineStart:
			case c == ' ':
				current++
			default:
				lineStart = false
				least = min(least, current)
			}
		}
	}
	return least
}

// stripper removes indentation; it remembers the state between pieces.
type stripper struct {
	indent    int
	lineStart bool
	dropped   int // spaces seen on this line
}

// strip returns text less the indentation, sharing its memory where it can.
func (s *stripper) strip(text string) string {
	if s.indent == 0 || !s.lineStart && !strings.Contains(text, "\n") {
		return text // and the state does not matter or does not change
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\n':
			s.lineStart, s.dropped = true, 0
		case !s.lineStart:
		case c == ' ':
			if s.dropped++; s.dropped <= s.indent {
				continue
			}
		default:
			s.lineStart, s.dropped = false, 0
		}
		out = append(out, c)
	}
	return view(out)
}

// dropBlankLine removes the last line if there is nothing but spaces on it.
func dropBlankLine(text string) string {
	i := strings.LastIndexByte(text, '\n')
	if i >= 0 && strings.Trim(text[i+1:], " ") == "" {
		return text[:i+1]
	}
	return text
}
