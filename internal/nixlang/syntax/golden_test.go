package syntax_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"isomorph/internal/nixlang/syntax"
)

// sample is one case of the files in testdata. There, ">>> " starts the input,
// "... " continues it on a new line, with \\ \r \t and \0 for what an editor
// would spoil, and what follows is what "nix-instantiate --parse -" of C++ Nix
// 2.34 says in the folder /pwd with HOME=/home/u. In pipes.txt the experimental
// feature pipe-operators is on.
type sample struct {
	input, want string
	pipes       bool
}

var unescape = strings.NewReplacer(`\\`, `\`, `\r`, "\r", `\t`, "\t", `\0`, "\x00")

func readSamples(t testing.TB) (all []sample) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, chunk := range strings.Split("\n"+string(text), "\n>>> ")[1:] {
			s := cut(chunk)
			s.pipes = filepath.Base(file) == "pipes.txt"
			all = append(all, s)
		}
	}
	if len(all) < 250 {
		t.Fatalf("found only %d samples", len(all))
	}
	return all
}

func cut(chunk string) sample {
	lines := strings.Split(strings.TrimSuffix(chunk, "\n"), "\n")
	n := 1
	for n < len(lines) && strings.HasPrefix(lines[n], "... ") {
		lines[n] = lines[n][len("... "):]
		n++
	}
	return sample{
		input: unescape.Replace(strings.Join(lines[:n], "\n")),
		want:  strings.Join(lines[n:], "\n"),
	}
}

var stdin = syntax.Options{
	Origin: syntax.Origin{Kind: syntax.OriginStdin}, BasePath: "/pwd", Home: "/home/u",
}

func TestSamples(t *testing.T) {
	for _, s := range readSamples(t) {
		o := stdin
		o.PipeOperators = s.pipes
		warnings := ""
		o.Warn = func(msg string) { warnings += "warning: " + msg + "\n" }
		got, _ := check(s.input, o)
		if got = strings.TrimSuffix(warnings+got, "\n"); got != s.want {
			t.Errorf("input %q\ngot:\n%s\nwant:\n%s", s.input, got, s.want)
		}
	}
}
