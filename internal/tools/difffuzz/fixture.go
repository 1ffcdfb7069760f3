package main

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

//go:embed testdata/driver.nix testdata/describe.nix testdata/marker.nix testdata/fixture
var files embed.FS

// prepare fills the directory of the programs with what they refer to: the
// driver, and the files of the fixture.
func prepare(dir string) error {
	err := fs.WalkDir(files, "testdata", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel("testdata", p)
		to := filepath.Join(dir, rel)
		if d.IsDir() {
			return os.MkdirAll(to, 0o755)
		}
		text, err := files.ReadFile(p)
		if err != nil {
			return err
		}
		return os.WriteFile(to, text, 0o644)
	})
	if err != nil {
		return fmt.Errorf("write the fixture: %w", err)
	}
	if err := os.MkdirAll(home(dir), 0o755); err != nil {
		return err
	}
	err = os.Symlink("dir/b", filepath.Join(dir, "fixture/link")) // embed takes no links
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// number is the name of the i-th program of a batch.
func number(i int) string { return fmt.Sprintf("p%04d", i) }

// writePrograms writes a batch.
func writePrograms(dir string, texts []string) error {
	for i, t := range texts {
		if err := os.WriteFile(filepath.Join(dir, number(i)+".nix"), []byte(t), 0o644); err != nil {
			return err
		}
	}
	return nil
}
