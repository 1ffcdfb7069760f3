package syntax

// uri reads a URI if there is one.
func (l *lexer) uri() (token, bool) {
	if !l.is(l.pos, classAlpha) {
		return token{}, false
	}
	i := l.skip(l.pos, classScheme)
	if l.at(i) != ':' || !l.is(i+1, classURI) {
		l.urless = i
		return token{}, false
	}
	return l.take(tURI, l.skip(i+1, classURI)), true
}

// path reads a path whose first segment ends at i, if there is one.
func (l *lexer) path(i int) (token, bool) {
	if l.at(i) != '/' {
		l.pathless = i
		return token{}, false
	}
	if !l.is(i+1, classPath) {
		if l.at(i+1) == '$' && l.at(i+2) == '{' {
			l.push(modePathSlash)
			return l.take(tPath, i+1), true
		}
		return token{}, false
	}
	end := l.segments(i)
	l.pushPath(end)
	return l.take(tPath, end), true
}

// segments skips (/segment)+ and then a slash if there is one.
func (l *lexer) segments(i int) int {
	for l.at(i) == '/' && l.is(i+1, classPath) {
		i = l.skip(i+1, classPath)
	}
	if l.at(i) == '/' {
		i++
	}
	return i
}

func (l *lexer) pushPath(end int) { l.push(pathMode(l.text[end-1])) }

func pathMode(last byte) mode {
	if last == '/' {
		return modePathSlash
	}
	return modePath
}

// homePath reads ~/a/b, or ~/ when an interpolation follows.
func (l *lexer) homePath() token {
	i := l.pos + 1
	switch {
	case l.at(i) != '/':
	case l.is(i+1, classPath):
		end := l.segments(i)
		l.pushPath(end)
		return l.take(tHPath, end)
	case l.at(i+1) == '$' && l.at(i+2) == '{':
		l.push(modePathSlash)
		return l.take(tHPath, i+1)
	}
	return l.take(tInvalid, i)
}

// inPath reads what follows a piece of a path.
func (l *lexer) inPath() token {
	m := l.stack[len(l.stack)-1]
	if l.at(l.pos) == '$' && l.at(l.pos+1) == '{' {
		l.replace(modePath)
		l.push(modeDefault)
		return l.take(tDollarCurly, l.pos+2)
	}
	if end := l.pathPiece(); end > l.pos {
		l.replace(pathMode(l.text[end-1]))
		return l.take(tStr, end)
	}
	if m == modePathSlash {
		return l.trailingSlash()
	}
	return l.pathEnd()
}

func (l *lexer) pathPiece() int {
	i := l.skip(l.pos, classPath)
	if l.at(i) != '/' {
		return i
	}
	if l.is(i+1, classPath) {
		return l.segments(i)
	}
	return i + 1
}

func (l *lexer) trailingSlash() token {
	t := l.fail(l.pos, "path has a trailing slash")
	if l.pos >= len(l.text) {
		t.start = l.before.start
	}
	return t
}

// pathEnd makes the empty token that ends a path. Upstream's has the place of
// the piece before; at the end of the text it goes back one match further, and
// takes along the place of the end of the text.
func (l *lexer) pathEnd() token {
	l.pop()
	if l.pos >= len(l.text) {
		l.prev = l.before
	}
	return token{kind: tPathEnd, start: l.prev.start, end: l.prev.end}
}
