package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// nix stands for the program of that name: its commands are tried on isomorph's
// own of the same names. The two have much in common, but are not the same.
func nix(args []string) error {
	if slices.Contains(args, "daemon") {
		return daemon()
	}
	self, err := os.Executable() // the runner; isomorph is beside the link to it
	if len(os.Args[0]) > 0 && filepath.IsAbs(os.Args[0]) {
		self = os.Args[0]
	} else if found, lookErr := exec.LookPath(os.Args[0]); lookErr == nil {
		self, err = found, nil
	}
	if err != nil {
		return err
	}
	program := filepath.Join(filepath.Dir(self), "nix-build") // any of the links
	if program, err = filepath.EvalSymlinks(program); err != nil {
		return err
	}
	return syscall.Exec(program, append([]string{"isomorph"}, translate(args)...), os.Environ())
}

// renamed are commands of nix that isomorph has by another name.
var renamed = map[string][]string{
	"path-info": {"store", "path-info"}, "store add-file": {"nix-store", "--add-fixed", "sha256"}, "store add-path": {"store", "add"}, "store gc": {"gc"},
}

// translate makes a command line of nix one of isomorph, whose options come after
// the command.
func translate(args []string) []string {
	options := 0
	for options < len(args) && strings.HasPrefix(args[options], "-") {
		options += 1 + valuesOf[args[options]]
	}
	options = min(options, len(args))
	before, args := args[:options], args[options:]
	for words := min(2, len(args)); words > 0; words-- {
		if to, ok := renamed[strings.Join(args[:words], " ")]; ok {
			args = slices.Concat(to, args[words:])
			break
		}
	}
	return slices.Concat(args, before)
}

// valuesOf are options before a command that have arguments, and how many.
var valuesOf = map[string]int{"--option": 2, "--store": 1, "--flake-registry": 1, "--experimental-features": 1, "--extra-experimental-features": 1}

// daemon is where a script starts "nix daemon" and waits for its socket.
// isomorph has no daemon: with NIX_REMOTE=daemon its commands do their work
// themselves, so all that is needed is that the socket is there. Nothing answers
// on it.
func daemon() error {
	l, err := net.Listen("unix", os.Getenv("NIX_DAEMON_SOCKET_PATH"))
	if err != nil {
		return err
	}
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		c.Close()
	}
}
