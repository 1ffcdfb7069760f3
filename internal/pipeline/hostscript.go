package pipeline

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"

	"isomorph/internal/store"
)

// HostScript makes a shell script that runs a program of a realised output on
// this machine, outside of any sandbox, and returns its path.
//
// A program in the store names its loader and libraries by their logical paths,
// /nix/store/..., where this machine usually has nothing: our store lies
// elsewhere, and without root nobody can put it there. So the script starts the
// program through its loader and tells that where the libraries of the closure
// really are. vars are variables of the environment that tell it where else to
// look, NAME=VALUE.
func (s *Session) HostScript(ctx context.Context, out Output, program string, vars ...string) (string, error) {
	closure, err := store.Closure(ctx, s.reader, out.Path)
	if err != nil {
		return "", err
	}
	var loader string
	var libs []string
	for _, p := range closure {
		real := s.reader.RealPath(p)
		if l := filepath.Join(real, "lib", "ld-linux-x86-64.so.2"); loader == "" && isThere(l) {
			loader = l
		}
		libs = append(libs, libraryDirs(real)...)
	}
	if loader == "" {
		return "", fmt.Errorf("no dynamic loader in the closure of '%s'", s.PrintPath(out.Path))
	}
	var b strings.Builder
	b.WriteString("#!/bin/sh\n")
	for _, v := range vars {
		name, value, _ := strings.Cut(v, "=")
		fmt.Fprintf(&b, "export %s=%s\n", name, quote(value))
	}
	fmt.Fprintf(&b, "exec %s --library-path %s %s \"$@\"\n", quote(loader), quote(strings.Join(libs, ":")), quote(filepath.Join(out.Real, program)))
	file := filepath.Join(s.stateDir(), "host", out.Path.HashPart()+"-"+filepath.Base(program))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return "", err
	}
	return file, renameio.WriteFile(file, []byte(b.String()), 0o755)
}

func isThere(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// libraryDirs returns the directories of a store object that hold shared
// libraries.
func libraryDirs(real string) []string {
	var dirs []string
	for _, d := range []string{"lib", "lib/x86_64-linux-gnu"} {
		dir := filepath.Join(real, d)
		list, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		if slices.ContainsFunc(list, func(e fs.DirEntry) bool { return strings.Contains(e.Name(), ".so") }) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// quote writes a word for the shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
