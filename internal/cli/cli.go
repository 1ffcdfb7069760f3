// Package cli holds what every isomorph command shares: the process's view of
// the world, and errors that carry an exit code.
//
// No package below cmd/isomorph reads the clock, the environment, the user or
// the host by itself. cmd/isomorph fills an [Env] once, and each command takes
// from it what it needs and passes it on in option structs. A test builds an
// Env by hand and so runs a command in a world of its own.
package cli

import (
	"io"
	"os"
	"time"
)

// Env is the world as one run of the program sees it.
type Env struct {
	Stdin  io.Reader
	Stdout io.Writer // results only
	Stderr io.Writer // messages, progress, errors

	// StderrIsTerminal tells whether Stderr is a terminal that can show a
	// live display.
	StderrIsTerminal bool

	LookupEnv func(string) (string, bool)
	Environ   []string
	Now       func() time.Time
	Dir       string // absolute working directory
	Home      string // the user's home directory, "" if unknown
	UID, GID  int
	Hostname  string
	NumCPU    int
	CPUTime   func() time.Duration   // that this process has needed in user mode
	Memory    int64                  // bytes that this process may use: the machine's, or its control group's limit; 0 if unknown
	Args0     string                 // the name that the program was called by
	Self      string                 // path of the running executable
	Engine    func() (string, error) // what tells this build of the program from all others
	Signals   <-chan os.Signal

	Random io.Reader // for names of temporary files and the spread of retries
}

// Getenv returns the value of an environment variable, "" if it is not set.
func (e *Env) Getenv(name string) string {
	v, _ := e.LookupEnv(name)
	return v
}

// Exit codes of the program; doc/exit-codes.md explains each. The 100s are
// Nix's: 100 with one bit per kind of failure.
const (
	ExitOK               = 0
	ExitFailure          = 1
	ExitUsage            = 2
	ExitBuildFailed      = 100
	ExitTimeout          = 101
	ExitHashMismatch     = 102
	ExitNotDeterministic = 104
)

// ExitError is an error that asks for a particular exit code.
type ExitError struct {
	Code int
	Err  error // nil: exit silently, the command has already said why
}

// Error returns the text of the wrapped error.
func (e *ExitError) Error() string {
	if e.Err == nil {
		return ""
	}
	return e.Err.Error()
}

// Printed is what a command returns when all that was asked for is a text:
// its help or its version. It is printed on standard output, and is no failure.
type Printed struct{ Text string }

// Error returns the text.
func (p *Printed) Error() string { return p.Text }

// Unwrap returns the wrapped error.
func (e *ExitError) Unwrap() error { return e.Err }
