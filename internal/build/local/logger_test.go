package local

import (
	"strings"
	"testing"
)

func TestCleanLine(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                               "plain",
		"a\tb\x00\x07c":                       "a bc",
		"50%\r100%\r":                         "100%",
		"\x1b[31mred\x1b[0m":                  "\x1b[31mred\x1b[0m\x1b[0m",
		"\x1b[2J\x1b[10;10Hx\x1b]0;title\x07": "x",
		"\x1b]8;;http://x\x1b\\y":             "y",
		"\x1bcreset":                          "reset",
		"bad \xff utf":                        "bad \ufffd utf",
		"\x1b[":                               "",
	} {
		if got := cleanLine(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func FuzzCleanLine(f *testing.F) {
	seeds := []string{"", "a\x1b[1mb", "\x1b]x\x1b\\", "\x1b", "\r\r", "\x1b[\xff", "\xc2\x9b31m"}
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := cleanLine(s)
		for rest := got; ; {
			i := strings.IndexFunc(rest, func(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 })
			if i < 0 {
				return
			}
			n := escapeLen(rest[i:])
			if n < 3 || rest[i+1] != '[' || rest[i+n-1] != 'm' {
				t.Fatalf("%q became %q, which has a control character", s, got)
			}
			rest = rest[i+n:]
		}
	})
}
