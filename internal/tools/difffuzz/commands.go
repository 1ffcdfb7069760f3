package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// commands compares command lines of nix-instantiate: how values are printed,
// functions called automatically and attributes selected. Each is a process on
// both sides; those of Nix share the command that the Nix is put behind.
func (o *options) commands(ctx context.Context) error {
	start, seed, total, found := time.Now(), o.seed, 0, 0
	for ; o.more(start, total) && ctx.Err() == nil && found < o.most; seed++ {
		list := commandLines(rand.New(rand.NewPCG(seed, 1)), o.batch)
		want, err := o.runAll(ctx, o.nix, "nix", list)
		if err != nil {
			return err
		}
		got, err := o.runAll(ctx, nil, o.isomorph, list)
		if err != nil {
			return err
		}
		total += len(list)
		for i := range list {
			if want[i] != got[i] {
				found++
				fmt.Fprintf(o.out, "=== seed %d\n%s\n--- Nix\n%s--- ours\n%s", seed, list[i], want[i], got[i])
			}
		}
	}
	fmt.Fprintf(o.out, "%d command lines (seeds %d to %d) in %s, %d differences\n", total, o.seed, seed-1, time.Since(start).Round(time.Second), found)
	if found > 0 {
		return errDifferent
	}
	return nil
}

// runAll runs command lines by one shell and returns what came of each: the exit
// status, the output, and the first line of the error.
func (o *options) runAll(ctx context.Context, prefix []string, program string, list []commandLine) ([]string, error) {
	dir := filepath.Join(o.dir, "commands")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	call := "nix-instantiate"
	if program != "nix" {
		call = quoteShell(program) + " nix-instantiate"
	}
	var script strings.Builder
	for i, l := range list {
		if err := os.WriteFile(filepath.Join(dir, number(i)+".nix"), []byte(l.text), 0o644); err != nil {
			return nil, err
		}
		fmt.Fprintf(&script, "%s --readonly-mode %s >%s.out 2>%[3]s.err </dev/null; echo $? >%[3]s.status\n", call, l.arguments(number(i)), number(i))
	}
	args := append(slices.Clone(prefix), "sh", "-c", script.String())
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "NIX_CONFIG="+config, "NIX_PATH=", "NIX_STATE_DIR=", "NIX_REMOTE="+o.dir+"-"+filepath.Base(program)+"-store")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", program, err, tail(out))
	}
	results := make([]string, len(list))
	for i := range list {
		var err error
		if results[i], err = readResult(filepath.Join(dir, number(i))); err != nil {
			return nil, err
		}
	}
	return results, nil
}

func readResult(base string) (string, error) {
	status, err1 := os.ReadFile(base + ".status")
	out, err2 := os.ReadFile(base + ".out")
	said, err3 := os.ReadFile(base + ".err")
	if err := errors.Join(err1, err2, err3); err != nil {
		return "", err
	}
	messages, lines := splitMessages(strings.Split(strings.TrimRight(string(said), "\n"), "\n"))
	var b strings.Builder
	if fmt.Fprintf(&b, "exit status %s\n", bytes.TrimSpace(status)); string(status) == "0\n" {
		b.Write(internalLine.ReplaceAll(out, []byte("line=\"\" $1"))) // of a value that could not be printed, Nix shows the beginning
	}
	for _, m := range messages {
		b.WriteString(general(m) + "\n")
	}
	if len(lines) > 0 {
		b.WriteString("error: " + general(readError(lines)) + "\n")
	}
	return b.String(), nil
}

// internalLine is a place in Nix's own definition of derivation, whose lines are
// others in each version.
var internalLine = regexp.MustCompile(`line="[0-9]+" (name="\w+" path="/derivation-internal.nix")`)

// commandLine is a program and the arguments of nix-instantiate, without the
// file.
type commandLine struct {
	text   string
	args   []string
	asText bool // the program is given with --expr
}

func (l commandLine) arguments(name string) string {
	quoted := make([]string, len(l.args))
	for i, a := range l.args {
		quoted[i] = quoteShell(a)
	}
	if l.asText {
		return strings.Join(append(quoted, "--expr", quoteShell(l.text)), " ")
	}
	return strings.Join(append(quoted, name+".nix"), " ")
}

func (l commandLine) String() string {
	return fmt.Sprintf("nix-instantiate %s\n%s", l.arguments("program"), l.text)
}

func quoteShell(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// The parts of command lines.
var (
	someValues = []string{
		"1", "(-1)", "1.5", "1.0e300", "true", "null", `"s"`, `"a\n\t\"\\\${x}"`, "../fixture/a.txt", "[ ]", "{ }", "[ 1 [ 2 ] { a = 3; } ]", "(x: x)", "builtins.add", "(builtins.add 1)",
		"{ x = 1; y.z = 2; }", `{ "b.c" = 1; "" = 2; "a b" = 3; "if" = 4; é = 5; }`, "({ a, b ? 2 }: [ a b ])", "({ a ? 1, ... }: a)", "({ }: 7)", "(args@{ a ? 1, ... }: args)",
		`(throw "message")`, `(builtins.trace "t" 1)`, `(builtins.warn "w" 1)`, "(abort \"x\")", "(assert false; 1)", "undefined", `{ __functor = self: { a ? 5 }: a; }`, `{ __toString = self: "text"; }`, `{ outPath = "/x"; }`,
		`(derivation { name = "d"; system = "s"; builder = "/b"; })`, `(derivation { name = "m"; system = "s"; builder = "/b"; outputs = [ "out" "dev" ]; })`, `(derivation { name = "d"; system = "s"; builder = "/b"; }).drvPath`,
		`{ recurseForDerivations = true; d = derivation { name = "in"; system = "s"; builder = "/b"; }; }`, `{ type = "derivation"; }`, `{ type = "derivation"; name = "n"; drvPath = "x"; }`, "(let x = { y = x; }; in x)", "(1 / 0)", `"é\u00e9"`,
	}
	somePaths = []string{"a", "b", "c", "a.x", "a.y.z", `a."b.c"`, `"a"`, `"b.c"`, "a.0", "a.1.0", "l.0", "l.5", "l.-1", "l.x", "", ".", "a.", ".a", "a..b", `"`, `a."`, `a."b`, "a.b.c.d", "nope", "a.nope", "a b", "a.''", `""`, `a.""`, "f", "f.r", "a.out", "a.dev", "a.d", "0", `"0"`, "a.*", "é"}
	someFlags = [][]string{{"--eval"}, {"--eval", "--strict"}, {"--eval", "--strict", "--json"}, {"--eval", "--xml"}, {"--eval", "--strict", "--xml"}, {"--eval", "--xml", "--no-location"}, {"--eval", "--raw"}, {"--parse"}, {}, {}, {"--eval", "--strict", "--no-location"}, {"--strict"}, {"--eval", "--eval"}}
	someNames = []string{"a", "b", "c", "x", "", "é"}
	someArgs  = []string{"1", "null", `"s"`, "[ 1", "{ }", "x: x", "throw \"arg\"", "", "1 + 1", "undefinedInArg", "../fixture/a.txt"}
)

func commandLines(src *rand.Rand, n int) []commandLine {
	list := make([]commandLine, n)
	for i := range list {
		list[i] = oneCommand(src)
	}
	return list
}

func oneOf[T any](src *rand.Rand, list []T) T { return list[src.IntN(len(list))] }

func oneCommand(src *rand.Rand) (l commandLine) {
	v := func() string { return oneOf(src, someValues) }
	l.text = oneOf(src, []string{
		v(), v(),
		fmt.Sprintf(`{ a = %s; "b.c" = %s; l = [ %s %s ]; }`, v(), v(), v(), v()),
		fmt.Sprintf(`{ a = { x = %s; "b.c" = %s; }; b = %s; f = { x ? 1 }: { r = %s; }; }`, v(), v(), v(), v()),
		fmt.Sprintf(`{ a ? %s, b ? %s }: { inherit a b; c = %s; }`, v(), v(), v()),
		fmt.Sprintf(`{ a, ... }@args: { inherit a args; f = { b ? %s }: b; }`, v()),
		fmt.Sprintf("[ %s %s ]", v(), v()),
		fmt.Sprintf("a: { inherit a; b = %s; }", v()),
	})
	l.args = slices.Clone(oneOf(src, someFlags))
	for src.IntN(3) == 0 {
		l.args = append(l.args, "-A", oneOf(src, somePaths))
	}
	for src.IntN(4) == 0 {
		if src.IntN(2) == 0 {
			l.args = append(l.args, "--arg", oneOf(src, someNames), oneOf(src, someArgs))
		} else {
			l.args = append(l.args, "--argstr", oneOf(src, someNames), oneOf(src, []string{"text", "", "é", `"`, "${x}", "--arg", strconv.Itoa(src.IntN(9))}))
		}
	}
	l.asText = src.IntN(4) == 0
	return l
}
