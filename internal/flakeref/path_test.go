package flakeref_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"isomorph/internal/flakeref"
)

// tree makes files in a new directory and returns that.
func tree(t *testing.T, files ...string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(f)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, f), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestPathsAreLookedUp(t *testing.T) {
	dir := tree(t, "plain/flake.nix", "plain/sub/x", "git/.git/HEAD", "git/flake.nix", "git/deep/flake.nix",
		"shallow/.git/shallow", "shallow/flake.nix", "none/.git/HEAD", "none/sub/x")
	for _, tt := range []struct{ base, text, want string }{
		{"plain", ".", "path:" + dir + "/plain"},
		{"plain/sub", ".", "path:" + dir + "/plain"},
		{"", "./plain#x", "path:" + dir + "/plain#x"},
		{"", "plain/flake.nix", "flake:plain/flake.nix"},
		{"", "./plain/flake.nix", "path:" + dir + "/plain"},
		{"git", ".#y", "git+file://" + dir + "/git#y"},
		{"git/deep", ".", "git+file://" + dir + "/git?dir=deep"},
		{"git/deep", "path:.", "path:" + dir + "/git/deep"},
		{"git", "git+file:.?ref=x", "git+file:" + dir + "/git?ref=x"},
		{"shallow", ".", "git+file://" + dir + "/shallow?shallow=1"},
		{"none/sub", ".", "error: path \"" + dir + "/none\" is not part of a flake (neither it nor its parent directories contain a 'flake.nix' file)"},
		{"plain", "./sub/x", "error: path \"" + dir + "/plain/sub/x\" is not a flake (because it's not a directory)"},
		{"git/deep", ".?dir=a", "error: flake URL '.?dir=a' has an inconsistent 'dir' parameter"},
		{"", "./missing", "error: getting status of \"" + dir + "/missing\": No such file or directory"},
	} {
		ref, fragment, err := flakeref.ParseWithFragment(tt.text, flakeref.Options{BaseDir: filepath.Join(dir, tt.base)})
		got := ref.String()
		if fragment != "" {
			got += "#" + fragment
		}
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != tt.want {
			t.Errorf("%s in %s:\n got %s\nwant %s", tt.text, tt.base, got, tt.want)
		}
	}
}

func TestCutOutputs(t *testing.T) {
	check := func(name string) error {
		if name == "" {
			return errors.New("empty")
		}
		return nil
	}
	for text, want := range map[string]flakeref.Outputs{
		"a":         {},
		"a^*":       {Given: true, All: true},
		"a^out":     {Given: true, Names: []string{"out"}},
		"a^b^out,b": {Given: true, Names: []string{"b", "out"}},
	} {
		_, got, err := flakeref.CutOutputs(text, check)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", text, err, diff)
		}
	}
	if _, _, err := flakeref.CutOutputs("a^", check); err == nil {
		t.Error("'a^' was accepted")
	}
}

func TestCoversAndOverrides(t *testing.T) {
	parse := func(s string) flakeref.Ref {
		r, err := flakeref.Parse(s, flakeref.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	rev := "0123456789012345678901234567890123456789"
	if !parse("nixpkgs").Covers(parse("nixpkgs/x/"+rev)) || parse("nixpkgs/x").Covers(parse("nixpkgs")) {
		t.Error("a name covers itself with a branch, and not the other way round")
	}
	for _, tt := range []struct{ text, ref, rev, want string }{
		{"github:a/b/c", "", rev, "github:a/b/" + rev},
		{"github:a/b/" + rev, "c", "", "github:a/b/c"},
		{"git+https://x/y", "c", rev, "git+https://x/y?ref=c&rev=" + rev},
		{"nixpkgs", "c", rev, "flake:nixpkgs/c/" + rev},
		{"path:/x", "", "", "path:/x"},
	} {
		got, err := parse(tt.text).With(tt.ref, tt.rev)
		if err != nil || got.String() != tt.want {
			t.Errorf("%s: %v, %v", tt.text, got, err)
		}
	}
	for _, bad := range [][3]string{{"path:/x", "c", ""}, {"git+https://x/y", "", rev}, {"github:a/b", "c", rev}} {
		if got, err := parse(bad[0]).With(bad[1], bad[2]); err == nil {
			t.Errorf("%v gives %v", bad, got)
		}
	}
}
