package gitrepo_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"isomorph/internal/flakeref"
	"isomorph/internal/gitrepo"
)

// lab makes repositories that want to run something, and reads them.
type lab struct {
	t      *testing.T
	dir    string
	repo   string // a work tree with one commit
	canary string // is there if something of the repository was run
	evil   string // a program that makes the canary
	secret string // a file that no tree may hold
	git    *gitrepo.Git
	home   string
}

func newLab(t *testing.T) *lab {
	program, err := exec.LookPath("git")
	if err != nil {
		t.Skip("the machine has no git")
	}
	dir := t.TempDir()
	l := &lab{t: t, dir: dir, repo: filepath.Join(dir, "repo"), canary: filepath.Join(dir, "canary"),
		evil: filepath.Join(dir, "evil"), secret: filepath.Join(dir, "secret"), home: filepath.Join(dir, "home")}
	l.write(l.evil, "#!/bin/sh\ntouch '"+l.canary+"'\n", 0o755)
	l.write(l.secret, "secret\n", 0o644)
	l.run(dir, "init", "-q", "-b", "master", l.repo)
	l.write(filepath.Join(l.repo, "a"), "a\n", 0o644)
	l.write(filepath.Join(l.repo, "d", "b"), "b\n", 0o644)
	l.commit()
	l.git = gitrepo.New(gitrepo.Options{Program: program, TempDir: filepath.Join(dir, "tmp"),
		LookupEnv: func(name string) (string, bool) {
			if name == "HOME" {
				return l.home, true
			}
			return os.LookupEnv(name)
		}})
	return l
}

func (l *lab) write(file, text string, mode fs.FileMode) {
	l.t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		l.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), mode); err != nil {
		l.t.Fatal(err)
	}
}

// file writes a file of the work tree.
func (l *lab) file(name, text string) { l.write(filepath.Join(l.repo, name), text, 0o644) }

var quiet = []string{"GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=n", "GIT_AUTHOR_EMAIL=e", "GIT_COMMITTER_NAME=n", "GIT_COMMITTER_EMAIL=e",
	"GIT_AUTHOR_DATE=2020-01-01T00:00:00Z", "GIT_COMMITTER_DATE=2020-01-01T00:00:00Z"}

// run is git as the attacker runs it, before the trap is set.
func (l *lab) run(dir string, args ...string) string {
	l.t.Helper()
	out, err := l.try(dir, "", args...)
	if err != nil {
		l.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(out)
}

func (l *lab) try(dir, stdin string, args ...string) (string, error) {
	// A program that was run in place of the other end may never answer.
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "git", append([]string{"-c", "protocol.file.allow=always", "-c", "core.protectNTFS=false", "-c", "core.protectHFS=false"}, args...)...)
	cmd.Dir = dir
	cmd.WaitDelay = time.Second
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Env = append(append(os.Environ(), quiet...), "GIT_CONFIG_GLOBAL=/dev/null", "HOME="+l.home)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (l *lab) commit() {
	l.t.Helper()
	l.run(l.repo, "add", "-A")
	l.run(l.repo, "commit", "-q", "-m", "x", "--allow-empty", "--no-verify")
}

func (l *lab) config(lines ...string) {
	l.t.Helper()
	file := filepath.Join(l.repo, ".git", "config")
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		l.t.Fatal(err)
	}
	defer f.Close()
	fmt.Fprintln(f, strings.ReplaceAll(strings.Join(lines, "\n"), "EVIL", l.evil))
}

// raw commits a tree that git itself would not make: entries as
// "MODE NAME CONTENTS"; a tree's contents are entries in their turn.
func (l *lab) raw(entries ...[3]string) {
	l.t.Helper()
	tree := l.rawTree(entries)
	commit, err := l.try(l.repo, "x\n", "commit-tree", tree)
	if err != nil {
		l.t.Fatal(commit)
	}
	l.run(l.repo, "update-ref", "refs/heads/master", strings.TrimSpace(commit))
}

func (l *lab) object(typ, contents string) string {
	l.t.Helper()
	out, err := l.try(l.repo, contents, "hash-object", "-w", "--literally", "-t", typ, "--stdin")
	if err != nil {
		l.t.Fatal(out)
	}
	return strings.TrimSpace(out)
}

func (l *lab) rawTree(entries [][3]string) string {
	l.t.Helper()
	var b strings.Builder
	for _, e := range entries {
		oid := e[2]
		if e[0] != "40000" && e[0] != "160000" {
			oid = l.object("blob", e[2])
		}
		b.WriteString(e[0] + " " + e[1] + "\x00")
		for i := 0; i < len(oid); i += 2 {
			var c byte
			if _, err := fmt.Sscanf(oid[i:i+2], "%02x", &c); err != nil {
				l.t.Fatal(err)
			}
			b.WriteByte(c)
		}
	}
	return l.object("tree", b.String())
}

func (l *lab) blobTree(name, text string) string {
	return l.rawTree([][3]string{{"100644", name, text}})
}

// readAll does everything with the repository that a fetch can do.
func (l *lab) readAll() error {
	ctx := context.Background()
	return errors.Join(l.readWorkTree(ctx), l.readCommit(ctx), l.fetchIt(ctx))
}

func (l *lab) readWorkTree(ctx context.Context) error {
	r, err := l.git.Open(ctx, l.repo)
	if err != nil {
		return err
	}
	defer r.Close()
	t, err := r.WorkTree(ctx)
	if err != nil {
		return err
	}
	if _, err := r.Fingerprint(t); err != nil {
		return err
	}
	return r.CopyTracked(t, l.out("worktree"), gitrepo.TreeOptions{ExportIgnore: true})
}

func (l *lab) readCommit(ctx context.Context) error {
	r, err := l.git.Open(ctx, l.repo)
	if err != nil {
		return err
	}
	defer r.Close()
	return l.checkout(ctx, r, "commit", "HEAD")
}

func (l *lab) checkout(ctx context.Context, r *gitrepo.Repo, name, ref string) error {
	rev, err := r.Resolve(ctx, ref)
	if err != nil {
		return err
	}
	_, err1 := r.LastModified(ctx, rev)
	_, err2 := r.RevCount(ctx, rev)
	subs, err3 := r.Submodules(ctx, rev)
	for _, s := range subs {
		if _, err := r.ResolveSubmodule(ctx, s.URL, l.repo); err != nil {
			return err
		}
	}
	err4 := r.WriteTree(ctx, rev, l.out(name), gitrepo.TreeOptions{ExportIgnore: true})
	return errors.Join(err1, err2, err3, err4)
}

func (l *lab) fetchIt(ctx context.Context) error {
	u, err := flakeref.FixGitURL(l.repo)
	if err != nil {
		return err
	}
	if _, err := l.git.RemoteHead(ctx, u); err != nil {
		return err
	}
	c, err := l.git.OpenCache(ctx, filepath.Join(l.dir, "cache"))
	if err != nil {
		return err
	}
	if err := c.Fetch(ctx, u, "refs/*:refs/*", false); err != nil {
		return err
	}
	return l.checkout(ctx, c, "fetched", "refs/heads/master")
}

func (l *lab) out(name string) string {
	l.t.Helper()
	dir := filepath.Join(l.dir, "out-"+name)
	if err := os.RemoveAll(dir); err != nil {
		l.t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		l.t.Fatal(err)
	}
	return dir
}

// check fails if something was run, was written elsewhere, or holds the secret.
func (l *lab) check() {
	l.t.Helper()
	if _, err := os.Lstat(l.canary); err == nil {
		l.t.Error("something of the repository was run")
	}
	if b, err := os.ReadFile(l.secret); err != nil || string(b) != "secret\n" {
		l.t.Error("a file outside was changed")
	}
	for _, name := range []string{"escaped", "out-escaped"} {
		if _, err := os.Lstat(filepath.Join(l.dir, name)); err == nil {
			l.t.Error("a file outside was made")
		}
	}
	outs, _ := filepath.Glob(filepath.Join(l.dir, "out-*"))
	for _, dir := range outs {
		err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
			if err == nil && e.Type().IsRegular() {
				if b, _ := os.ReadFile(p); string(b) == "secret\n" {
					l.t.Errorf("%s holds the contents of a file outside", p)
				}
			}
			return err
		})
		if err != nil {
			l.t.Error(err)
		}
	}
}

// trap is a hostile repository. good says that reading it must work; control is
// what an ordinary git does that falls for it, nil if this machine's git does
// not fall for it either, or if the trap is no program.
type trap struct {
	name    string
	set     func(*lab)
	good    bool
	control func(*lab)
}

func status(l *lab)   { l.try(l.repo, "", "status") }
func checkout(l *lab) { l.try(l.repo, "", "checkout", "-f", "HEAD", "--", ".") }
func diff(l *lab)     { l.try(l.repo, "", "diff", "--ext-diff") }

// touchAll makes git compare the contents of all files again.
func touchAll(l *lab) { l.file("a", "A\n"); l.file("d/b", "B\n") }

func traps() []trap {
	config := func(name, text string, control func(*lab)) trap {
		return trap{name, func(l *lab) { l.config(strings.Split(text, "\n")...); touchAll(l) }, true, control}
	}
	attr := func(name, attribute, text string, control func(*lab)) trap {
		return trap{name, func(l *lab) {
			l.file(".gitattributes", "* "+attribute+"\n")
			l.commit()
			l.config(strings.Split(text, "\n")...)
			touchAll(l)
		}, true, control}
	}
	hook := func(name string, control func(*lab)) trap {
		return trap{"hook " + name, func(l *lab) {
			l.write(filepath.Join(l.repo, ".git/hooks", name), "#!/bin/sh\ntouch '"+l.canary+"'\n", 0o755)
			touchAll(l)
		}, true, control}
	}
	raw := func(name string, good bool, entries ...[3]string) trap {
		return trap{"tree: " + name, func(l *lab) { l.raw(entries...) }, good, nil}
	}
	subURL := func(url string, good bool) trap {
		return trap{"submodule url " + url, func(l *lab) {
			l.file(".gitmodules", "[submodule \"s\"]\n\tpath = s\n\turl = "+url+"\n")
			l.run(l.repo, "add", "-A")
			l.run(l.repo, "update-index", "--add", "--cacheinfo", "160000,"+strings.Repeat("1", 40)+",s")
			l.run(l.repo, "commit", "-q", "-m", "s")
		}, good, nil}
	}
	list := []trap{
		config("core.fsmonitor", "[core]\n\tfsmonitor = EVIL", status),
		config("core.fsmonitor, hook version 1", "[core]\n\tfsmonitor = EVIL\n\tfsmonitorHookVersion = 1", status),
		config("core.hooksPath", "[core]\n\thooksPath = /nowhere", nil),
		config("core.pager", "[core]\n\tpager = EVIL\n[pager]\n\tstatus = EVIL", nil),
		config("core.editor", "[core]\n\teditor = EVIL", nil),
		config("core.sshCommand", "[core]\n\tsshCommand = EVIL", nil),
		config("core.gitProxy", "[core]\n\tgitProxy = EVIL", nil),
		config("core.askPass", "[core]\n\taskPass = EVIL", nil),
		config("core.alternateRefsCommand", "[core]\n\talternateRefsCommand = EVIL", nil),
		config("core.worktree", "[core]\n\tworktree = /etc", nil),
		config("diff.external", "[diff]\n\texternal = EVIL", diff),
		config("credential.helper", "[credential]\n\thelper = !EVIL", nil),
		config("gpg.program", "[gpg]\n\tprogram = EVIL\n[log]\n\tshowSignature = true", nil),
		config("alias", "[alias]\n\tstatus = !EVIL\n\tls-files = !EVIL\n\tcat-file = !EVIL", nil),
		config("uploadpack.packObjectsHook", "[uploadpack]\n\tpackObjectsHook = EVIL", nil),
		config("remote uploadpack", "[remote \"origin\"]\n\turl = .\n\tuploadpack = EVIL", func(l *lab) { l.try(l.repo, "", "fetch", "origin") }),
		config("remote ext::", "[remote \"origin\"]\n\turl = ext::EVIL", nil),
		config("remote.vcs", "[remote \"origin\"]\n\tvcs = ext\n\turl = EVIL", nil),
		config("url.insteadOf", "[url \"ext::EVIL \"]\n\tinsteadOf = /\n\tinsteadOf = file", nil),
		config("protocol.ext.allow", "[protocol]\n\tallow = always\n[protocol \"ext\"]\n\tallow = always", nil),
		config("partial clone", "[extensions]\n\tpartialClone = origin\n[core]\n\trepositoryformatversion = 1\n[remote \"origin\"]\n\tpromisor = true\n\turl = .\n\tuploadpack = EVIL", nil),
		config("include", "[include]\n\tpath = /etc/passwd", nil),
		config("extensions.worktreeConfig", "[extensions]\n\tworktreeConfig = true", nil),
		config("safe.bareRepository", "[safe]\n\tbareRepository = all\n\tdirectory = *", nil),
		config("core.precomposeUnicode", "[core]\n\tprecomposeUnicode = true\n\tautocrlf = EVIL\n\teol = EVIL", nil),
		config("gc and maintenance", "[gc]\n\tauto = 1\n[maintenance]\n\tstrategy = incremental", nil),
		config("trailer and notes", "[trailer \"x\"]\n\tcommand = EVIL\n[notes]\n\tdisplayRef = *", nil),
		config("interactive.diffFilter", "[interactive]\n\tdiffFilter = EVIL", nil),
		config("sequence.editor", "[sequence]\n\teditor = EVIL\n[web]\n\tbrowser = EVIL", nil),
		config("submodule.update", "[submodule \"s\"]\n\tupdate = !EVIL\n\turl = /", nil),

		attr("filter clean", "filter=x", "[filter \"x\"]\n\tclean = EVIL", status),
		attr("filter smudge", "filter=x", "[filter \"x\"]\n\tsmudge = EVIL", checkout),
		attr("filter process", "filter=x", "[filter \"x\"]\n\tprocess = EVIL\n\trequired = true", status),
		attr("filter lfs", "filter=lfs", "[filter \"lfs\"]\n\tclean = EVIL\n\tsmudge = EVIL", status),
		attr("diff textconv", "diff=x", "[diff \"x\"]\n\ttextconv = EVIL", diff),
		attr("diff command", "diff=x", "[diff \"x\"]\n\tcommand = EVIL", diff),
		attr("merge driver", "merge=x", "[merge \"x\"]\n\tdriver = EVIL", nil),
		attr("working-tree-encoding", "working-tree-encoding=ISO-8859-1", "", nil),
		attr("export-subst", "export-subst", "[tar \"tar.gz\"]\n\tcommand = EVIL", nil),

		hook("fsmonitor-watchman", nil),
		hook("post-checkout", checkoutBranch),
		hook("reference-transaction", nil),
		hook("post-index-change", status),
		hook("pre-receive", nil),
		hook("update", nil),

		{"info/attributes with a filter", func(l *lab) {
			l.config("[filter \"x\"]", "\tclean = EVIL")
			l.write(filepath.Join(l.repo, ".git/info/attributes"), "* filter=x\n", 0o644)
			touchAll(l)
		}, true, status},
		{"config.worktree", func(l *lab) {
			l.config("[extensions]", "\tworktreeConfig = true")
			l.write(filepath.Join(l.repo, ".git/config.worktree"), "[core]\n\tfsmonitor = "+l.evil+"\n", 0o644)
			touchAll(l)
		}, true, status},
		{"alternates", func(l *lab) {
			l.write(filepath.Join(l.repo, ".git/objects/info/alternates"), "/proc/self/root\n", 0o644)
		}, true, nil},
		{"a directory of the work tree becomes a link", func(l *lab) {
			if err := os.RemoveAll(filepath.Join(l.repo, "d")); err != nil {
				l.t.Fatal(err)
			}
			l.write(filepath.Join(l.dir, "other", "b"), "secret\n", 0o644)
			if err := os.Symlink(filepath.Join(l.dir, "other"), filepath.Join(l.repo, "d")); err != nil {
				l.t.Fatal(err)
			}
		}, true, nil},
		{"a reference that leads out", func(l *lab) {
			l.write(filepath.Join(l.repo, ".git/HEAD"), "ref: refs/heads/../../../secret\n", 0o644)
		}, false, nil},
		{"a reference that is a link", func(l *lab) {
			if err := os.Symlink(l.secret, filepath.Join(l.repo, ".git/refs/heads/link")); err != nil {
				l.t.Fatal(err)
			}
		}, false, nil},
		{"objects that are a FIFO", func(l *lab) {
			os.Remove(filepath.Join(l.repo, "a"))
			if err := exec.Command("mkfifo", filepath.Join(l.repo, "a")).Run(); err != nil {
				l.t.Skip("no mkfifo")
			}
		}, false, nil},

		raw(".git", true, [3]string{"100644", ".git", "gitdir: /"}),
		raw(".GIT", true, [3]string{"100644", ".GIT", "x"}),
		raw("git~1", true, [3]string{"100644", "git~1", "x"}),
		raw(".g\u200cit", true, [3]string{"100644", ".g\u200cit", "x"}),
		raw("..", false, [3]string{"100644", "..", "x"}),
		raw(".", false, [3]string{"100644", ".", "x"}),
		raw("a name with slashes that leads out", false, [3]string{"100644", "../escaped", "x"}),
		raw("an absolute name", false, [3]string{"100644", "/escaped", "x"}),
		raw("the same name twice", false, [3]string{"100644", "f", "x"}, [3]string{"100644", "f", "y"}),
		raw("a link with an empty target", false, [3]string{"120000", "l", ""}),
		raw("a link with a NUL", false, [3]string{"120000", "l", "a\x00b"}),
		raw("a link with a long target", false, [3]string{"120000", "l", strings.Repeat("x", 5000)}),
		raw("a link out", true, [3]string{"120000", "l", "/etc/passwd"}),
		{"tree: a link and a directory of one name", func(l *lab) {
			l.raw([3]string{"120000", "x", ".."}, [3]string{"40000", "x", l.blobTree("escaped", "x")})
		}, false, nil},
		{"tree: .git as a directory with hooks", func(l *lab) {
			l.raw([3]string{"40000", ".git", l.blobTree("config", "[core]\n\tfsmonitor = "+l.evil+"\n")})
		}, true, nil},
		{"tree: very deep", func(l *lab) {
			tree := l.blobTree("f", "x")
			for range 100 {
				tree = l.rawTree([][3]string{{"40000", "d", tree}})
			}
			l.raw([3]string{"40000", "d", tree})
		}, false, nil},

		subURL("ext::sh -c evil", true), subURL("--upload-pack=evil", true), subURL("-x", true),
		subURL("file:///etc", true), subURL("../../../../../etc", true), subURL("ssh://-oProxyCommand=evil/x", true),
		{"submodule path out", func(l *lab) {
			l.file(".gitmodules", "[submodule \"s\"]\n\tpath = ../escaped\n\turl = /x\n")
			l.commit()
		}, false, nil},
		{"submodule update command", func(l *lab) {
			l.file(".gitmodules", "[submodule \"s\"]\n\tpath = s\n\turl = /x\n\tupdate = !"+l.evil+"\n")
			l.commit()
		}, true, nil},
		{".gitmodules includes", func(l *lab) {
			l.file(".gitmodules", "[include]\n\tpath = "+l.secret+"\n[submodule \"s\"]\n\tpath = s\n\turl = /x\n")
			l.commit()
		}, true, nil},
	}
	return list
}

func checkoutBranch(l *lab) { l.try(l.repo, "", "checkout", "-f", "-b", "other") }

// Nothing of a hostile repository is run, and nothing is written or read outside.
// Where git itself falls for the trap, the test shows that it does.
func TestHostileRepositories(t *testing.T) {
	all := traps()
	if len(all) < 60 {
		t.Fatalf("only %d hostile repositories", len(all))
	}
	for i, tr := range all {
		if testing.Short() && tr.control == nil && i%4 != 0 {
			continue // each is a dozen calls of git
		}
		t.Run(tr.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			tr.set(l)
			os.Remove(l.canary) // setting the trap may have sprung it
			err := l.readAll()
			if tr.good && err != nil {
				t.Errorf("it could not be read: %v", err)
			}
			if !tr.good && err == nil {
				t.Error("it was read without an error")
			}
			l.check()
			if tr.control == nil {
				return
			}
			tr.control(l)
			if _, err := os.Lstat(l.canary); err != nil {
				t.Error("the trap does not work: an ordinary git did not run the program")
			}
		})
	}
}

// URLs and references that would be options or programs.
func TestHostileURLs(t *testing.T) {
	l := newLab(t)
	ctx := context.Background()
	c, err := l.git.OpenCache(ctx, filepath.Join(l.dir, "cache"))
	if err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{"ext::" + l.evil, "ext://" + l.evil, "fd::0", "ssh://-oProxyCommand=" + l.evil + "/x", "--upload-pack=" + l.evil, "ftp://h/x", "file://-x/y"} {
		u, err := flakeref.FixGitURL(url)
		if err != nil {
			continue
		}
		if err := c.Fetch(ctx, u, "refs/heads/master:refs/heads/master", false); err == nil {
			t.Errorf("%s: no error", url)
		}
	}
	for _, ref := range []string{"--all", "-x", "$(touch x)", "master\n--exec=x"} {
		if r, err := l.git.Open(ctx, l.repo); err != nil {
			t.Fatal(err)
		} else if _, err := r.Resolve(ctx, ref); err == nil {
			t.Errorf("%q was resolved", ref)
		}
	}
	l.check()
}
