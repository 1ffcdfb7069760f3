package main

import (
	"errors"
	"net"
	"os"
	"slices"
)

// daemon stands for the program "nix" where a script starts "nix daemon" and
// waits for its socket. isomorph has no daemon: with NIX_REMOTE=daemon its
// commands do their work themselves, so all that is needed is that the socket
// is there. Nothing answers on it.
func daemon(args []string) error {
	if !slices.Contains(args, "daemon") {
		return errors.New("isomorph has no command 'nix'")
	}
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
