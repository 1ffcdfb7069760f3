package builtins_test

import (
	"strings"
	"testing"

	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/nixlang/eval"
	"isomorph/internal/nixlang/gen"
	"isomorph/internal/nixlang/syntax"
)

// Limits for programs that come from a fuzzer.
const (
	fuzzSteps  = 20_000
	fuzzDepth  = 300
	fuzzMemory = 1 << 30
)

// evalFueled evaluates a program with little of everything. What it comes to is
// printed, as a value or an error; the calls that it took come with it.
func evalFueled(t *testing.T, program string) (printed string, calls uint64) {
	t.Helper()
	var lib *builtins.Library
	st := eval.NewState(eval.Options{MaxSteps: fuzzSteps, MaxCallDepth: fuzzDepth, Advise: true,
		CopyPath: func(c *eval.Ctx, p string) (string, eval.ContextElem) { return lib.CopyPath(c, p) }})
	lib = builtins.Install(st, builtins.Options{Host: newMemHost(importFiles()), AllowIFD: true, PipeOperators: true})
	defer st.WatchMemory(fuzzMemory, nil, nil)()
	c := st.NewCtx()
	err := c.Try(func() {
		v := lib.EvalString(c, program, "/w", syntax.Origin{Kind: syntax.OriginString})
		printed = c.PrintStrict(v)
	})
	if err == nil {
		return printed, c.Stats.Calls
	}
	printed = st.RenderError(err, true)
	if strings.Contains(err.Msg, "internal error") {
		t.Fatalf("%q: %s", program, printed)
	}
	if err.Msg == "" && err.Kind != eval.KindThrown && err.Kind != eval.KindAbort {
		t.Fatalf("%q: an error without a message", program)
	}
	return printed, c.Stats.Calls
}

// checkEval: no program brings the evaluator down, and each means the same
// whenever it is run.
func checkEval(t *testing.T, program string) {
	t.Helper()
	if len(program) > 4000 || strings.Contains(program, "currentTime") {
		return
	}
	printed, calls := evalFueled(t, program)
	again, callsAgain := evalFueled(t, program)
	if strings.Contains(printed, "max-eval-memory") {
		return // depends on when garbage is collected
	}
	if printed != again || calls != callsAgain {
		t.Errorf("%q: first, with %d calls:\n%s\nthen, with %d calls:\n%s", program, calls, printed, callsAgain, again)
	}
}

// FuzzEval evaluates texts.
func FuzzEval(f *testing.F) {
	for _, s := range []string{
		"1 + 1", "let f = x: f x; in f 1", "rec { a = b; b = a; }.a", `"${./a.nix}"`, "import ./a.nix", "map (x: x * 2) [ 1 2 ]",
		"builtins.foldl' (a: b: a + b) 0 (builtins.genList (x: x) 100)", "let x = { y = x; }; in x", `builtins.toJSON { a = [ 1 2.5 null ]; }`,
		`(derivation { name = "x"; system = "s"; builder = "/b"; args = [ ./a.nix ]; }).drvPath`, `builtins.match "(a|b)*" "abab"`,
		`with { a = 1; }; { inherit a; b.c.d = a; }.b ? c.d`, "({ a ? b, b ? 1, ... }@args: args // { inherit a; }) { c = 1; }",
		`builtins.fromTOML "a = [ 1, 2 ]\nb.c = \"x\""`, `builtins.fromJSON "{\"a\": [1, 2.5e3]}"`, "1 |> (x: x + 1)", "''\n  a\n    b''${}''",
		`builtins.genericClosure { startSet = [ { key = 1; } ]; operator = x: [ { key = x.key / 2; } ]; }`, `builtins.sort (a: b: a < b) [ 3 1 2 ]`,
		`builtins.replaceStrings [ "" "a" ] [ "-" "b" ] "aXa"`, `builtins.toXML { f = { a, b ? 1 }@c: a; d = ./.; }`, `<n/lib>`, "__curPos", `builtins.tryEval (throw "x")`,
		`let s = { __functor = self: x: x; __toString = self: "s"; }; in "${s}" + s 1`, `builtins.appendContext "x" { "/nix/store/00000000000000000000000000000000-x" = { path = true; }; }`,
		`builtins.concatStringsSep "," (builtins.attrNames builtins)`, `builtins.zipAttrsWith (n: v: v) [ { a = 1; } { a = 2; b = 3; } ]`,
	} {
		f.Add(s)
	}
	f.Fuzz(checkEval)
}

// choices makes choices of bytes; when they are used up, the last choice is made
// always, which ends what goes on with a certain chance.
type choices []byte

func (c *choices) IntN(n int) int {
	if len(*c) == 0 {
		return n - 1
	}
	v := 0
	for range 2 {
		if len(*c) > 0 {
			v, *c = v<<8|int((*c)[0]), (*c)[1:]
		}
	}
	return v % n
}

// FuzzProgram evaluates programs that are well-formed: each choice of their
// making comes from the bytes.
func FuzzProgram(f *testing.F) {
	for i := range 20 {
		seed := make([]byte, 400)
		for k := range seed {
			seed[k] = byte(k*k*(2*i+1) + 31*i)
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		src := choices(b)
		checkEval(t, gen.Program(&src, gen.Options{Fuel: 30}).String())
	})
}

// FuzzStringLiteral: what is printed of a string is a literal of that string,
// alone, as a name, and beside others.
func FuzzStringLiteral(f *testing.F) {
	for _, s := range []string{"", "a", "a\nb\t\r", "${x}", "$${x}", "$", "$$", `\`, `\${`, `"`, "''", "é\xff", "a\\n", "\x01\x7f", "if", "or", "1a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.Contains(s, "\x00") || len(s) > 1000 {
			return
		}
		literal := eval.QuoteString(s)
		if other := syntax.Quote(s); other != literal {
			t.Fatalf("%q is written as %s and as %s", s, literal, other)
		}
		if got, _ := evalFueled(t, literal); got != literal {
			t.Errorf("%q is written as %s and read as %s", s, literal, got)
		}
		name := eval.QuoteAttrName(s)
		if got, _ := evalFueled(t, "{ "+name+" = 1; }"); got != "{ "+name+" = 1; }" {
			t.Errorf("the name %q is written as %s and read as %s", s, name, got)
		}
	})
}

// FuzzIndentedString holds indented strings without escapes against a
// description of them: blanks that all lines but blank ones begin with are left
// out, a blank first line is, and the blanks of a last line that has no more.
func FuzzIndentedString(f *testing.F) {
	for _, s := range []string{"", "a", "\n  a\n    b\n  ", "  a\n b", "\n\n  a\n\n", "\ta\n\tb", "  \n  ", "\n  a\n   ", " \n\n  a", "\r\n  a\r\n", "a\n", "\\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.Contains(s, "''") || strings.HasSuffix(s, "'") || strings.ContainsAny(s, "\x00$\r") || len(s) > 1000 {
			return
		}
		want := eval.QuoteString(unindented(s))
		if got, _ := evalFueled(t, "''"+s+"''"); got != want {
			t.Errorf("%q is read as %s, want %s", s, got, want)
		}
	})
}

func unindented(s string) string {
	lines := strings.Split(s, "\n")
	least := 1 << 20
	for _, l := range lines {
		rest := strings.TrimLeft(l, " ")
		if rest != "" {
			least = min(least, len(l)-len(rest))
		}
	}
	for i, l := range lines {
		n := 0
		for n < len(l) && n < least && l[n] == ' ' {
			n++
		}
		lines[i] = l[n:]
	}
	last := len(lines) - 1
	if strings.Trim(lines[last], " ") == "" {
		lines[last] = ""
	}
	if last > 0 && strings.Trim(lines[0], " ") == "" {
		lines = lines[1:]
	}
	return strings.Join(lines, "\n")
}

// FuzzVersions: versions have an order, and their parts are the whole text but
// for what separates them.
func FuzzVersions(f *testing.F) {
	f.Add("1.2", "1.10", "1.2pre1")
	f.Add("", "-", "0")
	f.Add("2.3a", "2.3.1", "2.3")
	f.Add("007", "7", "99999999999999999999")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		cmp := builtins.CompareVersions
		if cmp(a, a) != 0 {
			t.Errorf("%q is not equal to itself", a)
		}
		if cmp(a, b) != -cmp(b, a) {
			t.Errorf("%q and %q: %d and %d", a, b, cmp(a, b), cmp(b, a))
		}
		if cmp(a, b) <= 0 && cmp(b, c) <= 0 && cmp(a, c) > 0 {
			t.Errorf("%q <= %q <= %q, but not the first and the last", a, b, c)
		}
		if cmp(a, b) == 0 && cmp(a, c) != cmp(b, c) {
			t.Errorf("%q and %q are equal, but not beside %q", a, b, c)
		}
		name, version := builtins.ParseDrvName(a)
		if back := name + "-" + version; back != a && (version != "" || name != a) {
			t.Errorf("%q has the name %q and the version %q", a, name, version)
		}
	})
}
