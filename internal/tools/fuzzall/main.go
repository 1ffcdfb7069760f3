// Command fuzzall runs every fuzz target of the module, one after another,
// for a given time each. "go test -fuzz" itself takes one target at a time.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
)

var target = regexp.MustCompile(`(?m)^(Fuzz\w+)$`)

func main() {
	fuzztime := flag.String("fuzztime", "30s", "time for each target")
	flag.Parse()
	if err := run(*fuzztime); err != nil {
		fmt.Fprintln(os.Stderr, "fuzzall:", err)
		os.Exit(1)
	}
}

func run(fuzztime string) error {
	list, err := exec.Command("go", "list", "-f", "{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}", "./...").Output()
	if err != nil {
		return fmt.Errorf("go list: %w", err)
	}
	ran := 0
	for _, pkg := range strings.Fields(string(list)) {
		names, err := exec.Command("go", "test", "-list", "^Fuzz", pkg).Output()
		if err != nil {
			return fmt.Errorf("list the targets of %s: %w", pkg, err)
		}
		for _, name := range target.FindAllString(string(names), -1) {
			fmt.Printf("== %s %s\n", pkg, name)
			cmd := exec.Command("go", "test", "-run", "^$", "-fuzz", "^"+name+"$", "-fuzztime", fuzztime, pkg)
			cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
			if err := cmd.Run(); err != nil {
				return fmt.Errorf("%s %s: %w", pkg, name, err)
			}
			ran++
		}
	}
	if ran == 0 {
		return fmt.Errorf("no fuzz target found")
	}
	fmt.Printf("%d targets, %s each, nothing found\n", ran, fuzztime)
	return nil
}
