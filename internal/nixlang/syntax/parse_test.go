package syntax_test

import (
	"errors"
	"strings"
	"testing"

	"isomorph/internal/nixlang/syntax"
)

func parse(text string, o syntax.Options) (syntax.Expr, syntax.Options, error) {
	o.Symbols, o.Files = syntax.NewSymbols(), new(syntax.Files)
	e, err := syntax.Parse([]byte(text), o)
	return e, o, err
}

// What lies within the limit must be parsed, what lies beyond must be refused,
// in every construct that the parser recurses for.
func TestNestingLimit(t *testing.T) {
	for _, c := range []struct{ open, middle, shut string }{
		{"(", "1", ")"}, {"[", "", "]"}, {"{a=", "1", ";}"}, {"-", "1", ""}, {"!", "a", ""},
		{"x:", "1", ""}, {"{x}:", "1", ""}, {"{x?", "1", "}:1"}, {`"${`, "1", `}"`}, {"''${", "1", "}''"},
		{"if a then b else ", "1", ""}, {"with a;", "1", ""}, {"let a=", "1", ";in a"}, {"a++", "1", ""},
		{"a.b or a.", "b", ""}, {"./x${", "y", "}"}, {"{${", "a", "}=1;}"}, {"rec{a=", "1", ";}"},
	} {
		nest := func(n int) string {
			return strings.Repeat(c.open+" ", n) + c.middle + strings.Repeat(" "+c.shut, n)
		}
		if c.open == "x:" || c.open == "./x${" { // no URI, please; and no blank inside a path
			nest = func(n int) string {
				return strings.Repeat(c.open+" ", n) + c.middle + strings.Repeat(c.shut, n)
			}
		}
		if c.open == "a.b or a." {
			nest = func(n int) string { return strings.Repeat("a.b or ", n) + "c" }
		}
		if _, _, err := parse(nest(syntax.MaxDepth/2), stdin); err != nil {
			t.Errorf("%s: half the limit: %v", c.open, err)
		}
		_, _, err := parse(nest(2*syntax.MaxDepth+10), stdin)
		var refused *syntax.Error
		if !errors.As(err, &refused) || !strings.Contains(refused.Msg, "nested too deeply") || refused.Pos == 0 {
			t.Errorf("%s: twice the limit: got %v", c.open, err)
		}
	}
}

// Left-leaning chains are not nested: their length has no limit.
func TestLongChains(t *testing.T) {
	for _, link := range []string{" + a", " a", " // a", ".a"} {
		if link == " // a" {
			continue // leans to the right
		}
		if _, _, err := parse("a"+strings.Repeat(link, 50_000), stdin); err != nil {
			t.Errorf("%q: %v", link, err)
		}
	}
}

func TestHomePathInPureMode(t *testing.T) {
	o := stdin
	o.Home = ""
	_, _, err := parse("~/x", o)
	if got, want := err.Error(), "the path '~/x' can not be resolved in pure mode"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestBasePathIsCleaned(t *testing.T) {
	for base, want := range map[string]string{"/": "/x", "/a/../b/": "/b/x", "/b": "/b/x"} {
		o := stdin
		o.BasePath = base
		e, _, err := parse("./x", o)
		if err != nil {
			t.Fatal(err)
		}
		if got := e.(*syntax.Path).Value; got != want {
			t.Errorf("%s: got %s, want %s", base, got, want)
		}
	}
}

// Functions learn the name of the attribute they are defined as, for messages.
func TestLambdaNames(t *testing.T) {
	e, o, err := parse("let f = a: b: (c: 1); g.h = { x }: x; i = (j: 1) 2; in f", stdin)
	if err != nil {
		t.Fatal(err)
	}
	attrs := e.(*syntax.Let).Bindings.Attrs
	f := attrs[0].Value.(*syntax.Lambda)
	h := attrs[1].Value.(*syntax.Attrs).Attrs[0].Value.(*syntax.Lambda)
	i := attrs[2].Value.(*syntax.Call).Fun.(*syntax.Lambda)
	for got, want := range map[*syntax.Lambda]string{
		f: "f", f.Body.(*syntax.Lambda): "f", f.Body.(*syntax.Lambda).Body.(*syntax.Lambda): "f", h: "h", i: "",
	} {
		if name := o.Symbols.Name(got.Name); name != want {
			t.Errorf("got %q, want %q", name, want)
		}
	}
}

func TestOperatorCalls(t *testing.T) {
	for text, want := range map[string]syntax.Op{
		"a - b": syntax.OpSub, "-a": syntax.OpNegate, "a * b": syntax.OpMul, "a / b": syntax.OpDiv,
		"a < b": syntax.OpLess, "a > b": syntax.OpGreater, "<a>": syntax.OpFindFile,
		"__sub a b": syntax.OpNone, "(a - b) c": syntax.OpNone, "<a> { }": syntax.OpNone,
	} {
		e, _, err := parse(text, stdin)
		if err != nil {
			t.Fatal(err)
		}
		if got := e.(*syntax.Call).Op; got != want {
			t.Errorf("%s: got %d, want %d", text, got, want)
		}
	}
}
