// Command benchbuild builds one recipe over the embedded channel from empty
// stores with isomorph and with a real Nix, in turn, and prints how long each
// took.
//
// Both find the downloads on this machine: isomorph in a directory laid out as
// a mirror (it still copies and checks each file), Nix already in its store. So
// what is compared is evaluation, building and registration; the network is not
// in it.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

type bench struct {
	isomorph string
	nix      []string
	recipe   string
	nixRoot  string // root directory that Nix runs in; "" for the machine's
	dir      string // for everything that is made
	channel  string
	mirror   string
	files    []string // the downloads, named as Nix would name them
}

func main() {
	isomorph := flag.String("isomorph", "bin/isomorph", "the binary")
	nix := flag.String("nix", "", "command that a Nix command is put behind, such as \"sudo -E\"; empty: Nix is on the PATH")
	root := flag.String("nix-root", "", "`DIR` that the command changes its root to; DIR/nix is REMOVED before each round, and Nix builds there without its sandbox (in a changed root it has none). Without it Nix builds in a chroot store, with its sandbox")
	rounds := flag.Int("rounds", 3, "builds of each")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: benchbuild [flags] RECIPE")
		os.Exit(2)
	}
	b := &bench{isomorph: abs(*isomorph), nix: strings.Fields(*nix), recipe: abs(flag.Arg(0))}
	if *root != "" {
		b.nixRoot = abs(*root)
	}
	if err := b.run(*rounds); err != nil {
		fmt.Fprintln(os.Stderr, "benchbuild:", err)
		os.Exit(1)
	}
}

func abs(p string) string {
	a, err := filepath.Abs(p)
	if err != nil {
		return p
	}
	return a
}

func (b *bench) run(rounds int) (err error) {
	if b.dir, err = os.MkdirTemp("", "benchbuild-"); err != nil {
		return err
	}
	defer func() {
		exec.Command("chmod", "-R", "u+w", b.dir).Run()
		os.RemoveAll(b.dir)
	}()
	if err := b.prepare(); err != nil {
		return err
	}
	var ours, theirs []sample
	for i := range rounds {
		o, err := b.ours(i)
		if err != nil {
			return err
		}
		t, err := b.theirs(i)
		if err != nil {
			return err
		}
		fmt.Printf("round %d: isomorph %s   nix %s\n", i+1, o, t)
		if o.sum != t.sum {
			return fmt.Errorf("the images differ: isomorph %s, nix %s", o.sum, t.sum)
		}
		ours, theirs = append(ours, o), append(theirs, t)
	}
	o, t := median(ours), median(theirs)
	fmt.Printf("median:  isomorph %s   nix %s\nratio:   wall %.2f, CPU %.2f\n", o, t,
		o.wall.Seconds()/t.wall.Seconds(), o.cpu.Seconds()/t.cpu.Seconds())
	return nil
}

// prepare builds once, for the downloads and to warm the page cache.
func (b *bench) prepare() error {
	out, err := exec.Command(b.isomorph, "channel").Output()
	if err != nil {
		return fmt.Errorf("isomorph channel: %w", err)
	}
	b.channel = strings.TrimSpace(string(out))
	store := filepath.Join(b.dir, "first")
	cmd := exec.Command(b.isomorph, "build", "--store", store, "-q", "--no-out-link", "--out-dir", filepath.Join(b.dir, "out"), b.recipe)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("the first build: %w", err)
	}
	return b.layOut(filepath.Join(store, "nix", "store"))
}

// layOut links the downloads of a store into a mirror and into a directory of
// plain names.
func (b *bench) layOut(store string) error {
	text, err := os.ReadFile(filepath.Join(b.channel, "lock.json"))
	if err != nil {
		return err
	}
	var lock struct {
		Packages, Sources map[string]struct{ Path string }
	}
	if err := json.Unmarshal(text, &lock); err != nil {
		return err
	}
	pool := map[string]string{}
	for _, m := range []map[string]struct{ Path string }{lock.Packages, lock.Sources} {
		for _, p := range m {
			pool[strings.NewReplacer("~", "-", "%3a", "-").Replace(filepath.Base(p.Path))] = p.Path
		}
	}
	b.mirror = filepath.Join(b.dir, "mirror", "debian")
	list, err := os.ReadDir(store)
	if err != nil {
		return err
	}
	for _, e := range list {
		_, name, _ := strings.Cut(e.Name(), "-")
		path, ok := pool[name]
		if !ok || !e.Type().IsRegular() {
			continue
		}
		for _, to := range []string{filepath.Join(b.mirror, path), filepath.Join(b.dir, "files", name)} {
			if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
				return err
			}
			if err := os.Link(filepath.Join(store, e.Name()), to); err != nil {
				return err
			}
		}
		b.files = append(b.files, filepath.Join(b.dir, "files", name))
	}
	if len(b.files) == 0 {
		return fmt.Errorf("no download was found in the store")
	}
	return nil
}

// sample is one measured build.
type sample struct {
	wall, cpu time.Duration
	sum       string
}

func (s sample) String() string {
	return fmt.Sprintf("%6.1fs wall %6.1fs CPU", s.wall.Seconds(), s.cpu.Seconds())
}

func median(s []sample) sample {
	slices.SortFunc(s, func(a, b sample) int { return int(a.wall - b.wall) })
	return s[len(s)/2]
}

// measure runs a command and returns what it and all its children needed.
func measure(cmd *exec.Cmd) (sample, string, error) {
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return sample{}, "", fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, errs.String())
	}
	ru := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	cpu := time.Duration(ru.Utime.Nano() + ru.Stime.Nano())
	return sample{wall: time.Since(began), cpu: cpu}, out.String(), nil
}

func (b *bench) ours(round int) (sample, error) {
	store := filepath.Join(b.dir, fmt.Sprintf("ours-%d", round))
	s, out, err := measure(exec.Command(b.isomorph, "build", "--store", store, "-q", "--no-out-link", "--json",
		"--mirror", "file://"+b.mirror, "--out-dir", filepath.Join(b.dir, fmt.Sprintf("out-%d", round)), b.recipe))
	if err != nil {
		return s, err
	}
	var results []struct{ SHA256 string }
	if err := json.Unmarshal([]byte(out), &results); err != nil || len(results) != 1 {
		return s, fmt.Errorf("isomorph build --json printed %q (%v)", out, err)
	}
	s.sum = results[0].SHA256
	return s, b.forget(store)
}

// nix is a command of Nix with its settings. In a root of its own it has the
// whole store for itself, and no sandbox; else it builds in a chroot store.
func (b *bench) nixCommand(store string, args ...string) *exec.Cmd {
	config := "build-users-group =\nsubstituters =\n"
	if b.nixRoot != "" {
		config += "sandbox = false"
	} else {
		config += "sandbox = true\nsandbox-fallback = false\nsandbox-paths = /bin/sh=" + b.channel + "/seed/bin/busybox"
		args = slices.Insert(args, 1, "--store", store)
	}
	args = append(slices.Clone(b.nix), args...)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "NIX_PATH=nixpkgs="+b.channel, "NIX_CONFIG="+config)
	return cmd
}

// theirs builds with Nix.
func (b *bench) theirs(round int) (sample, error) {
	store := filepath.Join(b.dir, fmt.Sprintf("theirs-%d", round))
	if b.nixRoot != "" {
		if store = b.nixRoot; store == "/" {
			return sample{}, fmt.Errorf("-nix-root / would remove this machine's store")
		}
		if err := b.forget(filepath.Join(store, "nix")); err != nil {
			return sample{}, err
		}
	}
	for chunk := range slices.Chunk(b.files, 100) {
		if _, _, err := measure(b.nixCommand(store, append([]string{"nix-store", "--add-fixed", "sha256"}, chunk...)...)); err != nil {
			return sample{}, err
		}
	}
	s, out, err := measure(b.nixCommand(store, "nix-build", "--no-out-link", b.recipe, "-A", "iso"))
	if err != nil {
		return s, err
	}
	images, err := filepath.Glob(filepath.Join(store, strings.TrimSpace(out), "iso", "*.iso"))
	if err != nil || len(images) != 1 {
		return s, fmt.Errorf("nix-build gave %q, in which there is no image", out)
	}
	sum, err := exec.Command("sha256sum", images[0]).Output()
	if err != nil {
		return s, err
	}
	s.sum, _, _ = strings.Cut(string(sum), " ")
	if b.nixRoot != "" {
		return s, nil
	}
	return s, b.forget(store)
}

// forget removes a store that has served.
func (b *bench) forget(store string) error {
	if _, err := os.Lstat(store); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := exec.Command("chmod", "-R", "u+w", store).Run(); err != nil {
		return err
	}
	return os.RemoveAll(store)
}
