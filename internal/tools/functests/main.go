// Command functests runs scripts of Nix's own functional tests, unchanged, from
// a checkout of Nix against the classic commands of isomorph:
//
//	functests -nix-src DIR -isomorph FILE [-all] [SCRIPT...]
//
// Without names it runs the gate: the scripts that use the classic commands
// alone, all of which must pass. It prints a line for each script and a closing
// one, and fails if a script did. Nothing is written into the checkout.
//
// What Nix's build system generates for the tests is made here, in a directory
// of its own: subst-vars.sh, config.nix, and a directory with the commands. The
// builders of these tests are the machine's own bash and coreutils, and count in
// files beside the store, so the sandbox is opened for them with the setting
// sandbox-paths.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// gate lists the scripts that make no use of the experimental command "nix".
var gate = strings.Fields(`build-cores check check-refs check-reqs dependencies derivation-advanced-attributes dump-db
	export export-graph filter-source gc gc-concurrent gc-runtime lang nars nix-build nix-collect-garbage-d nix_path
	output-normalization parallel pass-as-file placeholders readfile-context referrers secure-drv-outputs selfref-gc simple
	store-print-env`)

// defaultTimeout is how long one script may take. Nix's own test runner allows
// 300 seconds; lang runs a thousand commands, which is too much for a machine
// that is busy.
const defaultTimeout = 20 * time.Minute

// skipped is the exit code of a script that cannot run here.
const skipped = 77

func main() {
	if filepath.Base(os.Args[0]) == "nix" {
		if err := nix(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, "error:", err)
			os.Exit(1)
		}
		return
	}
	var s suite
	flag.StringVar(&s.source, "nix-src", "", "`DIR` of a checkout of Nix")
	flag.StringVar(&s.program, "isomorph", "", "the `FILE` to test")
	flag.StringVar(&s.work, "work", "", "`DIR` to work in, which is kept (default: a temporary one, which is not)")
	flag.DurationVar(&s.timeout, "timeout", defaultTimeout, "how long one script may take")
	all := flag.Bool("all", false, "run all scripts of the directory, not the gate alone")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, s, flag.Args(), *all); err != nil {
		fmt.Fprintln(os.Stderr, "functests:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s suite, names []string, all bool) (err error) {
	if s.source == "" || s.program == "" {
		return errors.New("-nix-src DIR and -isomorph FILE must be given")
	}
	if s.work == "" {
		if s.work, err = os.MkdirTemp("", "functests-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, removeAll(s.work)) }()
	}
	if err := s.prepare(); err != nil {
		return err
	}
	if len(names) == 0 {
		names = gate
	}
	if all {
		if names, err = s.scripts(); err != nil {
			return err
		}
	}
	return s.runAll(ctx, names)
}

// removeAll deletes a tree in which stores have left read-only directories.
func removeAll(dir string) error {
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			err = os.Chmod(path, 0o700)
		}
		return err
	})
	return errors.Join(err, os.RemoveAll(dir))
}

// runAll runs scripts one after another: several measure time.
func (s *suite) runAll(ctx context.Context, names []string) error {
	count := map[string]int{}
	var failed []string
	for _, name := range names {
		start := time.Now()
		result, err := s.script(ctx, strings.TrimSuffix(name, ".sh"))
		if err != nil {
			return err
		}
		count[result]++
		fmt.Printf("%s %s (%.1f s)\n", result, name, time.Since(start).Seconds())
		if result == "fail" {
			failed = append(failed, name)
		}
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", count["pass"], len(failed), count["skip"])
	if len(failed) > 0 {
		return fmt.Errorf("these failed: %s", strings.Join(failed, " "))
	}
	return nil
}

// script runs one script and returns how it ended; of a failure the end of its
// output is printed.
func (s *suite) script(ctx context.Context, name string) (string, error) {
	if _, err := os.Stat(filepath.Join(s.tests(), name+".sh")); err != nil {
		return "", err
	}
	ctx, stop := context.WithTimeout(ctx, s.timeout)
	defer stop()
	log, err := os.Create(filepath.Join(s.work, "log", strings.ReplaceAll(name, "/", "-")+".log"))
	if err != nil {
		return "", err
	}
	defer log.Close()
	cmd := s.command(ctx, name)
	cmd.Stdout, cmd.Stderr = log, log
	err = cmd.Run()
	switch exit := (*exec.ExitError)(nil); {
	case err == nil:
		return "pass", nil
	case errors.As(err, &exit) && exit.ExitCode() == skipped:
		return "skip", nil
	case !errors.As(err, &exit) && ctx.Err() == nil:
		return "", err
	}
	return "fail", s.printTail(log.Name(), 15)
}

// printTail prints the last lines of a log.
func (s *suite) printTail(file string, n int) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	lines := slices.Collect(strings.Lines(string(text)))
	for _, line := range lines[max(0, len(lines)-n):] {
		fmt.Printf("    %s\n", strings.TrimRight(line, "\n"))
	}
	return nil
}
