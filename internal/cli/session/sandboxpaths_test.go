package session

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"isomorph/internal/build/local"
	"isomorph/internal/cli"
	"isomorph/internal/cli/settings"
	"isomorph/internal/pipeline"
)

func sandboxPaths(value string) (*pipeline.BuildConfig, error) {
	m := &Maker{Env: &cli.Env{Dir: "/here"}}
	b := &pipeline.BuildConfig{}
	return b, m.sandboxPaths(b, settings.Values{"sandbox-paths": value, "sandbox-writable-paths": "/w"})
}

func TestSandboxPaths(t *testing.T) {
	b, err := sandboxPaths("/bin/sh=" + embeddedShell + " /a//b/./c/ /d=e? /x/../y=/z")
	if err != nil {
		t.Fatal(err)
	}
	want := []local.HostPath{
		{Target: "/a/b/c", Source: "/a/b/c"}, {Target: "/d", Source: "/here/e", Optional: true}, {Target: "/y", Source: "/z"},
		{Target: "/w", Source: "/w", Writable: true},
	}
	if diff := cmp.Diff(want, b.HostPaths); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if b.Shell != "" || b.NoShell || len(b.Cautions) != 1 {
		t.Errorf("shell %q, no shell %v, cautions %q", b.Shell, b.NoShell, b.Cautions)
	}
	if b, err = sandboxPaths("/bin/sh=/s"); err != nil || b.Shell != "/s" || b.NoShell {
		t.Errorf("shell %q, no shell %v, %v", b.Shell, b.NoShell, err)
	}
	if b, err = sandboxPaths("/bin/sh=" + embeddedShell + " /bin"); err != nil || !b.NoShell {
		t.Errorf("/bin is the machine's, but there is a shell for it: %v", err)
	}
	if b, err = sandboxPaths(""); err != nil || !b.NoShell {
		t.Errorf("there is a shell: %v", err)
	}
}

// The forms that Nix's linux-sandbox.sh wants refused, each for a file and for
// a directory.
func TestSandboxPathsThatEscape(t *testing.T) {
	for target, want := range map[string]string{
		"/foo/..": "invalid filename", "/foo/.": "invalid filename", "/..": "invalid filename", "/.": "invalid filename",
		"/../escape": "escapes the chroot", "/foo/../../escape": "escapes the chroot", "//foo///.//../../escape": "escapes the chroot",
		"/./../escape": "escapes the chroot", "///.//./../escape//": "escapes the chroot", "/a/b/../../../escape": "escapes the chroot",
		"/foo/../": "escapes the chroot", "/": "escapes the chroot", "relative": "not an absolute path",
	} {
		for _, source := range []string{"/etc/passwd", "/etc", ""} {
			word := target + "=" + source
			if source == "" {
				word = target
			}
			if _, err := sandboxPaths(word); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", word, err, want)
			}
		}
	}
	if _, err := sandboxPaths("/a/=/etc/passwd"); err == nil || !strings.Contains(err.Error(), "is not a directory") {
		t.Errorf("a slash after a file: %v", err)
	}
}
