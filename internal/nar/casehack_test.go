package nar_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"isomorph/internal/nar"
)

// archiveOf dumps a directory with the given files.
func archiveOf(t *testing.T, files ...string) []byte {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tree")
	for _, f := range files {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(f)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, f), []byte(f), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := nar.Dump(&b, dir, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func restoreHacked(t *testing.T, archive []byte) (string, error) {
	t.Helper()
	dir := t.TempDir()
	f, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return filepath.Join(dir, "x"), nar.RestoreCaseHack(bytes.NewReader(archive), int(f.Fd()), "x", 0)
}

func TestCaseHack(t *testing.T) {
	archive := archiveOf(t, "A/b", "A/B", "a/c", "z", "Z")
	tree, err := restoreHacked(t, archive)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"A/B", "A/b~nix~case~hack~1", "a~nix~case~hack~1/c", "Z", "z~nix~case~hack~1"} {
		if _, err := os.Lstat(filepath.Join(tree, name)); err != nil {
			t.Error(err)
		}
	}
	var again bytes.Buffer
	if err := nar.DumpCaseHack(&again, tree); err != nil || !bytes.Equal(again.Bytes(), archive) {
		t.Errorf("%v: the archive is not the one that was unpacked", err)
	}
	if err := os.WriteFile(filepath.Join(tree, "Z~nix~case~hack~7"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := nar.DumpCaseHack(&again, tree); err == nil || !strings.Contains(err.Error(), "file name collision between") {
		t.Errorf("two entries with one name: %v", err)
	}
}

func TestCaseHackCollision(t *testing.T) {
	_, err := restoreHacked(t, archiveOf(t, "Test", "Test~nix~case~hack~1", "test"))
	want := "NAR contains file name 'test' that collides with case-hacked file name 'Test~nix~case~hack~1'"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}
