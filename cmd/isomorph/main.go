// Command isomorph turns a Nix recipe into a bootable live ISO, the same bits
// for everyone.
//
// This package is the only one that looks at the world: it reads the clock,
// the environment and the terminal once, puts them into a [cli.Env], and hands
// that to the command asked for. Called by the name of a classic Nix command
// (through a link), or as "isomorph nix-build ...", it is that command.
package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"isomorph/internal/build/sandbox"
	"isomorph/internal/cli"
	"isomorph/internal/nixlang/eval"
	"isomorph/internal/nixlang/syntax"
)

func main() {
	sandbox.Main() // does not return in the process that a build runs in

	unix.Umask(0o022) // what others may read is no business of the caller's umask
	env := newEnv()
	out := &results{w: os.Stdout}
	if !term.IsTerminal(int(os.Stdout.Fd())) { // which "isomorph boot" hands on as it is
		env.Stdout = out
	}
	os.Exit(exitCode(env, out.err(run(env, os.Args[1:]))))
}

// newEnv reads the world, once.
func newEnv() *cli.Env {
	dir, err := os.Getwd()
	if err != nil {
		dir = "/"
	}
	home, _ := os.UserHomeDir()
	host, _ := os.Hostname()
	self, err := os.Executable()
	if err != nil {
		self = "/proc/self/exe"
	}
	// Whoever reads our messages may stop reading; the work goes on, and a
	// result that cannot be written is an error like any other. The signal is
	// caught and not ignored: builders would inherit that.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	return &cli.Env{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		StderrIsTerminal: term.IsTerminal(int(os.Stderr.Fd())) && os.Getenv("TERM") != "dumb",
		LookupEnv:        os.LookupEnv,
		Environ:          os.Environ(),
		Now:              time.Now,
		Dir:              dir,
		Home:             home,
		UID:              os.Getuid(),
		GID:              os.Getgid(),
		Hostname:         host,
		NumCPU:           runtime.NumCPU(),
		CPUTime:          cpuTime,
		Memory:           memory(),
		Args0:            filepath.Base(os.Args[0]),
		Self:             self,
		Engine:           engine,
		Signals:          signals,
		Random:           rand.Reader,
	}
}

// cpuTime returns how long this process has computed in user mode.
func cpuTime() time.Duration {
	var ru unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &ru); err != nil {
		return 0
	}
	return time.Duration(ru.Utime.Nano())
}

// indented lays the lines of a message out below each other, as Nix does; the
// line about --help is not part of it.
func indented(msg string) string {
	msg, help, ok := strings.Cut(msg, "\nTry '")
	msg = strings.ReplaceAll(msg, "\n", "\n       ")
	if ok {
		msg += "\nTry '" + help
	}
	return msg
}

// exitCode prints what has not been said yet and picks the exit code.
func exitCode(env *cli.Env, err error) int {
	if err == nil {
		return cli.ExitOK
	}
	code := cli.ExitFailure
	if e, ok := errors.AsType[*eval.Error](err); ok && e.Exit != 0 {
		code = e.Exit
	}
	var exit *cli.ExitError
	if errors.As(err, &exit) {
		code = exit.Code
		if exit.Err == nil {
			return code
		}
	}
	msg := err.Error()
	if !strings.HasPrefix(msg, "error:") {
		msg = "error: " + indented(msg)
	}
	fmt.Fprintln(env.Stderr, syntax.ForTerminal(msg))
	return code
}
