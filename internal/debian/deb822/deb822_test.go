package deb822_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"isomorph/internal/debian/deb822"
)

func readAll(text string, mode deb822.Mode) ([]deb822.Stanza, error) {
	r := deb822.NewReader(strings.NewReader(text), mode)
	var out []deb822.Stanza
	for {
		s, err := r.Next()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		out = append(out, s)
	}
}

func TestRead(t *testing.T) {
	cases := map[string]struct {
		text string
		mode deb822.Mode
		want []deb822.Stanza
	}{
		"empty":       {"", deb822.Strict, nil},
		"only blanks": {"\n\n\n", deb822.Strict, nil},
		"two stanzas": {"A: 1\nB:2\n\n\nA: 3\n", deb822.Strict, []deb822.Stanza{{{"A", "1"}, {"B", "2"}}, {{"A", "3"}}}},
		"no last end": {"A: 1", deb822.Strict, []deb822.Stanza{{{"A", "1"}}}},
		"lines":       {"D: first  \n second\n\tthird\n .\n  indented\nE: x\n", deb822.Strict, []deb822.Stanza{{{"D", "first\nsecond\nthird\n.\n indented"}, {"E", "x"}}}},
		"empty value": {"SHA256:\n a 1 b\n", deb822.Strict, []deb822.Stanza{{{"SHA256", "\na 1 b"}}}},
		"colons":      {"A: b: c:d\n", deb822.Strict, []deb822.Stanza{{{"A", "b: c:d"}}}},
		"comments":    {"# x\nA: 1\n# y\nB: 2\n \t\nA: 3\n", deb822.Config, []deb822.Stanza{{{"A", "1"}, {"B", "2"}}, {{"A", "3"}}}},
	}
	for name, c := range cases {
		got, err := readAll(c.text, c.mode)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: -want +got\n%s", name, d)
		}
	}
}

func TestLookup(t *testing.T) {
	got, err := readAll("Package: x\nempty:\n", deb822.Strict)
	if err != nil || got[0].Get("PACKAGE") != "x" {
		t.Fatalf("got %v, %v", got, err)
	}
	if v, ok := got[0].Lookup("Empty"); v != "" || !ok {
		t.Error("an empty field is not found")
	}
	if _, ok := got[0].Lookup("none"); ok {
		t.Error("a field is found that is not there")
	}
}

func TestRefused(t *testing.T) {
	cases := []struct {
		text string
		line int
		msg  string
	}{
		{"A: 1\na: 2\n", 2, "twice"},
		{"A: 1\n\n x\n", 3, "without a field"},
		{" x\n", 1, "without a field"},
		{"A: 1\n \nB: 2\n", 2, "blanks"},
		{"A: 1\n \t \n", 2, "blanks"},
		{"A 1\n", 1, "colon"},
		{": 1\n", 1, "without a name"},
		{"-A: 1\n", 1, "begin"},
		{"# x\n", 1, "colon"},
		{"#x: 1\n", 1, "begin"},
		{"A b: 1\n", 1, "field name"},
		{"\u00c4: 1\n", 1, "field name"},
		{"A: 1\r\n", 1, "control character"},
		{"A: \x00\n", 1, "control character"},
		{"A: " + strings.Repeat("x", deb822.MaxLine+1), 1, "longer"},
		{"A: 1\n" + strings.Repeat(" "+strings.Repeat("x", 1<<19)+"\n", 40), 33, "longer"},
	}
	for _, c := range cases {
		_, err := readAll(c.text, deb822.Strict)
		var e *deb822.SyntaxError
		if !errors.As(err, &e) || e.Line != c.line || !strings.Contains(e.Msg, c.msg) {
			t.Errorf("%.40q: got %v, want line %d: %s", c.text, err, c.line, c.msg)
		}
	}
}

// TestErrorStays: after an error the reader gives it again and not what follows.
func TestErrorStays(t *testing.T) {
	r := deb822.NewReader(strings.NewReader("A 1\n\nB: 2\n"), deb822.Strict)
	_, first := r.Next()
	_, second := r.Next()
	if first == nil || first != second {
		t.Errorf("got %v, then %v", first, second)
	}
}

func FuzzRoundTrip(f *testing.F) {
	seeds := []string{"", "A: 1\n", "A: 1\nB:\n x\n .\n\nA: 2\n", "A:\n x", "A: \tx \n  y\n", "# c\nA: 1\n"}
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want, err := readAll(text, deb822.Strict)
		if err != nil {
			return
		}
		var b bytes.Buffer
		for _, s := range want {
			if err := s.Write(&b); err != nil {
				t.Fatal(err)
			}
		}
		got, err := readAll(b.String(), deb822.Strict)
		if err != nil {
			t.Fatalf("%q was written as %q: %v", text, b.String(), err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
	})
}
