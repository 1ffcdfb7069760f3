// Package sandbox runs one program in Linux namespaces of its own, without
// root, so that it sees nothing but what it was given.
//
// # What the program sees
//
// A [Spec] names directories and files of the host (binds), a command line and
// an environment. The program finds itself as uid 1000, gid 100 on the host
// "localhost" with a root directory that holds exactly the binds, a minimal
// /dev, a fresh /proc, an empty /tmp and four small files in /etc. It has no
// network but a loopback interface, no other process, no capability, three
// file descriptors and a umask of 022. A seccomp filter (seccomp.go) keeps it
// from making setuid files, extended attributes and namespaces.
//
// # How it is done
//
// [Run] starts the same executable again, in new user, mount, pid, network,
// ipc, uts and cgroup namespaces; the executable's main calls [Main] before
// anything else, and there the second process stays. It is process 1 of the
// pid namespace: it builds the root directory, pivots into it, starts the
// program without any privilege, reaps orphans, and ends when the program ends
// or when a pipe held by [Run]'s process closes. When process 1 ends the kernel
// kills everything else in the namespace, so that kill -9 of the caller kills
// the build too, and when Run returns no process of the build is left.
//
// Parent-death signals are not used: they fire when a thread ends, and Go moves
// goroutines between threads (golang/go#27505).
//
// # When there are no namespaces
//
// Run fails with an [UnavailableError] that says what to change on the machine.
// It never runs the program without the sandbox.
package sandbox

import (
	"io"
	"strconv"
	"time"
)

// Identity that a sandboxed program has, the same as under Nix.
const (
	UID = 1000
	GID = 100
)

// Bind makes a file or directory of the host appear in the sandbox.
type Bind struct {
	Source   string // absolute path on the host; a symbolic link is copied, not followed
	Target   string // absolute path in the sandbox
	Writable bool   // otherwise read-only; always nosuid and nodev

	// Recursive shows what is mounted below Source, too.
	Recursive bool
}

// Network says what a sandboxed program can reach.
type Network uint8

const (
	// Isolated is a network namespace with nothing but a loopback interface.
	Isolated Network = iota
	// UserMode is a network namespace of its own too, connected to the
	// outside by the program pasta (Spec.Pasta).
	UserMode
)

// Spec describes one run. The zero value of every optional field means the
// strictest choice.
type Spec struct {
	// Helper is the executable whose main calls Main first.
	// Default: the running one.
	Helper string
	// Root is an empty directory of the host; the sandbox's root is mounted
	// on it, in the sandbox only, so it stays empty.
	Root string
	// Binds are mounted in order. Targets below an earlier writable bind
	// are created in it.
	Binds []Bind
	// Devices are further device files to show, such as /dev/kvm; missing
	// ones are left out.
	Devices []string

	Argv []string // Argv[0] is the name the program sees
	Path string   // the executable, a path in the sandbox; default Argv[0]
	Env  []string // the complete environment, KEY=VALUE
	Dir  string   // working directory in the sandbox, default "/"

	// Personality32 asks for the 32-bit personality (uname says i686).
	Personality32 bool
	// Shm limits /dev/shm; a tmpfs size such as "50%", the default.
	Shm string
	// Processes limits the number of processes; 0 means no limit.
	Processes uint64

	Network Network
	Pasta   string // path of pasta, for UserMode

	// Log receives what the program writes to stdout and stderr, in order.
	// Writes come from one goroutine. Default: discarded.
	Log io.Writer `json:"-"`
}

// Result tells how a program ended.
type Result struct {
	Exit         int  // exit status, -1 when killed by a signal
	Signal       int  // the signal that killed it, or 0
	Mute         bool // it was killed because it had closed its standard output and error
	User, System time.Duration
	MaxRSS       int64 // of the largest process, bytes
}

// OK reports whether the program ended with status 0.
func (r Result) OK() bool { return r.Exit == 0 && r.Signal == 0 }

// String describes the end of the program in Nix's words.
func (r Result) String() string {
	switch {
	case r.Signal != 0:
		return "failed due to signal " + strconv.Itoa(r.Signal) + " (" + signalName(r.Signal) + ")"
	case r.Exit == 0:
		return "succeeded"
	}
	return "failed with exit code " + strconv.Itoa(r.Exit)
}

// SetupError says that the sandbox could not be made for a reason that lies in
// the Spec or in the machine's state (a bind's source is missing, a full disk),
// not in missing namespaces.
type SetupError struct {
	Step string // what was being done, with the path
	Err  error
}

// Error returns the step and the reason.
func (e *SetupError) Error() string { return "sandbox: " + e.Step + ": " + e.Err.Error() }

// Unwrap returns the reason.
func (e *SetupError) Unwrap() error { return e.Err }
