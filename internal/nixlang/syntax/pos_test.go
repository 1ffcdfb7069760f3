package syntax_test

import (
	"strings"
	"testing"

	"isomorph/internal/nixlang/syntax"
)

func TestPositions(t *testing.T) {
	var files syntax.Files
	first, err := files.Add(syntax.Origin{Kind: syntax.OriginFile, Name: "/x/a.nix"}, []byte("ab\ncd\r\ne\rf\n"))
	if err != nil {
		t.Fatal(err)
	}
	second, err := files.Add(syntax.Origin{Kind: syntax.OriginString}, []byte("xyz"))
	if err != nil {
		t.Fatal(err)
	}
	for pos, want := range map[syntax.Pos]string{
		0:          "«none»",
		first:      "/x/a.nix:1:1",
		first + 2:  "/x/a.nix:1:3",
		first + 3:  "/x/a.nix:2:1",
		first + 7:  "/x/a.nix:3:1",
		first + 9:  "/x/a.nix:4:1",
		first + 11: "/x/a.nix:5:1",
		second:     "«string»:1:1",
		second + 3: "«string»:1:4",
	} {
		if got := files.Position(pos).String(); got != want {
			t.Errorf("%d: got %s, want %s", pos, got, want)
		}
	}
}

func TestExcerpt(t *testing.T) {
	var files syntax.Files
	base, err := files.Add(syntax.Origin{Kind: syntax.OriginStdin}, []byte("one\n  two\n\nfour"))
	if err != nil {
		t.Fatal(err)
	}
	for pos, want := range map[syntax.Pos]string{
		0:         "",
		base:      "     1| one\n      | ^\n     2|   two",
		base + 6:  "     1| one\n     2|   two\n      |   ^\n     3| ",
		base + 15: "     3| \n     4| four\n      |     ^",
	} {
		if got := files.Excerpt(pos); got != want {
			t.Errorf("%d: got\n%s\nwant\n%s", pos, got, want)
		}
	}
	long := strings.Repeat("x", 5000)
	base, err = files.Add(syntax.Origin{Kind: syntax.OriginStdin}, []byte(long+"\n"+long))
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []syntax.Pos{0, 1, 299, 300, 2500, 4999} {
		lines := strings.Split(files.Excerpt(base+at), "\n")
		if len(lines) != 3 || len(lines[0]) > 700 || !strings.Contains(lines[0], "...") || strings.Index(lines[1], "^") >= len(lines[0]) {
			t.Errorf("%d: a long line is shown as\n%s", at, strings.Join(lines, "\n"))
		}
	}
	base, err = files.Add(syntax.Origin{Kind: syntax.OriginStdin}, []byte("one\n  two\n\nfour"))
	if err != nil {
		t.Fatal(err)
	}
	got := syntax.Indent(files.Position(base+11), files.Excerpt(base+11), "  ")
	if want := "  at «stdin»:4:1:\n       3|\n       4| four\n        | ^"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestForTerminal(t *testing.T) {
	for msg, want := range map[string]string{
		"plain\nlines":            "plain\nlines",
		"\tx":                     "        x",
		"ab\tx":                   "ab      x",
		"é\tx":                    "é       x",
		"12345678\tx":             "12345678        x",
		"abc\nd\tx":               "abc\nd    x", // lines do not restart the count
		"a\r\a\x1b[1;31mb\x1b[0m": "ab",
		"\x1b":                    "",
		"a\tb\xffc":               "a       b\xffc",
	} {
		if got := syntax.ForTerminal(msg); got != want {
			t.Errorf("%q: got %q, want %q", msg, got, want)
		}
	}
}

func TestQuoteName(t *testing.T) {
	for name, want := range map[string]string{
		"": `""`, "a": "a", "_a-b'c9": "_a-b'c9", "or": "or", "if": `"if"`, "inherit": `"inherit"`,
		"a b": `"a b"`, "1": `"1"`, "'": `"'"`, "-": `"-"`, "a.b": `"a.b"`, "a\"\\\n${": `"a\"\\\n\${"`, "é": `"é"`,
	} {
		if got := syntax.QuoteName(name); got != want {
			t.Errorf("%q: got %s, want %s", name, got, want)
		}
	}
}
