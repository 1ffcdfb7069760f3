package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	updatePages = flag.Bool("update", false, "write what isomorph says into doc/errors, and the command pages")
	oraclePages = flag.String("oracle", "", "with -update: a command before nix-instantiate, to write what Nix says, too")
)

const errorPages = "../../doc/errors"

// A page of doc/errors shows a mistake, what isomorph says about it, and what
// Nix does:
//
//	# Title
//	text
//	## Recipe
//	```nix file=NAME      one or more files
//	## isomorph
//	```console            a command, its output, "exit code N"
//	## Nix 2.34.8
//	```console
type errorPage struct {
	file  string
	text  string
	files map[string]string
}

var (
	pageFile    = regexp.MustCompile("(?ms)^```nix file=(\\S+)\n(.*?)^```\n")
	pageConsole = regexp.MustCompile("(?ms)^## (isomorph|Nix [0-9.]+)\n+```console\n\\$ ([^\n]*)\n(.*?)^```\n")
	pageTitle   = regexp.MustCompile(`(?m)\A# (.*)\n\n(.*)\n`)
)

func readErrorPages(t *testing.T) []errorPage {
	t.Helper()
	names, err := filepath.Glob(errorPages + "/*.md")
	if err != nil {
		t.Fatal(err)
	}
	var pages []errorPage
	for _, name := range names {
		if filepath.Base(name) == "README.md" {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		p := errorPage{file: name, text: string(b), files: map[string]string{}}
		for _, m := range pageFile.FindAllStringSubmatch(p.text, -1) {
			p.files[m[1]] = m[2]
		}
		pages = append(pages, p)
	}
	return pages
}

// TestErrorPages runs the commands of the pages and compares what they say.
func TestErrorPages(t *testing.T) {
	pages := readErrorPages(t)
	if len(pages) < 30 {
		t.Fatalf("only %d pages", len(pages))
	}
	for _, p := range pages {
		t.Run(strings.TrimSuffix(filepath.Base(p.file), ".md"), func(t *testing.T) {
			t.Parallel()
			p.check(t)
		})
	}
}

func (p *errorPage) check(t *testing.T) {
	if len(p.files) == 0 || !pageTitle.MatchString(p.text) {
		t.Fatal("the page has no title or no recipe")
	}
	dir := t.TempDir()
	for name, text := range p.files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	seen := 0
	got := pageConsole.ReplaceAllStringFunc(p.text, func(section string) string {
		m := pageConsole.FindStringSubmatch(section)
		who, command, before := m[1], m[2], m[3]
		said := before
		switch {
		case who == "isomorph":
			seen++
			said = p.run(t, dir, command, nil)
		case *updatePages && *oraclePages != "":
			said = p.run(t, dir, command, strings.Fields(*oraclePages))
		}
		return fmt.Sprintf("## %s\n\n```console\n$ %s\n%s```\n", who, command, said)
	})
	if seen != 1 {
		t.Fatalf("the page has %d sections of isomorph", seen)
	}
	if got == p.text {
		return
	}
	if *updatePages {
		if err := os.WriteFile(p.file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("isomorph says something else; if that is better: go test ./cmd/isomorph -run TestErrorPages -update\n%s", cmp.Diff(p.text, got))
}

// run runs a command of a page in dir and returns what it said. Places of the
// test are replaced by those that a reader may have.
func (p *errorPage) run(t *testing.T, dir, command string, before []string) string {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := append(before, shellWords(command)...)
	home := t.TempDir()
	cmd := exec.Command(self)
	if len(before) > 0 {
		if cmd.Path, err = exec.LookPath(args[0]); err != nil {
			t.Fatal(err)
		}
	}
	cmd.Args = args
	cmd.Dir = dir
	cmd.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "NIX_CONFIG=sandbox-paths ="}
	if len(before) > 0 {
		cmd.Env = append(cmd.Env, "NIX_PATH=nixpkgs="+filepath.Join(repository, "channel"), "HOME="+os.Getenv("HOME"),
			"NIX_CONFIG=build-users-group =\nsubstituters =\nsandbox = false\n")
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	_ = cmd.Run()
	said := out.String()
	said = strings.ReplaceAll(said, dir, "/home/me")
	said = strings.ReplaceAll(said, filepath.Join(repository, "channel"), "<nixpkgs>")
	said = regexp.MustCompile(regexp.QuoteMeta(home)+`/\.cache/isomorph/channel/[0-9a-z]+`).ReplaceAllString(said, "<nixpkgs>")
	said = regexp.MustCompile(`/nix/store/[0-9a-z]{32}-channel`).ReplaceAllString(said, "<nixpkgs>")
	said = regexp.MustCompile(`/nix/store/[0-9a-z]{32}-`).ReplaceAllString(said, "/nix/store/<hash>-") // depends on dir
	said = regexp.MustCompile(`\b[0-9.]+s\)`).ReplaceAllString(said, "0.1s)")
	return fmt.Sprintf("%s\n# exit code %d\n", strings.TrimRight(said, "\n"), cmd.ProcessState.ExitCode())
}

// shellWords splits a command line; single quotes quote.
func shellWords(s string) []string {
	var words []string
	for i, part := range strings.Split(s, "'") {
		if i%2 == 1 {
			words = append(words, part)
		} else {
			words = append(words, strings.Fields(part)...)
		}
	}
	return words
}

// TestErrorIndex checks that the index has a line for each page.
func TestErrorIndex(t *testing.T) {
	var lines strings.Builder
	for _, p := range readErrorPages(t) {
		m := pageTitle.FindStringSubmatch(p.text)
		if m == nil {
			t.Fatalf("%s has no title", p.file)
		}
		fmt.Fprintf(&lines, "- [%s](%s): %s\n", m[1], filepath.Base(p.file), m[2])
	}
	index := filepath.Join(errorPages, "README.md")
	b, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	const mark = "<!-- pages -->\n"
	head, _, ok := strings.Cut(string(b), mark)
	if !ok {
		t.Fatalf("%s has no %s", index, mark)
	}
	want := head + mark + lines.String()
	if want == string(b) {
		return
	}
	if *updatePages {
		if err := os.WriteFile(index, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("the index is old; run: go test ./cmd/isomorph -run TestErrorIndex -update\n%s", cmp.Diff(string(b), want))
}
