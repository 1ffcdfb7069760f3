package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// suite is a checkout with the program that is tried on it.
type suite struct {
	source  string // the checkout
	program string
	work    string // bin, build, log, and Nix's own nix-test
	bash    string
	tools   string // the directory of ls and its like
	timeout time.Duration
}

// commands are the names that the program is called by.
var commands = []string{"nix-build", "nix-collect-garbage", "nix-env", "nix-hash", "nix-instantiate", "nix-prefetch-url", "nix-store"}

func (s *suite) tests() string { return filepath.Join(s.source, "tests", "functional") }

// prepare makes what Nix's build system would have made.
func (s *suite) prepare() (err error) {
	for _, p := range []*string{&s.source, &s.program, &s.work} {
		if *p, err = filepath.Abs(*p); err != nil {
			return err
		}
	}
	if s.bash, err = exec.LookPath("bash"); err != nil {
		return err
	}
	ls, err := exec.LookPath("ls")
	if err != nil {
		return err
	}
	s.tools = filepath.Dir(ls)
	for _, dir := range []string{"bin", "build/common", "log"} {
		if err := os.MkdirAll(filepath.Join(s.work, dir), 0o755); err != nil {
			return err
		}
	}
	for _, name := range commands {
		if err := os.Symlink(s.program, filepath.Join(s.work, "bin", name)); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := os.Symlink(self, filepath.Join(s.work, "bin", "nix")); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return errors.Join(s.substitute("common/subst-vars.sh"), s.substitute("config.nix"))
}

// substitute fills in the template of a generated file.
func (s *suite) substitute(name string) error {
	text, err := os.ReadFile(filepath.Join(s.tests(), name+".in"))
	if err != nil {
		return fmt.Errorf("%w; -nix-src DIR must be a checkout of Nix with tests/functional", err)
	}
	version, err := os.ReadFile(filepath.Join(s.source, ".version"))
	if err != nil {
		return err
	}
	system := map[string]string{"amd64": "x86_64-linux", "arm64": "aarch64-linux"}[runtime.GOARCH]
	filled := strings.NewReplacer(
		"@bash@", s.bash, "@bindir@", filepath.Join(s.work, "bin"), "@coreutils@", s.tools, "@dot@", "", "@sandbox_shell@", "",
		"@PACKAGE_VERSION@", strings.TrimSpace(string(version)), "@system@", system,
	).Replace(string(text))
	return os.WriteFile(filepath.Join(s.work, "build", name), []byte(filled), 0o644)
}

// suites are the directories with tests: the main one, and that about flakes.
var suites = []string{"", "flakes"}

// scripts lists all scripts that are tests: those that load the common part.
func (s *suite) scripts() ([]string, error) {
	var names []string
	for _, dir := range suites {
		files, err := filepath.Glob(filepath.Join(s.tests(), dir, "*.sh"))
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				return nil, err
			}
			if strings.Contains(string(text), "\nsource common.sh") || strings.Contains(string(text), "\nsource ./common.sh") {
				names = append(names, path.Join(dir, strings.TrimSuffix(filepath.Base(f), ".sh")))
			}
		}
	}
	return names, nil
}

// command is one script, called as Nix's build system calls it.
func (s *suite) command(ctx context.Context, name string) *exec.Cmd {
	dir, base := path.Split(name)
	suite := "main"
	if dir != "" {
		suite = path.Clean(dir)
	}
	cmd := exec.CommandContext(ctx, s.bash, "-x", "-e", "-u", "-o", "pipefail", base+".sh")
	cmd.Dir = filepath.Join(s.tests(), dir)
	cmd.Env = append(os.Environ(),
		"_NIX_TEST_SOURCE_DIR="+s.tests(), "_NIX_TEST_BUILD_DIR="+filepath.Join(s.work, "build"),
		"TEST_SUITE_NAME="+suite, "TEST_NAME="+base, "NIX_REMOTE=", "NIX_STORE=", "PS4=+(${BASH_SOURCE[0]-$0}:$LINENO) ",
		"TMPDIR="+s.work, "NIX_CONFIG=sandbox-paths = "+sandboxPaths()+"\nemulate-nix-version = 2.36.0\nsandbox-writable-paths = "+s.work+"\nsandbox-host-build-dir = true",
	)
	// A script has children of its own, all of which must end with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// sandboxPaths is what builds see of the machine: its programs and libraries.
func sandboxPaths() string {
	var paths []string
	for _, dir := range []string{"/bin", "/usr", "/lib", "/lib32", "/lib64"} {
		if _, err := os.Lstat(dir); err == nil {
			paths = append(paths, dir)
		}
	}
	return strings.Join(paths, " ")
}
