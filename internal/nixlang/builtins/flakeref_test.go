package builtins_test

import (
	"strings"
	"testing"

	"isomorph/internal/nixlang/builtins"
)

// evaluate returns a value or an error's first line.
func evaluate(expr string, flakes bool) string {
	text, err := evalIn(newMemHost(nil), builtins.Options{Flakes: flakes}, expr)
	if err != nil {
		return "error: " + err.Error()
	}
	return text
}

func TestFlakeRefs(t *testing.T) {
	for expr, want := range map[string]string{
		`builtins.parseFlakeRef "github:NixOS/nixpkgs/23.05?dir=lib"`:               `{ dir = "lib"; owner = "NixOS"; ref = "23.05"; repo = "nixpkgs"; type = "github"; }`,
		`builtins.parseFlakeRef "path:/x?revCount=3"`:                               `{ path = "/x"; revCount = 3; type = "path"; }`,
		`builtins.parseFlakeRef "git+https://x/y?shallow=1"`:                        `{ shallow = true; type = "git"; url = "https://x/y"; }`,
		`builtins.flakeRefToString { type = "path"; path = "/a b"; revCount = 3; }`: `"path:/a%20b?revCount=3"`,
		`builtins.flakeRefToString { type = "path"; path = [ ]; }`:                  "error: flake reference attribute sets may only contain integers, Booleans, and strings, but attribute 'path' is a list",
		`builtins.flakeRefToString { type = "path"; path = "/"; revCount = -3; }`:   "error: negative value given for flake ref attr revCount: -3",
		`builtins.flakeRefToString { type = "path"; }`:                              "error: input attribute 'path' is missing",
		`builtins.flakeRefToString { type = "path"; path = "/"; x = 1; }`:           "error: input attribute 'x' not supported by scheme 'path'",
		`builtins.flakeRefToString { }`:                                             "error: 'type' attribute to specify input scheme is required but not provided",
		`builtins.flakeRefToString { type = "x"; a = 1; b = true; }`:                `error: cannot show unsupported input '{"a":1,"b":true,"type":"x"}'`,
		`builtins.parseFlakeRef "./x"`:                                              "error: flake reference './x' is not an absolute path",
	} {
		if got := evaluate(expr, true); !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %s, want %s", expr, got, want)
		}
	}
	for expr, want := range map[string]string{
		`builtins.parseFlakeRef "path:/x"`:                                     "error: experimental Nix feature 'flakes' is disabled",
		`builtins.flakeRefToString { type = "indirect"; }`:                     "error: experimental Nix feature 'flakes' is disabled",
		`builtins.flakeRefToString (builtins.parseFlakeRef "git+https://x/y")`: `"git+https://x/y"`,
	} {
		if got := evaluate(expr, false); !strings.HasPrefix(got, want) {
			t.Errorf("without the feature: %s: got %s, want %s", expr, got, want)
		}
	}
}
