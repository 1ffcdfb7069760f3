package builtins_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"isomorph/internal/nixlang/builtins"
)

func importFiles() map[string]string {
	return map[string]string{
		"/w/a.nix":           "{ here = ./.; x = 1; }",
		"/w/link.nix":        "-> sub/real.nix",
		"/w/sub/real.nix":    "[ ./. (builtins.unsafeGetAttrPos \"k\" { k = 1; }).file ]",
		"/w/dir":             "-> sub",
		"/w/sub/default.nix": "\"default\"",
		"/w/loop.nix":        "import ./loop.nix",
		"/w/scoped.nix":      "x + y",
		"/w/bad.nix":         "{ a = ",
		"/n/lib/default.nix": "\"lib\"",
		"/n/x.nix":           "\"x\"",
	}
}

func TestImport(t *testing.T) {
	opts := ifd()
	opts.SearchPath = []builtins.SearchPathEntry{{Path: "/gone"}, {Prefix: "n", Path: "/n"}, {Path: "/n"}, {Prefix: "via", Path: "/w/dir"}}
	tests := []struct{ expr, want string }{
		{`(import ./a.nix).here`, `/w`},
		{`import ./link.nix`, `[ /w/sub "/w/sub/real.nix" ]`},
		{`import ./dir/real.nix`, `[ /w/dir "/w/dir/real.nix" ]`},
		{`import ./dir`, `"default"`},
		{`import ./sub + import (toString ./sub)`, `"defaultdefault"`},
		{`let f = import ./a.nix; in f == import ./a.nix`, `true`},
		{`scopedImport { x = 1; y = 2; } ./scoped.nix`, `3`},
		{`scopedImport { x = 1; y = x: x; map = 1; } ./a.nix`, `{ here = /w; x = 1; }`},
		{`[ <n/lib> <lib> <n> <x.nix> <via> ]`, `[ /n/lib /n/lib /n /n/x.nix /w/sub ]`},
		{`import <n/lib>`, `"lib"`},
		{`builtins.length builtins.nixPath`, `4`},
		{`(builtins.tryEval <none>).success`, `false`},
		{`let __nixPath = [ { path = "/n"; prefix = "q"; } ]; in <q/x.nix>`, `/n/x.nix`},
		{`builtins.findFile [ { path = /n; } ] "x.nix"`, `/n/x.nix`},
		{`builtins.pathExists <nix/fetchurl.nix>`, `true`},
	}
	for _, test := range tests {
		h := newMemHost(importFiles())
		if got, _ := evalIn(h, opts, test.expr); got != test.want {
			t.Errorf("%s = %s, want %s", test.expr, got, test.want)
		}
	}
}

// TestNixpkgs: the last entry of the search path is asked for when it is needed,
// and then is like any other.
func TestNixpkgs(t *testing.T) {
	for _, test := range []struct {
		expr, want string
		asked      int
		restricted bool
	}{
		{expr: `[ <n/lib> (builtins.length builtins.nixPath) ]`, want: `[ /n/lib 2 ]`, asked: 1},
		{expr: `builtins.length builtins.nixPath`, want: `2`},
		{expr: `map (e: e.prefix) builtins.nixPath`, want: `[ "n" "nixpkgs" ]`},
		{expr: `(builtins.elemAt builtins.nixPath 1).path`, want: `"/w/sub"`, asked: 1},
		{expr: `[ <nixpkgs> <nixpkgs/real.nix> ]`, want: `[ /w/sub /w/sub/real.nix ]`, asked: 1},
		{expr: `builtins.typeOf (builtins.readDir /w/sub)`, want: `"set"`, asked: 1, restricted: true},
	} {
		opts, asked := ifd(), 0
		opts.RestrictEval = test.restricted
		opts.SearchPath = []builtins.SearchPathEntry{{Prefix: "n", Path: "/n"}}
		opts.Nixpkgs = func() string { asked++; return "/w/sub" }
		got, err := evalIn(newMemHost(importFiles()), opts, test.expr)
		if err != nil || got != test.want || asked != test.asked {
			t.Errorf("%s = %s, %v, asked %d times; want %s, %d times", test.expr, got, err, asked, test.want, test.asked)
		}
	}
}

func TestImportErrors(t *testing.T) {
	tests := []struct{ expr, want string }{
		{`import ./loop.nix`, "infinite recursion encountered"},
		{`import ./bad.nix`, "syntax error"},
		{`scopedImport { x = 1; } ./scoped.nix`, "undefined variable 'y'"},
		{`(import ./a.nix).nope`, "attribute 'nope' missing"},
		{`import 1`, "cannot coerce an integer to a string"},
	}
	for _, test := range tests {
		_, err := evalIn(newMemHost(importFiles()), ifd(), test.expr)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.expr, err, test.want)
		}
	}
}

func TestMissingSearchPathEntryWarnsOnce(t *testing.T) {
	h := newMemHost(importFiles())
	opts := ifd()
	opts.SearchPath = []builtins.SearchPathEntry{{Path: "/gone"}, {Path: "/n"}}
	if out, err := evalIn(h, opts, `[ <x.nix> <lib> ]`); err != nil {
		t.Fatal(out)
	}
	if diff := cmp.Diff([]string{"Nix search path entry '/gone' does not exist, ignoring"}, h.warn); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestImportFromDerivation(t *testing.T) {
	h := newMemHost(importFiles())
	h.build = func(name string) map[string]string {
		return map[string]string{"/default.nix": "{ text = \"" + name + "\"; here = ./.; }", "/data": "built"}
	}
	expr := `let d = derivation { name = "gen"; builder = "b"; system = "s"; }; in
		[ (import d).text (builtins.readFile "${d}/data") (builtins.pathExists (d + "/nope")) (builtins.attrNames (builtins.readDir d)) ]`
	got, err := evalIn(h, ifd(), expr)
	if want := `[ "gen" "built" false [ "data" "default.nix" ] ]`; err != nil || got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if len(h.built) == 0 || h.built[0].Output != "out" {
		t.Errorf("built %v", h.built)
	}
	_, err = evalIn(newMemHost(nil), builtins.Options{}, expr)
	if err == nil || !strings.Contains(err.Error(), "because the option 'allow-import-from-derivation' is disabled") {
		t.Errorf("without permission: error %v", err)
	}
}

func TestImportDerivationFile(t *testing.T) {
	h := newMemHost(nil)
	got, err := evalIn(h, ifd(), `let d = derivation { name = "n"; builder = "b"; system = "s"; outputs = [ "out" "dev" ]; }; i = import d.drvPath;
		in [ (i.out.outPath == d.outPath) (i.dev.outPath == d.dev.outPath) i.name i.type i.outputName (builtins.getContext i.dev.outPath == builtins.getContext d.dev.outPath) ]`)
	if want := `[ true true "n" "derivation" "dev" true ]`; err != nil || got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRestricted(t *testing.T) {
	opts := builtins.Options{RestrictEval: true, SearchPath: []builtins.SearchPathEntry{{Prefix: "n", Path: "/n"}}, AllowedURIs: []string{"https://ok/"}}
	files := importFiles()
	files["/n/escape"] = "-> /w/a.nix"
	files["/n/tunnel"] = "-> .."
	files["/innocent"] = "-> /secret"
	h := newMemHost(files)
	for expr, want := range map[string]string{
		`import <n/x.nix>`: `"x"`,
		`builtins.readFile (builtins.toFile "t" "text")`:  `"text"`,
		`builtins.pathExists ./a.nix`:                     `false`,
		`builtins.pathExists (builtins.readFile ./a.nix)`: `false`,
		`builtins.pathExists (throw "other")`:             "other",
		`builtins.getEnv "HOME"`:                          `""`,
		`import ./a.nix`:                                  "access to absolute path '/w/a.nix' is forbidden in restricted mode",
		`import /n/escape`:                                "access to absolute path '/w/a.nix' is forbidden in restricted mode",
		`builtins.readDir /w`:                             "access to absolute path '/w' is forbidden in restricted mode",
		`"${./a.nix}"`:                                    "access to absolute path '/w/a.nix' is forbidden in restricted mode",
		`builtins.fetchurl "https://ok.evil/x"`:           "access to URI 'https://ok.evil/x' is forbidden in restricted mode",
		`builtins.fetchurl "https://ok/x"`:                "no network",
	} {
		got, err := evalIn(h, opts, expr)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s = %s, want %s", expr, got, want)
		}
	}
	if _, err := evalIn(h, builtins.Options{PureEval: true}, `import ./a.nix`); err == nil || !strings.Contains(err.Error(), "in pure evaluation mode") {
		t.Errorf("pure: error %v", err)
	}
}

func TestParseNixPath(t *testing.T) {
	tests := []struct {
		in   string
		want []builtins.SearchPathEntry
	}{
		{"", nil},
		{"/a:b=/c", []builtins.SearchPathEntry{{Path: "/a"}, {Prefix: "b", Path: "/c"}}},
		{"n=https://h:80/x.tar.gz:/b", []builtins.SearchPathEntry{{Prefix: "n", Path: "https://h"}, {Path: "80/x.tar.gz"}, {Path: "/b"}}},
		{"n=https://h/x.tar.gz:/b", []builtins.SearchPathEntry{{Prefix: "n", Path: "https://h/x.tar.gz"}, {Path: "/b"}}},
		{"n=channel:nixos-26.05:/b", []builtins.SearchPathEntry{{Prefix: "n", Path: "channel:nixos-26.05"}, {Path: "/b"}}},
	}
	for _, test := range tests {
		if got := builtins.ParseNixPath(test.in); !slices.Equal(got, test.want) {
			t.Errorf("ParseNixPath(%q) = %v, want %v", test.in, got, test.want)
		}
	}
}

func FuzzParseNixPath(f *testing.F) {
	seeds := []string{"", ":", "a=b:c", "n=https://h/x:/b", "=:=", "a=channel:x:y"}
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if n, most := len(builtins.ParseNixPath(s)), strings.Count(s, ":")+1; n > most {
			t.Errorf("%q has %d entries, more than the %d between its colons", s, n, most)
		}
	})
}
