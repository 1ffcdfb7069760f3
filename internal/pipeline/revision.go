package pipeline

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"strings"

	"isomorph/internal/lazyre"
)

var fullCommit = lazyre.New(`^[0-9a-f]{40}([0-9a-f]{24})?$`)

// Revision returns the commit that dir is a checkout of, or "" when dir is not
// in a git work tree, has no commit, or has changes to tracked files: then no
// commit says what is being built. Untracked files do not count, because the
// image itself is written beside the recipe.
//
// The repository may be somebody else's: its configuration must not make git
// run a program. So file system monitors, hooks, and the filters that git runs
// over files which may have changed are switched off, and no transport is
// allowed, by which git would fetch what a partial clone lacks.
func Revision(ctx context.Context, dir string, environ []string) string {
	safe := []string{"-C", dir, "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "--no-optional-locks"}
	git := func(args ...string) (string, error) {
		args = append(safe[:len(safe):len(safe)], args...)
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
	filters, err := git("config", "--null", "--name-only", "--get-regexp", `^filter\.`)
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && (!ok || exit.ExitCode() != 1) { // 1: none
		return ""
	}
	off, ok := filtersOff(filters)
	if !ok {
		return ""
	}
	safe = append(safe, off...)
	if changes, err := git("status", "--porcelain", "--untracked-files=no", "--ignore-submodules"); err != nil || changes != "" {
		return ""
	}
	return rev
}

// filtersOff returns the options that make the filters with these settings do
// nothing. An option ends a name at its first "=", so a filter with one in its
// name could not be switched off; nobody has such a filter by honest means.
func filtersOff(settings string) (options []string, ok bool) {
	for setting := range strings.SplitSeq(settings, "\x00") {
		driver := setting[:max(strings.LastIndexByte(setting, '.'), 0)]
		if strings.Contains(driver, "=") {
			return nil, false
		}
		if driver == "filter" || driver == "" {
			continue
		}
		for _, what := range []string{".clean=", ".smudge=", ".process=", ".required=false"} {
			options = append(options, "-c", driver+what)
		}
	}
	return options, true
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
	return append(kept, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
		"GIT_ALLOW_PROTOCOL=none", "GIT_NO_LAZY_FETCH=1")
}
