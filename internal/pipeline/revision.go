package pipeline

import (
	"bytes"
	"context"
	"os/exec"
	"regexp"
	"strings"
)

var fullCommit = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)

// Revision returns the commit that dir is a checkout of, or "" when dir is not
// in a git work tree, has no commit, or has changes to tracked files: then no
// commit says what is being built. Untracked files do not count, because the
// image itself is written beside the recipe.
//
// The repository may be somebody else's: its configuration must not make git
// run a program, so file system monitors and hooks are switched off.
func Revision(ctx context.Context, dir string, environ []string) string {
	git := func(args ...string) (string, error) {
		args = append([]string{"-C", dir, "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "--no-optional-locks"}, args...)
		cmd := exec.CommandContext(ctx, "git", args...)
		cmd.Env = gitEnv(environ)
		var out bytes.Buffer
		cmd.Stdout = &out
		err := cmd.Run()
		return strings.TrimSpace(out.String()), err
	}
	rev, err := git("rev-parse", "--verify", "--quiet", "HEAD")
	if err != nil || !fullCommit.MatchString(rev) {
		return ""
	}
	if changes, err := git("status", "--porcelain", "--untracked-files=no", "--ignore-submodules"); err != nil || changes != "" {
		return ""
	}
	return rev
}

// gitEnv is the caller's environment without the variables that point git at
// another repository or at other configuration.
func gitEnv(environ []string) []string {
	kept := make([]string, 0, len(environ)+2)
	for _, kv := range environ {
		if !strings.HasPrefix(kv, "GIT_") {
			kept = append(kept, kv)
		}
	}
	return append(kept, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0")
}
