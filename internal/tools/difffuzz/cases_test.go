package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Programs on which this evaluator and Nix did not agree once, with Nix's
// answers. "difffuzz -keep" adds some, "difffuzz -check" asks Nix again.
func TestCases(t *testing.T) {
	names, err := filepath.Glob("testdata/cases/*.nix")
	if err != nil || len(names) < 10 {
		t.Fatalf("%d cases, %v", len(names), err)
	}
	texts, err := readAll(names)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := prepare(dir); err != nil {
		t.Fatal(err)
	}
	if err := writePrograms(dir, texts); err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		base := strings.TrimSuffix(name, ".nix")
		t.Run(filepath.Base(base), func(t *testing.T) {
			want, err := os.ReadFile(base + ".answer")
			if err != nil {
				t.Fatal(err)
			}
			us, err := newOurs(t.Context(), dir, batchMemory, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer us.close()
			a, err := us.run(i)
			if err != nil {
				t.Fatal(err)
			}
			if got := neutral(a, dir, i); !sameText(string(want), got) {
				t.Errorf("%s\n(-Nix +ours):\n%s", texts[i], cmp.Diff(string(want), got))
			}
		})
	}
}

// What nix repl prints is taken apart rightly.
func TestReadAnswer(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"\"is 1\"\n", "\"is 1\"\n"},
		{"trace: a\nb\nevaluation warning: c\n\"is 1\"\n", "trace: a\nevaluation warning: c\n\"is 1\"\n"},
		{"error:\n       … while calling x\n\n       error: the\tmessage\n       more\n", "error: the message\n"},
		{"error: short", "error: short\n"},
		{"error:\n       … while calling x\n\n       error:", "error: (no message)\n"},
		{"error:\n       … while calling x\n\n       error:\n       second line", "error: (no message)\n"},
	} {
		if got := readAnswer(test.text).String(); got != test.want {
			t.Errorf("%q: got %q, want %q", test.text, got, test.want)
		}
	}
}

// An error is read with all its lines, but without its trace and its place.
func TestWhole(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"error: a\n         b\n\n       c", "error: a\n  b\n\nc\n"},
		{"error:\n       … while calling x\n         at f:1:2:\n            1| x\n             | ^\n\n       error: a\n       b", "error: a\nb\n"},
		{"error: attribute 'a' missing\n       at «string»:1:1:\n            1| {}.a\n             | ^\n       Did you mean b?", "error: attribute 'a' missing\nDid you mean b?\n"},
		{"\"is 1\"", "\"is 1\"\n"},
	} {
		if got := readAnswer(test.text).whole(); got != test.want {
			t.Errorf("%q: got %q, want %q", test.text, got, test.want)
		}
	}
}

// What doc/compat.md names, and what only the machine decides, is left out.
func TestDocumented(t *testing.T) {
	for text, changed := range map[string]bool{
		`builtins.unsafeGetAttrPos "type" (derivation { })`: true,
		`builtins.unsafeGetAttrPos "type" { }`:              false,
		"derivation { }":                                    false,
	} {
		if got := documented(text); (got != text) != changed {
			t.Errorf("%s became %s", text, got)
		}
	}
}

// Of a build that would be needed only that counts.
func TestSameText(t *testing.T) {
	const cannot = "error: Cannot build '/nix/store/a.drv'.\nReason: 1 dependency failed.\nOutput paths:\n  /nix/store/a\n  /nix/store/b\n"
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{cannot, "error: nothing can be built in a read-only session; an option\n", true},
		{"trace: a\n" + cannot, "error: nothing can be built in a read-only session; an option\n", false},
		{cannot, "error: a\n", false},
	} {
		if got := sameText(test.a, test.b); got != test.want {
			t.Errorf("%q and %q: %v", test.a, test.b, got)
		}
	}
}

// Variables that recipes ask for do not get to Nix.
func TestEnvironment(t *testing.T) {
	own := []string{"HOME=/p/home", "XDG_DATA_HOME=/p/home-data", "XDG_STATE_HOME=/p/home-data", "XDG_CONFIG_HOME=/p/home-data"}
	for _, test := range []struct{ in, want []string }{
		{[]string{"SHELL=/bin/x", "PATH=/bin", "LANG=C", "PWD=/", "HOME=/h"}, []string{"PATH=/bin", "XDG_CACHE_HOME=/h/.cache"}},
		{[]string{"XDG_CACHE_HOME=/c", "HOME=/h"}, []string{"XDG_CACHE_HOME=/c"}},
	} {
		if diff := cmp.Diff(append(test.want, own...), environment(test.in, "/p/batch")); diff != "" {
			t.Error(diff)
		}
	}
}

// What Nix cannot answer is no difference.
func TestIncomparable(t *testing.T) {
	for err, want := range map[string]bool{
		crashed: true,
		"path '/nix/store/19p91hb3ackdld1y7wpqp8jz6cj8f55y-x' is required, but there is no substituter that can build it": true,
		"path '/x' does not exist": false,
		"":                         false,
	} {
		if got := (answer{err: err}).incomparable() != ""; got != want {
			t.Errorf("%q: %v", err, got)
		}
	}
}

// Differences that doc/compat.md names do not count, all others do.
func TestSame(t *testing.T) {
	for _, test := range []struct {
		a, b answer
		form form
		want bool
	}{
		{answer{value: "1"}, answer{value: "1"}, formNone, true},
		{answer{value: "1"}, answer{value: "2"}, formNone, false},
		{answer{value: "<LAMBDA>"}, answer{value: "<CODE>"}, formLazy, true},
		{answer{value: "<LAMBDA>"}, answer{value: "<CODE>"}, formStrict, false},
		{answer{value: "{ currentTime = 1796060178; f = 1; }"}, answer{value: "{ currentTime = <CODE>; f = 1; }"}, formLazy, true},
		{answer{value: "{ currentTime = 1796060178; f = 1; }"}, answer{value: "{ currentTime = <CODE>; f = 2; }"}, formLazy, false},
		{answer{value: "1", messages: []string{"trace: a"}}, answer{value: "1"}, formNone, false},
		{answer{err: "undefined variable 'a'"}, answer{err: "undefined variable 'b'"}, formNone, true},
		{answer{err: "found: { f = «lambda f @ x:1:2»; }"}, answer{err: "found: { f = «thunk»; }"}, formNone, true},
		{answer{err: "Cannot build '/nix/store/x.drv'."}, answer{err: "nothing can be built in a read-only session"}, formNone, true},
		{answer{err: "found: «lambda @ «nix-internal»/x.nix:1:2», 1"}, answer{err: "found: «lambda f @ y», 2"}, formNone, false},
		{answer{err: "found: «lambda @ «nix-internal»/x.nix:1:2»"}, answer{err: "found: «thunk»"}, formNone, true},
		{answer{err: "a"}, answer{err: "b"}, formNone, false},
		{answer{err: "stack overflow; max-call-depth exceeded"}, answer{err: "string too long: 2 bytes"}, formXML, true},
		{answer{value: "1"}, answer{err: "string too long: 2 bytes"}, formXML, false},
	} {
		if got := same(test.a, test.b, test.form); got != test.want {
			t.Errorf("%v and %v: %v", test.a, test.b, got)
		}
	}
}
