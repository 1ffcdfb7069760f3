package syntax_test

import (
	"errors"
	"strings"
	"testing"

	"isomorph/internal/nixlang/syntax"
)

// FuzzParse holds the parser against bison's automaton, which is independent of
// it: both must accept the same texts, and the parser's syntax errors must be
// the automaton's. What is accepted is printed and parsed again until the
// printed form no longer changes.
func FuzzParse(f *testing.F) {
	seeds := readSamples(f)
	for _, s := range seeds {
		f.Add(s.input)
	}
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, o, err := parse(text, stdin)
		grammarMsg, grammatical := syntax.GrammarAccepts([]byte(text), o)
		if err != nil {
			checkRefusal(t, text, err, grammarMsg, grammatical)
			return
		}
		if !grammatical {
			t.Fatalf("accepted %q; the grammar says: %s", text, grammarMsg)
		}
		settle(t, syntax.Print(e, o.Symbols))
	})
}

func checkRefusal(t *testing.T, text string, err error, grammarMsg string, grammatical bool) {
	var e *syntax.Error
	if !errors.As(err, &e) {
		t.Fatalf("%q: %v is no *syntax.Error", text, err)
	}
	if !e.At.IsValid() || e.At.Column > len(text)+1 {
		t.Fatalf("%q: no good position in: %v", text, err)
	}
	ofGrammar := strings.HasPrefix(e.Msg, "syntax error")
	if ofGrammar && (grammatical || e.Msg != grammarMsg) {
		t.Fatalf("%q: got %q; the grammar says: %q", text, e.Msg, grammarMsg)
	}
}

// settle parses and prints until nothing changes. The first printed form may
// change once or twice (a + b + c gets parentheses, 2.0 becomes 2), and it need
// not be Nix at all (assert gets no parentheses), but it must not go on.
func settle(t *testing.T, text string) {
	seen := []string{text}
	for range 6 {
		e, o, err := parse(text, stdin)
		if err != nil {
			return
		}
		next := syntax.Print(e, o.Symbols)
		if next == text {
			return
		}
		text = next
		seen = append(seen, text)
	}
	t.Fatalf("printing does not settle:\n%s", strings.Join(seen, "\n"))
}
