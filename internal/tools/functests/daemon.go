package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
	} else if path, lookErr := exec.LookPath(os.Args[0]); lookErr == nil {
		self, err = path, nil
	}
	if err != nil {
		return err
	}
	program := filepath.Join(filepath.Dir(self), "nix-build") // any of the links
	if program, err = filepath.EvalSymlinks(program); err != nil {
		return err
	}
	return syscall.Exec(program, append([]string{"isomorph"}, args...), os.Environ())
}

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
