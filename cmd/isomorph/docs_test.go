package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"isomorph/channel"
	"isomorph/internal/cli"
	"isomorph/internal/cli/session"
)

// TestDocsAreCurrent compares the command pages in doc/ with the commands; if
// they differ, "make docs" writes them anew.
func TestDocsAreCurrent(t *testing.T) {
	env := &cli.Env{LookupEnv: func(string) (string, bool) { return "", false }}
	root := newRoot(env, &session.Maker{Env: env, Channel: channel.Files()})
	for dir, flag := range map[string]string{"commands": "--dir", "man": "--man"} {
		made := t.TempDir()
		root.SetArgs([]string{"docs", flag, made})
		if err := root.Execute(); err != nil {
			t.Fatal(err)
		}
		sameTree(t, made, filepath.Join("../../doc", dir))
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
