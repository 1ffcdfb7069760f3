package classic_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"isomorph/internal/cli"
	"isomorph/internal/cli/classic"
	"isomorph/internal/cli/settings"
)

func TestParse(t *testing.T) {
	var eval bool
	var attr []string
	spec := classic.Spec{
		Command: "nix-x",
		Flags:   map[string]*bool{"--eval": &eval},
		Values:  map[string]func(string){"-A": func(v string) { attr = append(attr, v) }},
	}
	c, operands, err := classic.Parse(spec, []string{
		"a.nix", "--eval", "-A", "x", "-j4", "-vvkK", "-I", "a=b", "--arg", "n", "1", "--argstr", "s", "--eval",
		"--option", "cores", "2", "--max-call-depth", "9", "--no-eval-cache", "--extra-sandbox-paths", "/a", "--", "-z",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := &classic.Common{
		Verbosity: 2, Jobs: "4", KeepGoing: true, KeepFailed: true, Include: []string{"a=b"},
		Args:     []classic.Arg{{Name: "n", Value: "1"}, {Name: "s", Value: "--eval", IsString: true}},
		Settings: []settings.Setting{{Name: "cores", Value: "2"}, {Name: "max-call-depth", Value: "9"}, {Name: "eval-cache", Value: "false"}, {Name: "extra-sandbox-paths", Value: "/a"}},
	}
	if diff := cmp.Diff(want, c, cmpopts.IgnoreUnexported(classic.Common{})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"a.nix", "-z"}, operands); diff != "" || !eval || attr[0] != "x" {
		t.Errorf("operands (-want +got)\n%s eval %v attr %v", diff, eval, attr)
	}
}

func TestReadArgs(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "f"), []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, _, err := classic.Parse(classic.Spec{Command: "nix-x"}, []string{"--arg-from-file", "a", "f", "--arg", "b", "1", "--arg-from-stdin", "c"})
	if err == nil {
		err = c.ReadArgs(strings.NewReader("in"), dir)
	}
	want := []classic.Arg{{Name: "a", Value: "text", IsString: true}, {Name: "b", Value: "1"}, {Name: "c", Value: "in", IsString: true}}
	if diff := cmp.Diff(want, c.Args); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
}

func TestParseErrors(t *testing.T) {
	for _, args := range [][]string{{"--nonsense"}, {"-A"}, {"--arg", "x"}, {"--option", "x"}, {"-Z"}, {"-j"}} {
		if _, _, err := classic.Parse(classic.Spec{Command: "nix-x"}, args); err == nil {
			t.Errorf("%q was accepted", args)
		}
	}
}

func TestJoinPairs(t *testing.T) {
	got, err := cli.JoinPairs([]string{"build", "--arg", "x", "a = 1", "-v", "--", "--arg", "y"})
	want := []string{"build", "--arg=x=a = 1", "-v", "--", "--arg", "y"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	for _, bad := range [][]string{{"--arg"}, {"--arg", "x"}, {"--argstr", "x=1", "y"}} {
		if _, err := cli.JoinPairs(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestInt(t *testing.T) {
	for in, want := range map[string]int{"": 7, "auto": 9, "0": 0, "12": 12} {
		if got, err := classic.Int("x", in, 7, 9); got != want || err != nil {
			t.Errorf("%q: %d, %v", in, got, err)
		}
	}
	for _, bad := range []string{"-1", "x", "1.5"} {
		if _, err := classic.Int("x", bad, 0, 0); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}
