package builtins_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"isomorph/internal/derivation"
	"isomorph/internal/nixhash"
	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/nixlang/eval"
	"isomorph/internal/nixlang/syntax"
)

// caseFiles are what the cases of derivations.txtar find beside them.
func caseFiles() map[string]string {
	return map[string]string{
		"/w/tree/a": "one\n", "/w/tree/x": "#!exec #!/bin/sh\n", "/w/tree/l": "-> a", "/w/tree/sub/.b": "two\n", "/w/tree/empty": "",
		"/w/file.txt": "hello\n",
	}
}

// evalIn evaluates an expression in a world; relative paths start at /w. The
// result is the value, printed in full, or the error as the user sees it.
func evalIn(h *memHost, opts builtins.Options, expr string) (string, error) {
	var lib *builtins.Library
	st := eval.NewState(eval.Options{CopyPath: func(c *eval.Ctx, p string) (string, eval.ContextElem) { return lib.CopyPath(c, p) }})
	opts.Host = h
	lib = builtins.Install(st, opts)
	c := st.NewCtx()
	text := ""
	err := c.Try(func() {
		v := lib.EvalString(c, expr, "/w", syntax.Origin{Kind: syntax.OriginString})
		text = c.Print(c.ForceDeep(v))
	})
	if err != nil {
		return st.RenderError(err, false), err
	}
	return text, nil
}

func ifd() builtins.Options { return builtins.Options{AllowIFD: true} }

func TestDerivationsAsNix(t *testing.T) {
	a, err := txtar.ParseFile("testdata/derivations.txtar")
	if err != nil {
		t.Fatal(err)
	}
	cases := 0
	for i := 0; i+1 < len(a.Files); i += 2 {
		name, isCase := strings.CutSuffix(a.Files[i].Name, ".nix")
		if !isCase || a.Files[i+1].Name != name+".want" {
			t.Fatalf("files %s and %s are no case", a.Files[i].Name, a.Files[i+1].Name)
		}
		cases++
		t.Run(name, func(t *testing.T) {
			got, _ := evalIn(newMemHost(caseFiles()), ifd(), string(a.Files[i].Data))
			want := strings.TrimSuffix(string(a.Files[i+1].Data), "\n")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if cases < 10 {
		t.Errorf("%d cases, want at least 10", cases)
	}
}

// What the language computes is what [derivation.Hasher.Check] demands.
func TestDerivationsAreConsistent(t *testing.T) {
	h := newMemHost(caseFiles())
	expr := `let a = derivation { name = "a"; builder = "b"; system = "s"; outputs = [ "out" "dev" ]; };
		b = derivation { name = "b"; builder = "b"; system = "s"; src = ./tree; inherit a; }; in b.drvPath`
	if out, err := evalIn(h, ifd(), expr); err != nil {
		t.Fatal(out)
	}
	if len(h.drvs) != 2 {
		t.Fatalf("%d derivations, want 2", len(h.drvs))
	}
	hasher := derivation.NewHasher(memDir, h.ReadDerivation)
	for p, d := range h.drvs {
		if err := hasher.Check(p, d); err != nil {
			t.Error(err)
		}
	}
}

func TestDerivationErrors(t *testing.T) {
	tests := []struct{ expr, want string }{
		{`(derivation { name = "x y"; builder = "b"; system = "s"; }).drvPath`, "invalid derivation name: name 'x y' contains illegal character ' '. Please pass a different 'name'."},
		{`(derivation { name = "x.drv"; builder = "b"; system = "s"; }).drvPath`, "derivation names are allowed to end in '.drv' only if they produce a single derivation file"},
		{`(derivation { name = "x"; builder = "b"; }).drvPath`, "required attribute 'system' missing"},
		{`(derivation { name = "x"; system = "b"; }).drvPath`, "required attribute 'builder' missing"},
		{`(derivation { builder = "x"; system = "b"; }).drvPath`, "attribute 'name' missing"},
		{`(derivation { name = "x"; builder = "b"; system = "s"; outputs = [ "a" "a" ]; }).drvPath`, "duplicate derivation output 'a'"},
		{`(derivation { name = "x"; builder = "b"; system = "s"; outputs = [ "drvPath" ]; }).drvPath`, "invalid derivation output name 'drvPath'"},
		{`builtins.derivationStrict { name = "x"; builder = "b"; system = "s"; outputs = [ ]; }`, "derivation cannot have an empty set of outputs"},
		{`(derivation { name = "x"; builder = "b"; system = "s"; outputHash = "foo"; }).drvPath`, "hash 'foo' does not include a type, nor is the type otherwise known from context"},
		{`(derivation { name = "x"; builder = "b"; system = "s"; outputHash = ""; }).drvPath`, "empty hash requires explicit hash algorithm"},
		{`(derivation { name = "x"; builder = "b"; system = "s"; outputHash = ""; outputHashAlgo = "md5"; outputs = [ "a" ]; }).a`, "multiple outputs are not supported in fixed-output derivations"},
		{`(derivation { name = "x"; builder = "b"; system = "s"; outputHashMode = "x"; }).drvPath`, "invalid value 'x' for 'outputHashMode' attribute"},
		{`(derivation { name = "x"; builder = "b"; system = "s"; outputHashMode = "text"; }).drvPath`, "experimental Nix feature 'dynamic-derivations' is disabled (text-hashed derivation 'x', outputHashMode = \"text\"); add '--extra-experimental-features dynamic-derivations' to enable it"},
		{`(derivation { name = "x"; builder = "b"; system = "s"; __contentAddressed = true; }).drvPath`, "experimental Nix feature 'ca-derivations' is disabled; add '--extra-experimental-features ca-derivations' to enable it"},
		{`builtins.toFile "x" "${derivation {name="n";builder="b";system="s";}}"`, "files created by builtins.toFile may not reference derivations, but x references !out!wr1i7p014rsirg48bgmkclzgi393aj0p-n.drv"},
		{`builtins.toFile "x@" "y"`, "path '05kn64sg68nfnlc32kgpg36s3wp02h8b-x@' is not a valid store path: name 'x@' contains illegal character '@'"},
		{`builtins.storePath "/tmp"`, "path '/tmp' is not in the Nix store"},
		{`builtins.path { path = ./file.txt; foo = 1; }`, "unsupported argument 'foo' to 'builtins.path'"},
		{`builtins.path { name = "x"; }`, "missing required 'path' attribute in the first argument to 'builtins.path'"},
		{`builtins.path { path = ./file.txt; sha256 = "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73"; }`, "store path mismatch in (possibly filtered) path added from '/w/file.txt'"},
		{`"${./nope}"`, "path '/w/nope' does not exist"},
		{`import ./nope`, "path '/w/nope' does not exist"},
		{`builtins.readFile ./nope`, "path '/w/nope' does not exist"},
		{`builtins.readDir ./file.txt`, `cannot read directory "/w/file.txt": Not a directory`},
		{`builtins.hashFile "foo" ./file.txt`, "unknown hash algorithm 'foo', expect 'blake3', 'md5', 'sha1', 'sha256', or 'sha512'"},
		{`<x>`, "file 'x' was not found in the Nix search path (add it using $NIX_PATH or -I)"},
		{`builtins.fetchurl { url = "http://h/x@"; }`, "invalid store path name when fetching URL 'http://h/x@': name 'x@' contains illegal character '@'. Please add a valid 'name' attribute to the argument for 'fetchurl', so that it can create a valid store path."},
		{`builtins.fetchurl { foo = 1; }`, "unsupported argument 'foo' to 'fetchurl'"},
		{`builtins.fetchTarball { name = "x"; }`, "'url' argument required"},
		{`builtins.addDrvOutputDependencies "x"`, "context of string 'x' must have exactly one element, but has 0"},
	}
	for _, test := range tests {
		out, err := evalIn(newMemHost(caseFiles()), ifd(), test.expr)
		if err == nil {
			t.Errorf("%s = %s, want an error", test.expr, out)
		} else if got := err.Error(); got != test.want {
			t.Errorf("%s: error\n  %s\nwant\n  %s", test.expr, got, test.want)
		}
	}
}

func TestDerivationErrorTellsTheChain(t *testing.T) {
	out, err := evalIn(newMemHost(nil), ifd(), `(derivation { name = "outer"; builder = "b"; system = "s";
		x = derivation { name = "inner"; builder = "b"; system = "s"; foo = x: x; }; }).drvPath`)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"while evaluating derivation 'outer'\n         whose name attribute is located at «string»:1:15",
		"while evaluating derivation 'inner'",
		"error: cannot coerce a function to a string: «lambda foo @ «string»:2:71»",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the error does not say %q:\n%s", want, out)
		}
	}
}

func TestWarnings(t *testing.T) {
	h := newMemHost(nil)
	if out, err := evalIn(h, ifd(), `(derivation { name = "x"; builder = "b"; system = "s"; outputHash = ""; outputHashAlgo="sha256"; }).drvPath
		+ (derivation { name = "x"; builder = "b"; system = "s"; __structuredAttrs = true; allowedReferences = []; }).drvPath`); err != nil {
		t.Fatal(out)
	}
	want := []string{
		"found empty hash, assuming 'sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='",
		"In a derivation named 'x', 'structuredAttrs' disables the effect of the derivation attribute 'allowedReferences'; use 'outputChecks.<output>.allowedReferences' instead",
	}
	if diff := cmp.Diff(want, h.warn); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFetchPinned(t *testing.T) {
	h := newMemHost(nil)
	h.fetch = func(builtins.FetchRequest) (map[string]string, error) { return map[string]string{"": "hello\n"}, nil }
	good := nixhash.Sum(nixhash.SHA256, []byte("hello\n"))
	out, err := evalIn(h, builtins.Options{PureEval: true}, `builtins.readFile (builtins.fetchurl { url = "http://h/f"; sha256 = "`+good.Base32()+`"; })`)
	if want := `"hello\n"`; err != nil || out != want {
		t.Errorf("got %s, want %s", out, want)
	}
	_, err = evalIn(h, ifd(), `builtins.fetchurl { url = "http://h/f"; sha256 = "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73"; }`)
	e, ok := err.(*eval.Error)
	if want := "hash mismatch in file downloaded from 'http://h/f':\n  specified: sha256:0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73\n  got:       " + good.String(); !ok || e.Msg != want || e.Exit != 102 {
		t.Errorf("error %v with exit status %d, want %s with 102", err, e.Exit, want)
	}
	_, err = evalIn(h, builtins.Options{PureEval: true}, `builtins.fetchurl "http://h/f"`)
	if want := "in pure evaluation mode, 'fetchurl' requires a 'sha256' argument"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
