package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// deep is how often the programs nest.
const deep = 1_000_000

// text is a text in parts, written only when its program runs: what this
// process takes counts as memory of those that it starts.
type text []func(io.Writer)

// cat joins strings and texts.
func cat(parts ...any) (all text) {
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			all = append(all, func(w io.Writer) { io.WriteString(w, p) })
		case text:
			all = append(all, p...)
		}
	}
	return all
}

// rep is s, n times.
func rep(s string, n int) text {
	return text{func(w io.Writer) {
		for range n {
			io.WriteString(w, s)
		}
	}}
}

// nest is open deep times, then the middle, then shut as often.
func nest(open, middle, shut string) text { return cat(rep(open, deep), middle, rep(shut, deep)) }

// chain has deep terms with an operator between them.
func chain(term, op string) text { return cat(term, rep(op+term, deep-1)) }

// counted is format with 0 ... n-1 in it.
func counted(n int, format string) text {
	return text{func(w io.Writer) {
		for i := range n {
			fmt.Fprintf(w, format, i)
		}
	}}
}

// Parts of messages.
const (
	tooDeep    = "max-call-depth exceeded"
	recursion  = "infinite recursion encountered"
	memoryEnds = "max-eval-memory"
	stepsEnd   = "max-eval-steps"
	nesting    = "nest"
)

// fewSteps is for programs that need little memory for a very long time.
var fewSteps = []string{"--option", "max-eval-steps", "3000000"}

// repository is the top of the source tree.
var repository = func() string {
	dir, err := filepath.Abs("../..")
	if err != nil {
		panic(err)
	}
	return dir
}()

func hostilePrograms() []hostile {
	var all []hostile
	for _, group := range [][]hostile{
		nested(), chains(), large(), numbers(), endlessRecursion(), endlessData(), blowUps(), regexes(), formats(), files(), catching(), derivations(),
	} {
		all = append(all, group...)
	}
	return all
}

// nested are texts that a recursive parser, resolver or evaluator falls over.
func nested() []hostile {
	return []hostile{
		{name: "parentheses", text: nest("(", "1", ")"), want: nesting},
		{name: "lists", text: nest("[", "1", "]"), want: nesting},
		{name: "sets", text: nest("{a=", "1", ";}"), want: nesting},
		{name: "recursive sets", text: nest("rec{a=", "1", ";}"), want: nesting},
		{name: "minus", text: cat(rep("-", deep), "1"), want: nesting},
		{name: "not", text: cat(rep("!", deep), "true"), want: nesting},
		{name: "interpolation", text: nest(`"${`, "1", `}"`), want: nesting},
		{name: "indented interpolation", text: nest("''${", "1", "}''"), want: nesting},
		{name: "selection of a long path", text: cat("{}", rep(".a", deep)), want: "attribute 'a' missing"},
		{name: "definition by a long path", text: cat("{ a", rep(".a", deep), " = 1; }"), want: nesting},
		{name: "has a long path", text: cat("{} ? a", rep(".a", deep)), want: "false", fine: true},
		{name: "let", text: cat(rep("let a=1; in ", deep), "1"), want: nesting},
		{name: "old let", text: nest("let { body = ", "1", ";}"), want: nesting},
		{name: "with", text: cat(rep("with {}; ", deep), "1"), want: nesting},
		{name: "assert", text: cat(rep("assert true; ", deep), "1"), want: nesting},
		{name: "if then", text: nest("if true then ", "1", " else 2"), want: nesting},
		{name: "else if", text: cat(rep("if false then 1 else ", deep), "1"), want: nesting},
		{name: "lambda", text: cat(rep("x: ", deep), "1"), want: nesting},
		{name: "calls of an argument", text: cat(rep("f(", deep), "1", rep(")", deep)), want: nesting},
		{name: "defaults of formals", text: cat(rep("{a?", deep), "1", rep("}:1", deep)), want: nesting},
		{name: "or", text: cat(rep("{}.a or (", deep), "1", rep(")", deep)), want: nesting},
		{name: "path interpolation", text: nest("/a/${", `"b"`, "}"), want: nesting},
		{name: "dynamic attributes", text: nest("{${", `"a"`, "}=1;}"), want: nesting},
		{name: "inherit from", text: nest("{inherit (", "{}", ") a;}"), want: nesting},
		{name: "comment without end", text: rep("/*", deep), want: "syntax error"},
		{name: "open brackets of all kinds", text: rep("([{a=", deep), want: nesting},
		{name: "closing brackets", text: rep(")", deep), want: "syntax error"},
	}
}

// chains are long, but not deep.
func chains() []hostile {
	sum := func(term, op string) hostile {
		return hostile{name: "chain of " + strings.TrimSpace(op), text: chain(term, op), want: nesting}
	}
	call := hostile{name: "chain of arguments", text: cat("(x: x) ", chain("1", " ")), want: "attempt to call something which is not a function"}
	return []hostile{
		sum("1", " + "),
		sum("1", " - "),
		sum("1", " * "),
		sum("1", " / "),
		sum("[]", " ++ "),
		sum("{}", " // "),
		sum("true", " && "),
		sum("false", " || "),
		sum("true", " -> "),
		call,
		{name: "chain of text", text: cat("builtins.stringLength (", chain(`"a"`, "+"), ")"), want: nesting},
		{name: "chain of interpolations", text: cat(`builtins.stringLength "`, rep(`${"a"}`, deep), `"`), want: "1000000", fine: true},
		{name: "chain of comparisons", text: chain("1", " < "), want: "syntax error"},
		{name: "chain of updates with data", text: cat("builtins.length (builtins.attrNames (", counted(9_000, "{a%d=1;} // "), " {}))"), want: "9000", fine: true},
	}
}

// large are programs of many or of large parts.
func large() []hostile {
	return []hostile{
		{name: "string of 100 MB", long: true, text: cat(`"`, rep("a", 100<<20), `"`), want: "aaaa", fine: true},
		{name: "name of 1 MB", text: rep("a", 1<<20), want: "undefined variable"},
		{name: "comment of 30 MB", text: cat("/*", rep("a", 30<<20), "*/ 1"), want: "1", fine: true},
		{name: "70000 formals", text: cat("({", counted(70_000, "a%d ? 1,"), " z ? 1 }: z) {}"), want: "1", fine: true},
		{name: "300000 attributes", text: cat("builtins.length (builtins.attrNames {", counted(300_000, "a%d = 1;"), "})"), want: "300000", fine: true},
		{name: "300000 names", text: cat("builtins.length [", counted(300_000, "(a%d: 1)"), "]"), want: "300000", fine: true},
		{name: "a million elements", long: true, text: cat("builtins.length [", rep("1 ", deep), "]"), want: "1000000", fine: true},
		{name: "dynamic attributes in number", text: cat("builtins.length (builtins.attrNames {", counted(100_000, "${\"a%d\"} = 1;"), "})"), want: "100000", fine: true},
		{name: "one name twice", text: cat("{", counted(100_000, "a%d = 1;"), "a5 = 2;}"), want: "already defined"},
		{name: "null bytes", text: rep("\x00", deep), want: "error"},
		{name: "bytes that are no text", text: rep("\xff\xfe", deep), want: "syntax error"},
		{name: "carriage returns", text: rep("\r", deep), want: "syntax error"},
	}
}

func numbers() []hostile {
	const most, least = "9223372036854775807", "(-9223372036854775807 - 1)"
	return []hostile{
		{name: "number of a million digits", text: rep("9", deep), want: "invalid integer"},
		{name: "largest number and one", text: cat(most + " + 1"), want: "integer overflow"},
		{name: "smallest number less one", text: cat(least + " - 1"), want: "integer overflow"},
		{name: "product too large", text: cat(most + " * 2"), want: "integer overflow"},
		{name: "negation too large", text: cat("-" + least), want: "integer overflow"},
		{name: "quotient too large", text: cat(least + " / (-1)"), want: "integer overflow"},
		{name: "division by zero", text: cat("1 / 0"), want: "division by zero"},
		{name: "large float as integer", text: cat("builtins.ceil 1.0e300"), want: "1e+300"},
		{name: "substring beyond all", text: cat(`builtins.substring ` + most + ` ` + most + ` "abc"`), want: `""`, fine: true},
		{name: "element out of all bounds", text: cat("builtins.elemAt [ 1 ] " + most), want: "called with index"},
		{name: "list of negative size", text: cat("builtins.genList (x: x) (-1)"), want: "cannot create list of size -1"},
		{name: "list of 10^12", text: cat("builtins.genList (x: x) 1000000000000"), want: "list too long"},
		{name: "list of 2^26", text: cat("builtins.genList (x: x) 67108864"), want: memoryEnds},
	}
}

// endlessRecursion are programs that never come to a value.
func endlessRecursion() []hostile {
	self := func(text string) func(*testing.T, string) {
		return func(t *testing.T, dir string) { write(t, dir, "other.nix", text) }
	}
	return []hostile{
		{name: "a value that is itself", text: cat("let x = x; in x"), want: recursion},
		{name: "sets that need each other", text: cat("rec { a = b.c; b = { c = a; }; }"), want: recursion},
		{name: "a function that calls itself", text: cat("let f = x: f x; in f 1"), want: tooDeep},
		{name: "a function that adds to itself", text: cat("let f = x: 1 + f (x + 1); in f 1"), want: tooDeep},
		{name: "functions that call each other", text: cat("let f = x: g x; g = { a ? 1 }: f { inherit a; }; in f { }"), want: tooDeep},
		{name: "import of itself", text: cat("import ./program.nix"), want: recursion},
		{name: "imports in a circle", text: cat("import ./other.nix"), make: self("import ./program.nix"), want: recursion},
		{name: "imported function without end", text: cat("import ./other.nix 0"), make: self("n: import ./other.nix (n + 1)"), want: tooDeep},
		{name: "scopedImport without end", text: cat("builtins.scopedImport { } ./program.nix"), want: tooDeep},
		{name: "toString of itself", text: cat("toString (let s = { __toString = self: toString self; }; in s)"), want: tooDeep},
		{name: "outPath of itself", text: cat("let s = { outPath = s; }; in \"${s}\""), want: tooDeep},
		{name: "functor of itself", text: cat("let f = { __functor = self: self; }; in f 0"), want: tooDeep},
		{name: "functor that is a functor", text: cat("let f = { __functor = f; }; in f 0"), want: tooDeep},
		{name: "overlays", text: cat("let fix = f: let x = f x; in x; in (fix (self: self // { a = 1; })).a"), want: recursion},
		{name: "overlay that adds to its result", text: cat("let fix = f: let x = f x; in x; in (fix (self: { a = self.a + 1; })).a"), want: recursion},
		{name: "module that imports itself", long: true, text: cat("(import <nixpkgs/lib>).evalModules { modules = [ (let m = { imports = [ m ]; }; in m) ]; }"), args: []string{"-I", "nixpkgs=" + filepath.Join(repository, "channel")}, want: memoryEnds},
		{name: "module whose imports need config", text: cat("((import <nixpkgs/lib>).evalModules { modules = [ ({ config, ... }: { imports = config.a; }) ]; }).config"), args: []string{"-I", "nixpkgs=" + filepath.Join(repository, "channel")}, want: recursion},
		{name: "thunks in a chain", long: true, text: cat("builtins.foldl' (a: b: { x = a.x + b; }) { x = 0; } (builtins.genList (x: x) 1000000)"), want: memoryEnds},
		{name: "mapAttrs without end", text: cat("let f = s: builtins.mapAttrs (n: v: f s) s; in f { a = 1; }"), want: tooDeep},
		{name: "assertion that needs itself", text: cat("let x = assert x; true; in x"), want: recursion},
		{name: "with that needs itself", text: cat("let x = with x; y; in x"), want: recursion},
	}
}

// endlessData go on for ever where they are used up.
func endlessData() []hostile {
	const tree = "let f = n: { x = f (n + 1); }; g = n: { x = g (n + 1); }; l = n: [ (l (n + 1)) ]; m = n: [ (m (n + 1)) ]; in "
	uses := map[string]string{
		"equality of endless sets":            "f 0 == g 0",
		"equality of endless lists":           "l 0 == m 0",
		"deepSeq of endless sets":             "builtins.deepSeq (f 0) 1",
		"deepSeq of endless lists":            "builtins.deepSeq (l 0) 1",
		"printing of endless sets":            "f 0",
		"toJSON of endless sets":              "builtins.toJSON (f 0)",
		"toJSON of endless lists":             "builtins.toJSON (l 0)",
		"toXML of endless sets":               "builtins.toXML (f 0)",
		"toString of endless lists":           "toString (l 0)",
		"sort of endless lists":               "builtins.sort builtins.lessThan [ (l 0) (m 0) ]",
		"order of endless lists":              "l 0 < m 0",
		"element of endless lists":            "builtins.elem (l 0) [ (m 0) ]",
		"hashString of endless lists":         "builtins.hashString \"sha256\" (toString (l 0))",
		"derivation with endless environment": "(derivation { name = \"x\"; system = \"x\"; builder = \"/x\"; env = l 0; }).drvPath",
		"structured attributes without end":   "(derivation { name = \"x\"; system = \"x\"; builder = \"/x\"; __structuredAttrs = true; env = f 0; }).drvPath",
		"endless message of throw":            "throw (toString (l 0))",
		"update of endless sets":              "let u = a: b: a // builtins.mapAttrs (n: v: u (a.${n} or { }) v) b; in builtins.deepSeq (u (f 0) (g 0)) 1",
	}
	var all []hostile
	for name, use := range uses {
		h := hostile{name: name, text: cat(tree + use), want: tooDeep}
		if name == "toXML of endless sets" {
			h.want = memoryEnds // its indentation grows with the depth
		}
		all = append(all, h)
	}
	slices.SortFunc(all, func(a, b hostile) int { return strings.Compare(a.name, b.name) })
	return append(all,
		hostile{name: "genericClosure without end", long: true, text: cat("builtins.length (builtins.genericClosure { startSet = [ { key = 0; } ]; operator = x: [ { key = x.key + 1; } ]; })"), want: memoryEnds},
		hostile{name: "list that grows for ever", long: true, text: cat("let f = l: builtins.seq l (f (l ++ l)); in f [ 1 ]"), want: memoryEnds},
		hostile{name: "set that contains itself, printed", text: cat("let x = { y = x; }; in x"), want: "«repeated»", fine: true},
		hostile{name: "set that contains itself, compared", text: cat("let x = { y = x; }; z = { y = z; }; in x == z"), want: tooDeep},
		hostile{name: "set that contains itself, to JSON", text: cat("let x = { y = x; }; in builtins.toJSON x"), want: tooDeep},
	)
}

// blowUps ask for more memory than there is.
func blowUps() []hostile {
	double := func(op, first string) string {
		return "let f = n: x: if n == 0 then x else f (n - 1) (" + op + "); in f 60 " + first
	}
	// Shared inside, but 2^60 parts for whoever walks it.
	const shared = "let f = n: if n == 0 then 1 else let x = f (n - 1); in [ x x ]; g = n: if n == 0 then 1 else let x = g (n - 1); in [ x x ]; in "
	return []hostile{
		{name: "string doubled", text: cat(double("x + x", `"aaaaaaaa"`)), want: memoryEnds},
		{name: "string doubled by interpolation", text: cat(double(`"${x}${x}"`, `"aaaaaaaa"`)), want: memoryEnds},
		{name: "list doubled", text: cat(double("x ++ x", "[ 1 ]")), want: memoryEnds},
		{name: "list doubled by concatLists", text: cat(double("builtins.concatLists [ x x ]", "[ 1 ]")), want: memoryEnds},
		{name: "list doubled by concatMap", long: true, text: cat(double("builtins.concatMap (y: [ y y ]) x", "[ 1 ]")), want: memoryEnds},
		{name: "string doubled by concatStringsSep", text: cat(double(`builtins.concatStringsSep x [ x x ]`, `"aaaaaaaa"`)), want: memoryEnds},
		{name: "replacement in each place", long: true, text: cat(double(`builtins.replaceStrings [ "" ] [ x ] x`, `"aaaaaaaa"`)), want: memoryEnds},
		{name: "replacement by itself", long: true, text: cat(double(`builtins.replaceStrings [ "a" ] [ "aaaa" ] x`, `"aaaaaaaa"`)), want: memoryEnds},
		{name: "shared data to JSON", long: true, text: cat(shared + "builtins.toJSON (f 60)"), args: fewSteps, want: stepsEnd},
		{name: "shared data to XML", long: true, text: cat(shared + "builtins.toXML (f 60)"), want: memoryEnds},
		{name: "shared data to a string", long: true, text: cat(shared + "toString (f 60)"), args: fewSteps, want: stepsEnd},
		{name: "shared data printed", text: cat(shared + "f 60"), want: "«repeated»", fine: true},
		{name: "shared data forced", text: cat(shared + "builtins.deepSeq (f 60) 1"), want: "1", fine: true},
		{name: "sets that stay", long: true, text: cat("let f = n: if n == 0 then { } else f (n - 1) // { \"a${toString n}\" = builtins.genList (x: x) 1000; }; in builtins.deepSeq (f 9000) 1"), want: memoryEnds},
		{name: "names in number", long: true, text: cat("builtins.length (builtins.attrNames (builtins.listToAttrs (builtins.genList (n: { name = \"name${toString n}\"; value = n; }) 20000000)))"), want: memoryEnds},
		{name: "string in parts", long: true, text: cat("builtins.length (builtins.split \"\" (builtins.concatStringsSep \"\" (builtins.genList (x: \"aaaaaaaaaa\") 1000000)))"), want: memoryEnds},
		{name: "groups in number", long: true, text: cat("builtins.length (builtins.attrNames (builtins.groupBy toString (builtins.genList (x: x) 20000000)))"), want: memoryEnds},
		{name: "trace of 2 MB", text: cat("let f = n: x: if n == 0 then x else f (n - 1) (x + x); in builtins.stringLength (builtins.trace (f 18 \"aaaaaaaaaa\") \"x\")"), want: "1", fine: true},
	}
}

func regexes() []hostile {
	text := func(n int) string {
		return fmt.Sprintf(`(builtins.concatStringsSep "" (builtins.genList (x: "aaaaaaaa") %d))`, n/8)
	}
	match := func(pattern string, n int) string { return fmt.Sprintf("builtins.match %q %s", pattern, text(n)) }
	return []hostile{
		{name: "star of star", text: cat(match("(a*)*b", 1<<20)), want: "null", fine: true},
		{name: "plus of two", text: cat(match("(a+a+)+b", 1<<12)), want: "null", fine: true},
		{name: "alternatives that overlap", text: cat(match("((a|aa)+)+b", 1<<14)), want: "null", fine: true},
		{name: "match of 2^18 bytes", text: cat("builtins.length (" + match("(.*)", 1<<18) + ")"), want: "1", fine: true},
		{name: "match of 2^18 bytes in groups", text: cat("builtins.length (" + match("(a|b)*", 1<<18) + ")"), want: "1", fine: true},
		{name: "repeated repetition", text: cat(match("(x{1000}){1000}", 8)), want: "memory limit exceeded by regular expression"},
		{name: "groups in groups", text: cat(fmt.Sprintf("builtins.match %q \"a\"", strings.Repeat("(", 50_000)+"a"+strings.Repeat(")", 50_000))), want: "regular expression"},
		{name: "pattern of 10 MB", text: cat("builtins.match " + text(10<<20) + ` "a"`), want: "memory limit exceeded by regular expression"},
		{name: "split at every byte", text: cat("builtins.length (builtins.split \"(a*)*b\" " + text(1<<16) + ")"), want: "1", fine: true},
		{name: "alternatives in number", text: cat(`builtins.match (builtins.concatStringsSep "|" (builtins.genList toString 100000)) "x"`), want: "memory limit exceeded by regular expression"},
	}
}

// formats are foreign formats.
func formats() []hostile {
	repeated := func(s string, n int) string {
		return fmt.Sprintf(`(builtins.concatStringsSep "" (builtins.genList (x: %q) %d))`, s, n)
	}
	return []hostile{
		{name: "JSON of open lists", text: cat("builtins.fromJSON " + repeated("[", deep)), want: "unexpected end of input"},
		{name: "JSON of nested lists", text: cat("builtins.fromJSON (" + repeated("[", deep) + "+" + repeated("]", deep) + ")"), want: tooDeep, away: true},
		{name: "JSON of nested sets", long: true, text: cat("builtins.fromJSON (" + repeated("{\"a\":", deep/2) + "+ \"1\" +" + repeated("}", deep/2) + ")"), want: tooDeep, away: true},
		{name: "JSON number of a million digits", text: cat("builtins.fromJSON " + repeated("9", deep)), want: "number"},
		{name: "JSON number out of range", text: cat("builtins.fromJSON \"9223372036854775808\""), want: "9223372036854775808"},
		{name: "JSON with a null byte", text: cat("builtins.fromJSON \"{\\\"a\\\\u0000b\\\": 1}\""), want: "null"},
		{name: "TOML of open lists", text: cat("builtins.fromTOML (\"a = \" +" + repeated("[", deep) + ")"), want: "1000 deep"},
		{name: "TOML of open tables", text: cat("builtins.fromTOML (\"a = \" +" + repeated("{b=", deep) + ")"), want: "1000 deep"},
		{name: "TOML with a long key", long: true, text: cat("builtins.fromTOML (\"a\" +" + repeated(".a", deep) + " + \" = 1\")"), want: "deep"},
		{name: "TOML number out of range", text: cat("builtins.fromTOML \"a = 9223372036854775808\""), want: "9223372036854775808"},
		{name: "TOML number of a million digits", text: cat("builtins.fromTOML (\"a = \" + " + repeated("9", deep) + ")"), want: "error"},
		{name: "version of a million parts", text: cat("builtins.compareVersions " + repeated("1.", deep) + " " + repeated("1.", deep)), want: "0", fine: true},
		{name: "split version of a million parts", text: cat("builtins.length (builtins.splitVersion " + repeated("1.", deep) + ")"), want: "1000000", fine: true},
	}
}

// files are files that are none, or not what they seem.
func files() []hostile {
	link := func(target, name string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	fifo := func(t *testing.T, dir string) {
		if err := syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	sparse := func(t *testing.T, dir string) {
		if err := os.Truncate(write(t, dir, "sparse.nix", ""), 100<<30); err != nil {
			t.Fatal(err)
		}
	}
	return []hostile{
		{name: "import of a link to itself", text: cat("import ./loop.nix"), make: link("loop.nix", "loop.nix"), want: "symbolic link"},
		{name: "readFile of a link to itself", text: cat("builtins.readFile ./loop"), make: link("loop", "loop"), want: "infinite symlink recursion"},
		{name: "import of endless zeros", text: cat("import /dev/zero"), want: "/dev/zero"},
		{name: "readFile of endless zeros", text: cat("builtins.readFile /dev/zero"), want: `""`, fine: true},
		{name: "hashFile of endless zeros", text: cat(`builtins.hashFile "sha256" /dev/zero`), want: "e3b0c44298fc1c149afbf4c8996fb924", fine: true},
		{name: "import of a fifo", text: cat("import ./fifo"), make: fifo, want: "FIFO"},
		{name: "readFile of a fifo", text: cat("builtins.readFile ./fifo"), make: fifo, want: "FIFO"},
		{name: "path that is a fifo", text: cat(`"${./fifo}"`), make: fifo, want: "FIFO"},
		{name: "import of 100 GiB", text: cat("import ./sparse.nix"), make: sparse, want: "sparse.nix"},
		{name: "readFile of 100 GiB", text: cat("builtins.readFile ./sparse.nix"), make: sparse, want: "sparse.nix"},
		{name: "readFile of a directory", text: cat("builtins.readFile ./."), want: "director"},
		{name: "walk through a link upwards", text: cat("let walk = d: builtins.mapAttrs (n: t: if t == \"regular\" then 1 else walk (d + \"/${n}\")) (builtins.readDir d); in walk ./."), make: link(".", "up"), want: "up"},
		{name: "memory of the process", text: cat("builtins.readFile /proc/self/mem"), want: `""`, fine: true},
		{name: "path with a name that is none", text: cat(`builtins.path { path = ./program.nix; name = "../../etc/passwd"; }`), want: "../../etc/passwd"},
		{name: "path with a name of a million bytes", text: cat(`builtins.path { path = ./program.nix; name = builtins.concatStringsSep "" (builtins.genList (x: "a") 1000000); }`), want: "longer than"},
		{name: "toFile with a name that is none", text: cat(`builtins.toFile "a/b" "x"`), want: "a/b"},
		{name: "path of a million parts", text: cat(`builtins.pathExists (/. + builtins.concatStringsSep "" (builtins.genList (x: "/a") 1000000))`), want: "File name too long"},
	}
}

// catching try to hide from limits, or to flood who looks.
func catching() []hostile {
	return []hostile{
		{name: "tryEval of endless calls", text: cat("let f = x: f x; in (builtins.tryEval (f 1)).success"), want: tooDeep},
		{name: "tryEval of a value that is itself", text: cat("let x = x; in (builtins.tryEval x).success"), want: recursion},
		{name: "tryEval of too much memory", text: cat("let f = n: l: if n == 0 then l else f (n - 1) (l ++ l); in (builtins.tryEval (builtins.length (f 60 [ 1 ]))).success"), want: memoryEnds},
		{name: "tryEval of a list too long", text: cat("(builtins.tryEval (builtins.genList (x: x) 1000000000000)).success"), want: "list too long"},
		{name: "tryEval in tryEval without end", text: cat("let f = x: builtins.tryEval (f x).value; in f 1"), want: tooDeep},
		{name: "tryEval a million times", text: cat("builtins.foldl' (a: b: if (builtins.tryEval (throw \"x\")).success then a else a + 1) 0 (builtins.genList (x: x) 1000000)"), want: "1000000", fine: true},
		{name: "contexts of errors without end", text: cat("let f = n: builtins.addErrorContext \"level ${toString n}\" (f (n + 1)); in f 0"), want: tooDeep},
		{name: "message of 2 MB", text: cat("let f = n: x: if n == 0 then x else f (n - 1) (x + x); in throw (f 18 \"aaaaaaaaaa\")"), want: "aaaaaaaaaa"},
		{name: "message with control characters", text: cat("throw \"a\x1b[2Jb\x07\""), want: "b"},
		{name: "value in a message without end", text: cat("let x = { y = x; z = x; }; in x 1"), want: "attempt to call something which is not a function"},
		{name: "large value in a message", text: cat("(builtins.genList (x: x) 1000000) 1"), want: "attempt to call something which is not a function"},
	}
}

// derivations are hostile plans, .drv files and string contexts.
func derivations() []hostile {
	drv := func(contents string) string {
		return fmt.Sprintf("import (builtins.toFile \"x.drv\" %q)", contents)
	}
	readWrite := []string{"--read-write"}
	return []hostile{
		{name: "drv cut short", text: cat(drv(`Derive([("out","`)), args: readWrite, want: "x.drv"},
		{name: "drv of brackets", text: cat(drv("Derive(" + strings.Repeat("[", 10_000))), args: readWrite, want: "x.drv"},
		{name: "drv that is empty", text: cat(drv("")), args: readWrite, want: "x.drv"},
		{name: "drv of a foreign output", text: cat(drv(`Derive([("out","/etc/passwd","","")],[],[],"x","x",[],[])`)), args: readWrite, want: "/etc/passwd"},
		{name: "name with a slash", text: cat(`(derivation { name = "a/../b"; system = "x"; builder = "/x"; }).drvPath`), want: "a/../b"},
		{name: "output called drv", text: cat(`(derivation { name = "a"; system = "x"; builder = "/x"; outputs = [ "drv" ]; }).drvPath`), want: "a.drv", fine: true},
		{name: "outputs twice", text: cat(`(derivation { name = "a"; system = "x"; builder = "/x"; outputs = [ "out" "out" ]; }).drvPath`), want: "duplicate derivation output"},
		{name: "output with a slash", text: cat(`(derivation { name = "a"; system = "x"; builder = "/x"; outputs = [ "../x" ]; }).drvPath`), want: "../x"},
		{name: "contexts in number", text: cat(`let many = builtins.concatStringsSep "" (builtins.genList (n: builtins.toFile "f${toString n}" "x") 20000); in builtins.length (builtins.attrNames (builtins.getContext (many + many + many)))`), want: "20000", fine: true},
		{name: "contexts doubled", text: cat(`let many = builtins.concatStringsSep "" (builtins.genList (n: builtins.toFile "f${toString n}" "x") 5000); f = n: s: if n == 0 then s else f (n - 1) (s + s); in f 60 many`), want: memoryEnds},
		{name: "context that is none", text: cat(`builtins.appendContext "x" { "/nix/store/../../etc" = { path = true; }; }`), want: "/nix/store/../../etc"},
		{name: "storePath that is none", text: cat(`builtins.storePath "/nix/store/../../etc/passwd"`), want: "/etc/passwd"},
		{name: "derivation that needs itself", text: cat(`let d = derivation { name = "a"; system = "x"; builder = "${d}"; }; in d.drvPath`), want: recursion},
	}
}

// write makes a file and returns its path.
func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}
