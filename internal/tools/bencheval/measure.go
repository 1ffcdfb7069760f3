package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// bench measures workloads.
type bench struct {
	isomorph string
	nix      []string
	dir      string
	rounds   int
	base     sample // what putting a command of Nix into its place takes
	results  []named
}

// named is the result of a workload.
type named struct {
	load workload
	result
}

// sample is what one process and its children needed.
type sample struct {
	wall, user, sys time.Duration
	rss             int64 // bytes, of the largest process
}

// side is the samples of one program.
type side []sample

// result is the samples of both programs.
type result struct{ nix, ours side }

// prepare makes the directories and measures the command that Nix is put
// behind.
func (b *bench) prepare() error {
	for _, d := range []string{"data", "cache", "config"} {
		if err := os.MkdirAll(filepath.Join(b.dir, d), 0o755); err != nil {
			return err
		}
	}
	if len(b.nix) == 0 {
		return nil
	}
	var s side
	for range 5 {
		one, _, err := b.exec(append(slices.Clone(b.nix), "true"), nil)
		if err != nil {
			return err
		}
		s = append(s, one)
	}
	b.base = s.median()
	fmt.Printf("%s: %v wall, %v CPU for nothing; taken off\n\n", strings.Join(b.nix, " "), b.base.wall.Round(time.Millisecond), (b.base.user + b.base.sys).Round(time.Millisecond))
	return nil
}

// exec runs a command and returns what it needed and printed.
func (b *bench) exec(argv []string, env []string) (sample, string, error) {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), env...)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	began := time.Now()
	err := cmd.Run()
	wall := time.Since(began)
	if err != nil {
		return sample{}, "", fmt.Errorf("%s: %w\n%s", strings.Join(argv, " "), err, tail(errs.String()))
	}
	ru, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return sample{}, "", errors.New("this system does not account for finished processes")
	}
	return sample{wall: wall, user: time.Duration(ru.Utime.Nano()), sys: time.Duration(ru.Stime.Nano()), rss: ru.Maxrss << 10},
		strings.TrimSpace(out.String()), nil
}

// tail returns the last lines of a text.
func tail(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}

// runNix runs a workload with Nix.
func (b *bench) runNix(w workload) (sample, string, error) {
	s, out, err := b.exec(append(slices.Clone(b.nix), w.args...), w.env)
	s.wall -= b.base.wall
	s.user -= b.base.user
	s.sys -= b.base.sys
	return s, out, err
}

// runOurs runs a workload with isomorph, whose files all lie below the
// benchmark's directory.
func (b *bench) runOurs(w workload) (sample, string, error) {
	env := append([]string{
		"XDG_DATA_HOME=" + filepath.Join(b.dir, "data"),
		"XDG_CACHE_HOME=" + filepath.Join(b.dir, "cache"),
		"XDG_CONFIG_HOME=" + filepath.Join(b.dir, "config"),
	}, w.env...)
	argv := append([]string{b.isomorph}, w.args...)
	return b.exec(append(argv, w.ours...), env)
}

// measure runs a workload on both sides, once for nothing and then in turn.
func (b *bench) measure(w workload) (result, error) {
	var r result
	for round := range b.rounds + 1 {
		if w.before != nil {
			if err := w.before(); err != nil {
				return r, err
			}
		}
		n, theirs, err := b.runNix(w)
		if err != nil {
			return r, err
		}
		o, ours, err := b.runOurs(w)
		if err != nil {
			return r, err
		}
		if theirs != ours || ours == "" {
			return r, fmt.Errorf("the results differ:\n  Nix      %s\n  isomorph %s", brief(theirs), brief(ours))
		}
		if round > 0 {
			r.nix, r.ours = append(r.nix, n), append(r.ours, o)
		}
	}
	return r, nil
}

func brief(s string) string {
	if len(s) > 300 {
		return s[:300] + "..."
	}
	return s
}

// removeAll removes a directory that may hold a store.
func removeAll(dir string) {
	filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			os.Chmod(p, 0o755)
		}
		return nil
	})
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, "bencheval:", err)
	}
}
