// Command bencheval evaluates with isomorph and with a real Nix, in turn, and
// prints how much time and memory each needed.
//
// The workloads are a NixOS image to its .drv (as it is, with nothing changed,
// with one module file changed), one package, all packages of a tree, the hash
// of a tree (remembered, and read), and the programs in testdata/micro, each of
// which exercises one part of the language. A workload counts only if both
// print the same result.
//
// Each is run once on both sides before it is measured, so stores and the
// kernel's page cache are warm. What a command needs that only puts Nix into
// its place (-nix) is measured too and taken off.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

func main() {
	isomorph := flag.String("isomorph", "bin/isomorph", "the `binary`")
	nix := flag.String("nix", "", "`command` that a command of Nix is put behind, such as \"sudo -E\"; empty: Nix is on the PATH")
	tree := flag.String("tree", "", "`DIR` of nixpkgs 18.03 (or another release whose NixOS module list is alike); without it only the micro-benchmarks run")
	dir := flag.String("dir", "", "`DIR` for isomorph's store and caches and for the copy of the tree, kept; default: a temporary one")
	rounds := flag.Int("rounds", 5, "measured runs of each workload on each side")
	only := flag.String("run", "", "only workloads whose name matches this regular `expression`")
	flag.Parse()
	if flag.NArg() != 0 || *rounds < 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*isomorph, strings.Fields(*nix), *tree, *dir, *only, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "bencheval:", err)
		os.Exit(1)
	}
}

func run(isomorph string, nix []string, tree, dir, only string, rounds int) (err error) {
	pattern, err := regexp.Compile(only)
	if err != nil {
		return fmt.Errorf("-run: %w", err)
	}
	for _, p := range []*string{&isomorph, &tree, &dir} {
		if *p == "" {
			continue
		}
		if *p, err = filepath.Abs(*p); err != nil {
			return err
		}
	}
	if dir == "" {
		if dir, err = os.MkdirTemp("", "bencheval-"); err != nil {
			return err
		}
		defer removeAll(dir)
	}
	b := &bench{isomorph: isomorph, nix: nix, dir: dir, rounds: rounds}
	if err := b.prepare(); err != nil {
		return err
	}
	loads, err := b.workloads(tree)
	if err != nil {
		return err
	}
	ran := 0
	for _, w := range loads {
		if !pattern.MatchString(w.name) {
			continue
		}
		if ran++; ran == 1 {
			fmt.Print(tableHead)
		}
		r, err := b.measure(w)
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		fmt.Print(r.row(w.name))
		b.results = append(b.results, named{w, r})
	}
	if ran == 0 {
		return fmt.Errorf("no workload matches %q", only)
	}
	fmt.Print(b.summary())
	return nil
}
