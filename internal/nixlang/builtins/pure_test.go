package builtins_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/nixlang/eval"
	"isomorph/internal/nixlang/syntax"
	"isomorph/internal/storepath"
)

// lines returns the lines of a file without blank ones and comments.
func lines(t *testing.T, file string) []string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r []string
	for l := range strings.SplitSeq(string(b), "\n") {
		if l != "" && !strings.HasPrefix(l, "#") {
			r = append(r, l)
		}
	}
	return r
}

// readOnlyHost is a host that, as in a read-only evaluation, takes every store
// path for valid.
type readOnlyHost struct{ *memHost }

func (readOnlyHost) EnsureValid(storepath.Path) error { return nil }

// evalPure evaluates an expression without files; the result is the value or
// the error as the user sees it.
func evalPure(expr string) string {
	st := eval.NewState(eval.Options{})
	lib := builtins.Install(st, builtins.Options{Host: readOnlyHost{newMemHost(nil)}})
	c := st.NewCtx()
	text := ""
	err := c.Try(func() { text = c.PrintStrict(lib.EvalString(c, expr, "/", syntax.Origin{Kind: syntax.OriginString})) })
	if err != nil {
		// Nix leaves a line of blanks behind messages that end in a newline.
		return strings.TrimRight(syntax.ForTerminal(st.RenderError(err, false)), " \n")
	}
	return text
}

// Values and whole error messages, traces included, as C++ Nix 2.34.8 prints
// them for "nix-instantiate --eval --strict -E".
func TestPureAsNix(t *testing.T) {
	exprs, golden := lines(t, "testdata/pure.exprs"), lines(t, "testdata/pure.golden")
	if len(exprs) != len(golden) || len(exprs) < 470 {
		t.Fatalf("%d expressions, %d results", len(exprs), len(golden))
	}
	for i, expr := range exprs {
		var want string
		if err := json.Unmarshal([]byte(golden[i]), &want); err != nil {
			t.Fatal(err)
		}
		got := evalPure(expr)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s\n(-want +got):\n%s", expr, diff)
		}
	}
}

// With a command in ISOMORPH_ORACLE that runs the real nix-instantiate, the
// golden results are checked against it.
func TestPureOracle(t *testing.T) {
	oracle := strings.Fields(os.Getenv("ISOMORPH_ORACLE"))
	if len(oracle) == 0 {
		t.Skip("ISOMORPH_ORACLE names no nix-instantiate to compare with")
	}
	exprs, golden := lines(t, "testdata/pure.exprs"), lines(t, "testdata/pure.golden")
	for i, expr := range exprs {
		var want string
		if err := json.Unmarshal([]byte(golden[i]), &want); err != nil {
			t.Fatal(err)
		}
		args := append(oracle[1:len(oracle):len(oracle)], "--eval", "--strict", "--readonly-mode", "--option", "store", "dummy://", "-E", expr)
		out, err := exec.Command(oracle[0], args...).Output()
		if _, failed := err.(*exec.ExitError); err != nil && !failed {
			t.Fatal(err)
		}
		if got := strings.TrimSuffix(string(out), "\n"); err == nil && got != want {
			t.Errorf("%s: the oracle says %s, the golden file %s", expr, got, want)
		}
	}
}
