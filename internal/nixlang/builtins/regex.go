package builtins

import (
	"errors"
	"slices"

	"isomorph/internal/nixlang/ere"
	"isomorph/internal/nixlang/eval"
)

// regexPrims are the builtins for regular expressions.
func (l *Library) regexPrims() []*eval.PrimOp {
	return []*eval.PrimOp{
		prim("__match", "regex str", "Match the whole of *str* with a POSIX extended regular expression; return its groups, or null.", l.primMatch),
		prim("__split", "regex str", "Split *str* at the matches of a POSIX extended regular expression; return the parts with lists of the groups between them.", l.primSplit),
	}
}

// pattern is a compiled expression or the error that it gave.
type pattern struct {
	re  *ere.Regexp
	err error
}

// compile returns the compiled form of an expression; each is compiled once.
func (l *Library) compile(text string) *ere.Regexp {
	l.mu.Lock()
	p, ok := l.patterns[text]
	if !ok {
		p.re, p.err = ere.Compile(text)
		l.patterns[text] = p
	}
	l.mu.Unlock()
	failOn(p.err)
	return p.re
}

func failOn(err error) {
	if err == nil {
		return
	}
	var e *ere.Error
	if errors.As(err, &e) && e.Kind == ere.TooSlow {
		// Not for tryEval, like all limits.
		panic(eval.Errorf(eval.KindStackOverflow, 0, "%s", e.Error()))
	}
	fail("%s", err.Error())
}

// matcher returns a matcher from the stock, whose matches end when the
// evaluation does.
func (l *Library) matcher(c *eval.Ctx) *ere.Matcher {
	m := l.matchers.Get().(*ere.Matcher)
	m.Poll = c.Poll
	return m
}

func (l *Library) primMatch(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	re := l.compile(c.ForceStringNoCtx(0, args[0], "while evaluating the first argument passed to builtins.match"))
	s := c.ForceString(0, args[1], "while evaluating the second argument passed to builtins.match").AsString()
	m := l.matcher(c)
	groups, ok, err := m.Match(re, s)
	failOn(err)
	v := eval.Null
	if ok {
		v = groupList(s, groups)
	}
	l.matchers.Put(m)
	return v
}

// groupList makes the list of what the groups matched, null for those that took
// no part.
func groupList(s string, groups []ere.Group) eval.Value {
	r := make([]eval.Value, len(groups))
	for i, g := range groups {
		r[i] = eval.Null
		if g.Matched() {
			r[i] = eval.String(s[g.Start:g.End])
		}
	}
	return eval.List(r)
}

// partValues is about how much memory a part and the groups behind it take, in
// values of a list.
const partValues = 8

func (l *Library) primSplit(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	re := l.compile(c.ForceStringNoCtx(0, args[0], "while evaluating the first argument passed to builtins.split"))
	whole := c.ForceString(0, args[1], "while evaluating the second argument passed to builtins.split")
	s := whole.AsString()
	var r []eval.Value
	at := 0
	m := l.matcher(c)
	failOn(m.Split(re, s, func(start, end int, groups []ere.Group) {
		c.CheckListSize(0, partValues)
		if cap(r)-len(r) < 2 {
			c.CheckListSize(0, 2*cap(r))
			r = slices.Grow(r, len(r)+2)
		}
		r = append(r, eval.String(s[at:start]), groupList(s, groups))
		at = end
	}))
	l.matchers.Put(m)
	if r == nil {
		return eval.List([]eval.Value{whole}) // with its context
	}
	return eval.List(append(r, eval.String(s[at:])))
}
