package main

import (
	"io/fs"
	"os"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"isomorph/channel"
	"isomorph/internal/cli"
	"isomorph/internal/cli/session"
)

// docPages are the directories with pages about the commands, and what makes
// them. That is not part of the program, because of all that it is made of.
var docPages = map[string]func(root *cobra.Command, dir string) error{
	"../../doc/commands": doc.GenMarkdownTree,
	"../../doc/man": func(root *cobra.Command, dir string) error {
		epoch := time.Unix(0, 0).UTC() // a date would change with every build
		return doc.GenManTree(root, &doc.GenManHeader{Section: "1", Source: "isomorph", Manual: "isomorph", Date: &epoch}, dir)
	},
}

// TestDocsAreCurrent compares the command pages in doc/ with the commands; if
// they differ, "make docs" (-update) writes them anew.
func TestDocsAreCurrent(t *testing.T) {
	env := &cli.Env{LookupEnv: func(string) (string, bool) { return "", false }}
	root := newRoot(env, &session.Maker{Env: env, Channel: channel.Files()})
	root.InitDefaultHelpCmd() // which executing would add
	root.InitDefaultCompletionCmd()
	for dir, write := range docPages {
		made := t.TempDir()
		if err := write(root, made); err != nil {
			t.Fatal(err)
		}
		if *updatePages {
			replaceTree(t, made, dir)
		}
		sameTree(t, made, dir)
	}
}

// replaceTree makes dir a copy of made, without what an earlier run wrote there.
func replaceTree(t *testing.T, made, dir string) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, os.DirFS(made)); err != nil {
		t.Fatal(err)
	}
}

func sameTree(t *testing.T, made, kept string) {
	t.Helper()
	names := map[string]bool{}
	for _, dir := range []string{made, kept} {
		list, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			names[e.Name()] = true
		}
	}
	if len(names) < 10 {
		t.Fatalf("only %d pages", len(names))
	}
	for name := range names {
		want, err1 := fs.ReadFile(os.DirFS(made), name)
		got, err2 := fs.ReadFile(os.DirFS(kept), name)
		if err1 != nil || err2 != nil || string(want) != string(got) {
			t.Errorf("%s in %s is not what the commands say: run make docs", name, kept)
		}
	}
}
