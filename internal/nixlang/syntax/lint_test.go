package syntax_test

import (
	"strings"
	"testing"

	"isomorph/internal/nixlang/syntax"
)

func TestLints(t *testing.T) {
	for _, c := range []struct{ text, setting, warning, fatal string }{
		{"a:b", "lint-url-literals",
			`URL literals are discouraged. Consider using a string literal "a:b" instead`,
			`URL literals are disallowed. Consider using a string literal "a:b" instead`},
		{"/a/b", "lint-absolute-path-literals",
			"absolute path literals are not portable. Consider replacing path literal '/a/b' by a string, relative path, or parameter", ""},
		{"~/b", "lint-absolute-path-literals",
			"home path literals are not portable. Consider replacing path literal '~/b' by a string, relative path, or parameter", ""},
		{"a/b", "lint-short-path-literals",
			"relative path literal 'a/b' should be prefixed with '.' for clarity: './a/b'", ""},
		{"./a", "", "", ""}, {"../a", "", "", ""}, {`"a:b"`, "", "", ""}, {"<a/b>", "", "", ""}, {"x: y", "", "", ""},
	} {
		if c.fatal == "" {
			c.fatal = c.warning
		}
		warned, err := lintAll(c.text, syntax.LintWarn)
		want := ""
		if c.setting != "" {
			want = c.warning + " (" + c.setting + ")\n         at «stdin»:1:1:\n              1| " + c.text + "\n               | ^\n"
		}
		if err != nil || warned != want {
			t.Errorf("%s: got %v and warning\n%s\nwant\n%s", c.text, err, warned, want)
		}
		warned, err = lintAll(c.text, syntax.LintFatal)
		switch {
		case warned != "":
			t.Errorf("%s: fatal, but warned: %s", c.text, warned)
		case c.setting == "" && err != nil:
			t.Errorf("%s: refused: %v", c.text, err)
		case c.setting != "" && (err == nil || !strings.HasPrefix(err.Error(), c.fatal+" ("+c.setting+")\n")):
			t.Errorf("%s: got %v, want %s", c.text, err, c.fatal)
		}
		if warned, err = lintAll(c.text, syntax.LintIgnore); err != nil || warned != "" {
			t.Errorf("%s: ignored, but got %v, %s", c.text, err, warned)
		}
	}
}

func lintAll(text string, level syntax.LintLevel) (warned string, err error) {
	o := stdin
	o.Lints = syntax.Lints{URLLiterals: level, AbsolutePathLiterals: level, ShortPathLiterals: level}
	o.Warn = func(msg string) { warned += msg + "\n" }
	_, _, err = parse(text, o)
	return warned, err
}

func TestParseLintLevel(t *testing.T) {
	for s, want := range map[string]syntax.LintLevel{"ignore": syntax.LintIgnore, "warn": syntax.LintWarn, "fatal": syntax.LintFatal} {
		if got, err := syntax.ParseLintLevel(s); got != want || err != nil {
			t.Errorf("%s: got %d, %v", s, got, err)
		}
	}
	if _, err := syntax.ParseLintLevel("error"); err == nil {
		t.Error("error: accepted")
	}
}
