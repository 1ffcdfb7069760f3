package classic_test

import (
	"errors"
	"strings"
	"testing"

	"isomorph/internal/cli"
	"isomorph/internal/cli/classic"
	"isomorph/internal/nixlang/builtins"
)

func TestHelpAndVersion(t *testing.T) {
	spec := classic.Spec{Command: "nix-thing", Flags: map[string]*bool{"--own": new(bool)}}
	for flag, want := range map[string]string{
		"--help":    "\n  --own\n",
		"--version": "nix-thing (isomorph) " + builtins.DefaultNixVersion + "\n",
	} {
		_, _, err := classic.Parse(spec, []string{"operand", flag, "--unknown"})
		var p *cli.Printed
		if !errors.As(err, &p) || !strings.Contains(p.Text, want) {
			t.Errorf("%s: got %v, want a text with %q", flag, err, want)
		}
	}
}

// The list in the help is written by hand.
func TestHelpNamesRealOptions(t *testing.T) {
	_, _, err := classic.Parse(classic.Spec{Command: "nix-thing"}, []string{"--help"})
	var p *cli.Printed
	if !errors.As(err, &p) {
		t.Fatal(err)
	}
	names := 0
	for _, word := range strings.FieldsFunc(p.Text, func(r rune) bool { return r == ',' || r == '\n' }) {
		name, _, _ := strings.Cut(strings.TrimSpace(word), " ")
		name = strings.NewReplacer("[no-]", "", "[extra-]", "").Replace(name)
		if !strings.HasPrefix(name, "-") || name == "--help" || name == "--version" {
			continue
		}
		names++
		if _, _, err := classic.Parse(classic.Spec{}, []string{name, "1", "2"}); err != nil {
			t.Errorf("the help names %s: %v", name, err)
		}
	}
	if names < 40 {
		t.Errorf("only %d options were found in the help", names)
	}
}
