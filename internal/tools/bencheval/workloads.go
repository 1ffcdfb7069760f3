package main

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed testdata
var programs embed.FS

// workload is one thing to do with both programs.
type workload struct {
	name   string
	args   []string     // the command, for both
	ours   []string     // more arguments for isomorph
	env    []string     // NAME=VALUE, for both
	before func() error // runs before each round
	micro  bool
}

// noEvalCache makes isomorph evaluate again what it has evaluated before. Nix
// does not know the setting.
var noEvalCache = []string{"--option", "eval-cache", "false"}

// workloads returns what is to be measured: with a tree all of it, without one
// what needs none.
func (b *bench) workloads(tree string) ([]workload, error) {
	micro, err := b.micro()
	if err != nil || tree == "" {
		return micro, err
	}
	image, err := b.write("image.nix")
	if err != nil {
		return nil, err
	}
	on := func(dir string) []string { return []string{"NIX_PATH=nixpkgs=" + dir} }
	instantiate := []string{"nix-instantiate", "--quiet", "--quiet", image, "-A", "iso"}
	copied := filepath.Join(b.dir, "changing", filepath.Base(tree))
	hash := []string{"nix-hash", "--type", "sha256", "--base32", tree}
	loads := []workload{
		{name: "NixOS ISO, store warm", args: instantiate, env: on(tree), ours: noEvalCache},
		{name: "NixOS ISO, nothing changed", args: instantiate, env: on(tree)},
		{name: "NixOS ISO, one module file changed", args: instantiate, env: on(copied), before: b.changeModule(tree, copied)},
		{name: "hello, cold process", args: []string{"nix-instantiate", "--quiet", "--quiet", "<nixpkgs>", "-A", "hello"}, env: on(tree), ours: noEvalCache},
		{name: "tree in a string", args: []string{"nix-instantiate", "--quiet", "--eval", "--read-write-mode", "-E", `"${<nixpkgs>}"`}, env: on(tree), ours: noEvalCache},
		{name: "hash of the tree, nothing changed", args: hash},
		{name: "hash of the tree, all files read", args: hash, ours: []string{"--option", "tree-cache", "false"}},
		b.sweep("all top-level packages", on(tree), "1"),
		b.sweep("all top-level packages, two workers", on(tree), "2"),
	}
	return append(loads, micro...), nil
}

// write puts a program of testdata into the benchmark's directory, where Nix
// can read it whatever root directory it is given.
func (b *bench) write(name string) (string, error) {
	text, err := programs.ReadFile("testdata/" + name)
	if err != nil {
		return "", err
	}
	file := filepath.Join(b.dir, "programs", name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return "", err
	}
	return file, os.WriteFile(file, text, 0o644)
}

// micro returns the programs of testdata/micro.
func (b *bench) micro() ([]workload, error) {
	list, err := programs.ReadDir("testdata/micro")
	if err != nil {
		return nil, err
	}
	var loads []workload
	for _, e := range list {
		file, err := b.write("micro/" + e.Name())
		if err != nil {
			return nil, err
		}
		loads = append(loads, workload{
			name: strings.TrimSuffix(e.Name(), ".nix"), micro: true, ours: noEvalCache,
			args: []string{"nix-instantiate", "--quiet", "--eval", "--strict", file},
		})
	}
	return loads, nil
}

// changedModule is the file that changes, one that every NixOS reads.
const changedModule = "nixos/modules/misc/version.nix"

// changeModule returns a function that gives a module file of a copy of the
// tree another comment each time it is called. The first call makes the copy.
func (b *bench) changeModule(tree, copied string) func() error {
	n := 0
	return func() error {
		if _, err := os.Lstat(copied); errors.Is(err, fs.ErrNotExist) {
			if err := os.MkdirAll(filepath.Dir(copied), 0o755); err != nil {
				return err
			}
			if out, err := exec.Command("cp", "-a", tree, copied).CombinedOutput(); err != nil {
				return fmt.Errorf("copy the tree: %w: %s", err, out)
			}
		}
		text, err := os.ReadFile(filepath.Join(tree, changedModule))
		if err != nil {
			return err
		}
		n++
		text = fmt.Appendf(text, "# change %d of %d\n", n, os.Getpid())
		return os.WriteFile(filepath.Join(copied, changedModule), text, 0o644)
	}
}

// sweep is all packages of a tree in one process. Attributes whose evaluation
// ends in an error that nothing can catch are found beforehand, by isomorph,
// and left out for both. cores is the number of isomorph's workers.
func (b *bench) sweep(name string, env []string, cores string) workload {
	program := filepath.Join(b.dir, "programs", "sweep.nix")
	skip := filepath.Join(b.dir, "programs", "skip.json")
	w := workload{
		name: name, env: env, ours: append(slices.Clone(noEvalCache), "--option", "eval-cores", cores),
		args: []string{"nix-instantiate", "--quiet", "--eval", "--strict", "--json", "--readonly-mode", program, "--arg", "skip", skip},
	}
	prepared := false
	w.before = func() error {
		if prepared {
			return nil
		}
		prepared = true
		if _, err := b.write("sweep.nix"); err != nil {
			return err
		}
		return b.findAborting(w, skip)
	}
	return w
}
