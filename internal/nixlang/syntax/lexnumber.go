package syntax

// float returns the end of a floating-point literal, or 0: [1-9][0-9]*\.[0-9]*
// or 0?\.[0-9]+, and an exponent.
func (l *lexer) float() int {
	i := l.skip(l.pos, classDigit)
	if l.at(i) != '.' {
		return 0
	}
	switch whole := i - l.pos; {
	case whole > 0 && l.text[l.pos] != '0':
	case whole <= 1 && l.is(i+1, classDigit):
	default:
		return 0
	}
	i = l.skip(i+1, classDigit)
	if c := l.at(i); c == 'e' || c == 'E' {
		exp := i + 1
		if c := l.at(exp); c == '+' || c == '-' {
			exp++
		}
		if l.is(exp, classDigit) {
			i = l.skip(exp, classDigit)
		}
	}
	return i
}

func (l *lexer) checkInt(end int) token {
	if _, ok := parseInt(l.text[l.pos:end]); !ok {
		return l.fail(end, "invalid integer '%s'", l.text[l.pos:end])
	}
	return l.take(tInt, end)
}

func (l *lexer) checkFloat(end int) token {
	if _, ok := parseFloat(l.text[l.pos:end]); !ok {
		return l.fail(end, "invalid float '%s'", l.text[l.pos:end])
	}
	return l.take(tFloat, end)
}
