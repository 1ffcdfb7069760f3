package initcmd_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"isomorph/internal/cli"
	"isomorph/internal/cli/initcmd"
)

func templates() fstest.MapFS {
	return fstest.MapFS{
		"hello/iso.nix":               {Data: []byte("# A greeting on a live medium\n{ }")},
		"hello/pkgs/hello/hello.c":    {Data: []byte("int main;")},
		"minimal/iso.nix":             {Data: []byte("{ }")},
		"README.md":                   {Data: []byte("x")},
		"norecipe/other.nix":          {Data: []byte("x")},
		"hello/pkgs/hello/nested/.ok": {Data: []byte("dot")},
	}
}

func run(t *testing.T, dir string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := initcmd.New(&cli.Env{Stdout: &out, Stderr: &errs, Dir: dir}, templates())
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	err = cmd.Execute()
	return out.String(), errs.String(), err
}

func TestInit(t *testing.T) {
	dir := t.TempDir()
	stdout, stderr, err := run(t, dir, "my iso")
	if err != nil {
		t.Fatal(err)
	}
	if want := "my iso/iso.nix\nmy iso/pkgs/hello/hello.c\nmy iso/pkgs/hello/nested/.ok\n"; stdout != want {
		t.Errorf("got %q, want %q", stdout, want)
	}
	if !strings.Contains(stderr, "isomorph build") {
		t.Errorf("stderr %q", stderr)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "my iso/pkgs/hello/hello.c")); err != nil || string(b) != "int main;" {
		t.Errorf("got %q, %v", b, err)
	}
}

// TestNoOverwrite: one file in the way, and nothing is written.
func TestNoOverwrite(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "pkgs/hello"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "pkgs/hello/hello.c"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := run(t, dir, "."); err == nil || !strings.Contains(err.Error(), "hello.c exists") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Lstat(filepath.Join(dir, "iso.nix")); err == nil {
		t.Error("iso.nix was written all the same")
	}
	if _, _, err := run(t, dir, ".", "--template", "minimal"); err != nil {
		t.Errorf("a template that is not in the way: %v", err)
	}
}

func TestUnknownTemplate(t *testing.T) {
	_, _, err := run(t, t.TempDir(), "x", "--template", "norecipe")
	var e *cli.ExitError
	if !errors.As(err, &e) || e.Code != cli.ExitUsage || !strings.Contains(err.Error(), "hello, minimal") {
		t.Errorf("got %v", err)
	}
}

func TestHelp(t *testing.T) {
	stdout, _, err := run(t, t.TempDir(), "--help")
	if err != nil || !strings.Contains(stdout, "hello      A greeting on a live medium") {
		t.Errorf("got %q, %v", stdout, err)
	}
}

func TestNextStepsSuitTheShell(t *testing.T) {
	for dir, want := range map[string]string{"my-image": "cd my-image\n", "it's mine": `cd 'it'\''s mine'` + "\n"} {
		_, stderr, err := run(t, t.TempDir(), dir)
		if err != nil || !strings.Contains(stderr, want) {
			t.Errorf("got %q, %v, want it to contain %q", stderr, err, want)
		}
	}
}
