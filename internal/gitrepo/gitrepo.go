// Package gitrepo reads git repositories of strangers.
//
// Reading a repository with git is not harmless: its own configuration can name
// programs that git then runs (core.fsmonitor, filter.*.clean, hooks, an
// "uploadpack" for a missing object, ...). So git never runs in such a
// repository. It runs in a view: a directory of our own, whose configuration is
// ours, and whose objects and references are those of the stranger by way of
// symlinks. Only a few values that say how the work tree looks (core.autocrlf
// and the like) are taken over, and they are read as data. The environment is
// fixed, the user's and the system's configuration are left out, and a transport
// is used only if it is one of a few.
//
// Nothing is ever checked out by git. Trees are listed with ls-tree and blobs
// read with cat-file; the files are written by this package, each in a directory
// that it has just made, so that no symlink is followed. Filters and line end
// conversion do not happen: what the store gets is what the commit holds. From a
// work tree are taken the files that git tracks, as they are on the disk.
//
// What is the same as in Nix 2.34.8 and what is not is in doc/compat.md.
package gitrepo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"isomorph/internal/lazyre"
)

// Options say how git is run.
type Options struct {
	Program string // absolute path of git, "" if the machine has none
	TempDir string // where views are made; created if it is not there

	// LookupEnv is the environment, of which only the variables in passed get
	// through.
	LookupEnv func(string) (string, bool)

	CAFile string // certificates for https, "" for git's own choice
}

// Git runs the machine's git.
type Git struct {
	o   Options
	env []string
}

// passed are the variables of the environment that git gets: where programs, ssh
// and its agent are, how to reach the network, and nothing that configures git.
var passed = []string{
	"PATH", "HOME", "USER", "LOGNAME", "SSH_AUTH_SOCK", "SSH_ASKPASS", "DISPLAY", "TERM", "TMPDIR",
	"GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT",
	"http_proxy", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY",
}

// New returns a Git.
func New(o Options) *Git {
	g := &Git{o: o, env: []string{
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_ATTR_NOSYSTEM=1",
		"GIT_TERMINAL_PROMPT=0", "GIT_PAGER=cat", "LC_ALL=C", "TZ=UTC0",
		"GIT_ALLOW_PROTOCOL=http:https:ssh:git:file",
		"GIT_NO_REPLACE_OBJECTS=1", "GIT_NO_LAZY_FETCH=1", "GIT_OPTIONAL_LOCKS=0", "GIT_LITERAL_PATHSPECS=1",
	}}
	for _, name := range passed {
		if v, ok := o.LookupEnv(name); ok {
			g.env = append(g.env, name+"="+v)
		}
	}
	if o.CAFile != "" {
		g.env = append(g.env, "GIT_SSL_CAINFO="+o.CAFile)
	}
	return g
}

// fixed are the settings that every call of git gets. They are stronger than
// any file.
var fixed = []string{
	"core.hooksPath=/dev/null", "core.fsmonitor=false", "core.untrackedCache=false", "core.attributesFile=/dev/null",
	"core.excludesFile=/dev/null", "core.pager=cat", "core.askPass=", "credential.helper=",
	"protocol.allow=never", "protocol.http.allow=always", "protocol.https.allow=always", "protocol.ssh.allow=always",
	"protocol.git.allow=always", "protocol.file.allow=always",
	"safe.directory=*", "gc.auto=0", "maintenance.auto=false", "submodule.recurse=false", "fetch.recurseSubmodules=false",
	"advice.detachedHead=false", "init.defaultBranch=master",
}

// ErrNoGit says that the machine has no git.
var ErrNoGit = errors.New("the program 'git' was not found on PATH; install git to fetch from git repositories")

// command prepares a call of git. dir is the GIT_DIR, "" for none.
func (g *Git) command(ctx context.Context, dir string, env []string, args ...string) (*exec.Cmd, error) {
	if g.o.Program == "" {
		return nil, ErrNoGit
	}
	full := make([]string, 0, 2*len(fixed)+len(args)+1)
	for _, s := range fixed {
		full = append(full, "-c", s)
	}
	if dir != "" {
		full = append(full, "--git-dir="+dir)
	}
	cmd := exec.CommandContext(ctx, g.o.Program, append(full, args...)...)
	cmd.Env = append(append([]string{}, g.env...), env...)
	cmd.Dir = "/"
	return cmd, nil
}

// CommandError is a failure of git.
type CommandError struct {
	Args   []string
	Stderr string // what git said, at most a few kilobytes
	Err    error
}

// Error names the command and has git's own words.
func (e *CommandError) Error() string {
	said := strings.TrimSpace(e.Stderr)
	if said == "" {
		said = e.Err.Error()
	}
	return fmt.Sprintf("git %s: %s", e.Args[0], redact(said))
}

// Unwrap returns how the process ended.
func (e *CommandError) Unwrap() error { return e.Err }

// userinfo matches user names and passwords in URLs.
var userinfo = lazyre.New(`(\w+://)[^/@\s']*@`)

func redact(s string) string { return userinfo.ReplaceAllString(s, "$1") }

// maxStderr bounds what is kept of git's messages, which a server can send.
const maxStderr = 8 << 10

// tail keeps the last bytes that are written to it.
type tail struct{ b []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	if over := len(t.b) - maxStderr; over > 0 {
		t.b = append(t.b[:0], t.b[over:]...)
	}
	return len(p), nil
}

// maxOutput bounds the output of commands that is read at once: lists of files
// and references.
const maxOutput = 1 << 30

// limited is a buffer that refuses to grow further.
type limited struct {
	bytes.Buffer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= len(p); l.left < 0 {
		return 0, fmt.Errorf("git wrote more than %d bytes", maxOutput)
	}
	return l.Buffer.Write(p)
}

// run calls git and returns its output.
func (g *Git) run(ctx context.Context, dir string, env []string, args ...string) ([]byte, error) {
	cmd, err := g.command(ctx, dir, env, args...)
	if err != nil {
		return nil, err
	}
	out, said := limited{left: maxOutput}, tail{}
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, &CommandError{Args: args, Stderr: string(said.b), Err: err}
	}
	return out.Bytes(), nil
}

// Repo is an open repository.
type Repo struct {
	g    *Git
	dir  string // the GIT_DIR that git is given: a view, or a repository of our own
	view bool   // dir is to be removed

	gitDir    string // the stranger's own directory, "" if the repository is ours
	commonDir string
	workTree  string // "" if there is none
}

// Close removes the view.
func (r *Repo) Close() error {
	if !r.view {
		return nil
	}
	return os.RemoveAll(r.dir)
}

func (r *Repo) git(ctx context.Context, args ...string) ([]byte, error) {
	return r.g.run(ctx, r.dir, nil, args...)
}

// IsRepository tells whether a directory looks like a git repository without a
// work tree.
func IsRepository(dir string) bool {
	_, err1 := os.Stat(filepath.Join(dir, "HEAD"))
	_, err2 := os.Stat(filepath.Join(dir, "objects"))
	return err1 == nil && err2 == nil
}

// Open opens the repository whose work tree is at path, or that lies at path
// itself if it has none.
func (g *Git) Open(ctx context.Context, path string) (*Repo, error) {
	gitDir, workTree := filepath.Join(path, ".git"), path
	info, err := os.Stat(gitDir)
	switch {
	case err == nil && info.Mode().IsRegular():
		if gitDir, err = readPointer(gitDir, "gitdir: ", path); err != nil {
			return nil, err
		}
	case errors.Is(err, fs.ErrNotExist) && IsRepository(path):
		gitDir, workTree = path, ""
	case err != nil:
		return nil, err
	}
	common := gitDir
	if p, err := readPointer(filepath.Join(gitDir, "commondir"), "", gitDir); err == nil {
		common = p
	}
	if !IsRepository(gitDir) && !IsRepository(common) {
		return nil, fmt.Errorf("'%s' is not a git repository", path)
	}
	return g.makeView(ctx, &Repo{g: g, gitDir: gitDir, commonDir: common, workTree: workTree})
}

// maxPointer bounds the small files of a repository that are read whole.
const maxPointer = 1 << 20

// readPointer reads a file that holds the name of a directory.
func readPointer(file, prefix, base string) (string, error) {
	b, err := readSmall(file)
	if err != nil {
		return "", err
	}
	s, ok := strings.CutPrefix(strings.TrimRight(string(b), "\r\n"), prefix)
	if !ok || s == "" {
		return "", fmt.Errorf("'%s' does not name a git directory", file)
	}
	if !filepath.IsAbs(s) {
		s = filepath.Join(base, s)
	}
	return filepath.Clean(s), nil
}

func readSmall(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxPointer {
		return nil, fmt.Errorf("'%s' is not a small regular file", file)
	}
	return os.ReadFile(file)
}
