package syntax_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"isomorph/internal/nixlang/resolve"
	"isomorph/internal/nixlang/syntax"
)

// env names the folder with the language tests of C++ Nix, tests/functional/lang.
const upstreamEnv = "ISOMORPH_NIX_TESTS"

var globals = []string{
	"builtins", "true", "false", "null", "import", "derivation", "throw", "abort", "map", "toString",
	"baseNameOf", "dirOf", "removeAttrs", "isNull", "fetchTarball", "fetchurl", "scopedImport", "placeholder",
	"__sub", "__mul", "__div", "__lessThan", "__findFile", "__nixPath",
}

// check parses and resolves as nix-instantiate --parse does, and returns what
// that prints: to stdout, or to stderr.
func check(text string, o syntax.Options) (out string, ok bool) {
	o.Symbols, o.Files = syntax.NewSymbols(), new(syntax.Files)
	e, err := syntax.Parse([]byte(text), o)
	if err == nil {
		err = resolve.NewGlobals(o.Symbols, globals).Resolve(e, resolve.Scope{Files: o.Files})
	}
	if err != nil {
		return syntax.ForTerminal("error: "+err.Error()) + "\n", false
	}
	return syntax.Print(e, o.Symbols) + "\n", true
}

func TestUpstreamParse(t *testing.T) {
	dir := os.Getenv(upstreamEnv)
	if dir == "" {
		t.Skip(upstreamEnv + " is not set to a folder with upstream's language tests")
	}
	ran := 0
	for _, sort := range []struct {
		glob, suffix string
		ok           bool
	}{
		{"parse-okay-*.nix", ".exp", true},
		{"parse-fail-*.nix", ".err.exp", false},
	} {
		files, err := filepath.Glob(filepath.Join(dir, sort.glob))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			ran++
			t.Run(filepath.Base(file), func(t *testing.T) {
				compareUpstream(t, file, strings.TrimSuffix(file, ".nix")+sort.suffix, sort.ok)
			})
		}
	}
	if ran < 50 {
		t.Fatalf("found only %d tests in %s", ran, dir)
	}
}

var elisions = regexp.MustCompile(`(?m)[ \t]+$`)

func compareUpstream(t *testing.T, file, expected string, wantOK bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(expected)
	if err != nil {
		t.Fatal(err)
	}
	got, ok := check(string(text), syntax.Options{
		Origin: syntax.Origin{Kind: syntax.OriginStdin}, BasePath: "/pwd", Home: "/fake-home",
	})
	if ok != wantOK {
		t.Errorf("accepted: %v, want %v", ok, wantOK)
	}
	if got := elisions.ReplaceAllString(got, ""); got != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
