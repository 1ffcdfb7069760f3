package syntax

import (
	"bytes"
	"strings"
)

// searchPath reads "<a/b>", which means __findFile __nixPath "a/b".
func (p *parser) searchPath() Expr {
	t := p.tok
	p.next()
	nixPath := p.vars.alloc()
	nixPath.Name = p.well.nixPath
	name := p.str(view(p.lex.text[t.start+1 : t.end-1]))
	return p.primop(OpFindFile, p.well.findFile, p.posOf(t), nixPath, name)
}

// path reads a path literal with its interpolations.
func (p *parser) path() Expr {
	t := p.tok
	e := p.paths.alloc()
	e.Value = p.pathStart(t)
	p.next()
	if p.tok.kind == tPathEnd {
		p.next()
		return e
	}
	mark := len(p.partStack)
	p.partStack = append(p.partStack, ConcatPart{p.posOf(t), e})
	p.interpolated(mark + 1)
	p.expect(tPathEnd)
	return p.popConcat(mark, p.posOf(t), false)
}

// pathStart makes the literal start of a path absolute. A final slash, which
// only stands before an interpolation, stays.
func (p *parser) pathStart(t token) string {
	literal := view(p.text(t))
	if t.kind == tHPath {
		if p.options.Home == "" {
			p.refuse(0, "the path '"+literal+"' can not be resolved in pure mode")
		}
		p.lintPath(literal)
		return p.options.Home + literal[1:]
	}
	p.lintPath(literal)
	abs := absolute(p.options.BasePath, literal)
	if len(literal) > 1 && literal[len(literal)-1] == '/' {
		abs += "/"
	}
	return abs
}

// absolute resolves a path literal lexically: empty and "." segments go, ".."
// takes the segment before along.
func absolute(base, literal string) string {
	var out []byte
	if literal[0] != '/' {
		out = make([]byte, 0, len(base)+len(literal)+1)
		out = append(out, base...)
		if len(out) == 1 {
			out = out[:0]
		}
	}
	for segment := range strings.SplitSeq(literal, "/") {
		switch segment {
		case "", ".":
		case "..":
			out = out[:max(0, bytes.LastIndexByte(out, '/'))]
		default:
			out = append(out, '/')
			out = append(out, segment...)
		}
	}
	if len(out) == 0 {
		return "/"
	}
	return view(out)
}
