package pipeline

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// repository makes one with a commit, and returns what runs git in it.
func repository(t *testing.T) (dir string, git func(args ...string)) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("needs git")
	}
	dir = t.TempDir()
	git = func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=a@b"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	git("init", "-q")
	write(t, filepath.Join(dir, "iso.nix"), "{ }")
	write(t, filepath.Join(dir, ".gitattributes"), "* filter=evil\n")
	git("add", ".")
	git("commit", "-q", "-m", "x")
	return dir, git
}

// environ keeps git away from the configuration of whoever runs the test.
func environ(t *testing.T) []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
}

// A repository's configuration does not make git run a program.
func TestRevisionRunsNothing(t *testing.T) {
	for _, setting := range []string{
		"filter.evil.clean", "filter.evil.process", "filter.Evil.x.clean", "filter.e=l.clean", "core.fsmonitor",
	} {
		dir, git := repository(t)
		mark := filepath.Join(t.TempDir(), "ran")
		git("config", setting, "touch '"+mark+"'; cat")
		if name, ok := driverOf(setting); ok {
			write(t, filepath.Join(dir, ".gitattributes"), "* filter="+name+"\n")
		}
		write(t, filepath.Join(dir, "iso.nix"), "{b}") // of the same size: git has to look into it
		Revision(context.Background(), dir, environ(t))
		if _, err := os.Stat(mark); err == nil {
			t.Errorf("%s was run", setting)
		}
		cmd := exec.Command("git", "-C", dir, "status", "--porcelain")
		cmd.Env = environ(t)
		_ = cmd.Run()
		if _, err := os.Stat(mark); err != nil {
			t.Errorf("control: git does not run %s", setting)
		}
	}
}

func driverOf(setting string) (name string, ok bool) {
	rest, ok := strings.CutPrefix(setting, "filter.")
	return rest[:max(strings.LastIndexByte(rest, '.'), 0)], ok
}

func TestRevisionOfWorkTree(t *testing.T) {
	dir, git := repository(t)
	if got := Revision(context.Background(), dir, environ(t)); !fullCommit.MatchString(got) {
		t.Errorf("of a clean work tree: %q", got)
	}
	git("config", "filter.evil.clean", "cat")
	write(t, filepath.Join(dir, "untracked"), "")
	if got := Revision(context.Background(), dir, environ(t)); !fullCommit.MatchString(got) {
		t.Errorf("with a filter and an untracked file: %q", got)
	}
	write(t, filepath.Join(dir, "iso.nix"), "{ a = 1; }")
	if got := Revision(context.Background(), dir, environ(t)); got != "" {
		t.Errorf("of a changed work tree: %q", got)
	}
}
