package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// launcherName is argv[0] of a process that makes sandboxes for a big one.
//
// A process in a new user namespace is forked with a copy of its parent's page
// tables (Go can share memory with the child in all other cases), and while it
// lives the parent takes a page fault for every page it writes to. After the
// evaluation of a big package set that is far more work than the sandbox
// itself: 70 ms with 500 MB, 380 ms with 2 GB were measured. So a big process
// starts a small one, without namespaces and so without a copy, which then
// does what Run does.
const launcherName = "isomorph-sandbox-launch"

// bigProcess is the resident memory from which on a launcher pays off: it costs
// one more start of the program, some milliseconds.
const bigProcess = 64 << 20

// isBig reports whether this process should use a launcher.
func isBig() bool {
	b, err := os.ReadFile("/proc/self/statm")
	var size, resident int64
	if err == nil {
		_, err = fmt.Sscan(string(b), &size, &resident)
	}
	return err == nil && resident*int64(os.Getpagesize()) >= bigProcess
}

// verdict is what a launcher reports: the end of its Run.
type verdict struct {
	Result      Result
	Step        string // not "": an error
	Errno       unix.Errno
	Message     string
	Unavailable bool
	Remedy      string
}

func verdictOf(res Result, err error) verdict {
	v := verdict{Result: res}
	var u *UnavailableError
	var s *SetupError
	switch {
	case errors.As(err, &u):
		v.Unavailable, v.Step, v.Remedy, err = true, u.Step, u.Remedy, u.Err
	case errors.As(err, &s):
		v.Step, err = s.Step, s.Err
	case err != nil:
		v.Step = "run the launcher"
	}
	if err != nil {
		v.Message = err.Error()
		errors.As(err, &v.Errno)
	}
	return v
}

func (v verdict) err() error {
	if v.Step == "" {
		return nil
	}
	var err error = v.Errno
	if v.Errno == 0 {
		err = errors.New(v.Message)
	}
	if v.Unavailable {
		return &UnavailableError{v.Step, err, v.Remedy}
	}
	return &SetupError{v.Step, err}
}

// launch is what the launcher does. It ends its sandbox when the pipe from its
// parent closes.
func launch() {
	var spec Spec
	if err := json.NewDecoder(os.NewFile(fdSpec, "spec")).Decode(&spec); err != nil {
		os.Exit(1)
	}
	_ = unix.CloseRange(fdLiveness, fdReport, unix.CLOSE_RANGE_CLOEXEC)
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.NewFile(fdLiveness, "liveness"))
		stop()
	}()
	spec.Log = os.Stdout
	b, err := json.Marshal(verdictOf(runDirect(ctx, spec)))
	if err == nil {
		_, err = os.NewFile(fdReport, "report").Write(b)
	}
	if err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// runByLauncher is Run by way of a launcher.
func runByLauncher(ctx context.Context, spec Spec) (Result, error) {
	specFile, err := specMemory(spec)
	if err != nil {
		return Result{}, &SetupError{"pass the order to the launcher", err}
	}
	defer specFile.Close()
	var pipes pipeSet
	defer pipes.closeChildEnds()
	live, liveChild := pipes.fromParent()
	rep, repChild := pipes.toParent()
	log, logChild := pipes.toParent()
	if pipes.err != nil {
		pipes.closeParentEnds()
		return Result{}, &SetupError{"make pipes", pipes.err}
	}
	cmd := &exec.Cmd{
		Path: helperPath(spec), Args: []string{launcherName}, Env: helperEnv,
		Stdout: logChild, Stderr: logChild, ExtraFiles: []*os.File{specFile, liveChild, repChild},
		// A terminal's interrupt is for us; the launcher hears of it by the
		// pipe, and has to see its own sandbox to the end first.
		SysProcAttr: &syscall.SysProcAttr{Setsid: true},
	}
	if err := cmd.Start(); err != nil {
		pipes.closeParentEnds()
		return Result{}, &SetupError{"start the launcher", err}
	}
	pipes.closeChildEnds()
	done := make(chan struct{})
	go func() {
		defer close(done)
		copyLog(spec.Log, log)
	}()
	// Not killed, for the same reason.
	stop := context.AfterFunc(ctx, func() { live.Close() })
	defer live.Close()
	defer stop()
	return collect(ctx, cmd, rep, done)
}

func collect(ctx context.Context, cmd *exec.Cmd, rep *os.File, logDone chan struct{}) (Result, error) {
	answer, readErr := io.ReadAll(rep)
	rep.Close()
	waitErr := cmd.Wait()
	<-logDone
	if ctx.Err() != nil {
		return Result{}, context.Cause(ctx)
	}
	var v verdict
	if err := json.NewDecoder(strings.NewReader(string(answer))).Decode(&v); err != nil {
		return Result{}, &SetupError{"run the launcher", fmt.Errorf("it ended without a report (%v)", errors.Join(readErr, waitErr))}
	}
	return v.Result, v.err()
}
