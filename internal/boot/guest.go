package boot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// guest is one run of QEMU.
type guest struct {
	program string
	args    []string
	console io.Writer
	script  Script
	// terminal connects a person instead of the script.
	terminal *os.File
	screen   io.Writer
}

// errKVM says that KVM gave up in the middle of a run.
var errKVM = errors.New("KVM gave up")

// runGuest starts QEMU and returns when the script is done, with nil; when the
// guest stops or ctx ends before that, with *NotSeenError. Without a script the
// guest's own end is the good end. In each case QEMU is gone when it returns.
func runGuest(ctx context.Context, g guest) error {
	if g.terminal != nil {
		return runTerminal(ctx, g)
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	cmd := command(ctx, g)
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	w := &watcher{script: g.script, done: func() { stop(nil) }}
	w.send = func(b []byte) error { _, err := in.Write(b); return err }
	cmd.Stdout = io.MultiWriter(w, ignoreErrors{g.console})
	messages := &stderrWatcher{fatal: "KVM internal error", found: func() { stop(errKVM) }}
	cmd.Stderr = messages
	w.start()
	err = runPinned(cmd)
	if w.stop() || err == nil && len(g.script) == 0 {
		return nil
	}
	return w.failure(ctx, err, messages.String())
}

// failure says why a run ended too early.
func (w *watcher) failure(ctx context.Context, err error, messages string) error {
	e := &NotSeenError{Text: w.missing(), Console: lastLines(w.tail, 40)}
	cause := context.Cause(ctx)
	switch {
	case errors.Is(cause, errKVM):
		return fmt.Errorf("%w: %s", errKVM, firstLine(messages))
	case errors.Is(cause, context.Canceled):
		return cause
	case cause != nil:
		e.Reason = cause.Error()
	case err != nil:
		e.Reason = fmt.Sprintf("QEMU failed (%v): %s", err, firstLine(messages))
	default:
		e.Reason = "the guest has switched itself off"
	}
	return e
}

// command prepares QEMU. It is killed outright: its drives are read-only.
func command(ctx context.Context, g guest) *exec.Cmd {
	cmd := exec.CommandContext(ctx, g.program, g.args...)
	cmd.WaitDelay = time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// runPinned runs a command from one thread. The kernel sends the death signal
// when the thread that started the child ends, not the process; a pinned
// goroutine keeps its thread until the child is gone.
func runPinned(cmd *exec.Cmd) error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		result <- cmd.Run()
	}()
	return <-result
}

// runTerminal connects a person's terminal. QEMU itself sets it to raw mode and
// back.
func runTerminal(ctx context.Context, g guest) error {
	cmd := command(ctx, g)
	// A chance to set the terminal back before it is killed.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Stdin, cmd.Stdout, cmd.Stderr = g.terminal, g.screen, g.console
	err := runPinned(cmd)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("QEMU failed: %w", err)
	}
	return nil
}

// ignoreErrors keeps a closed or full log from ending the guest.
type ignoreErrors struct{ io.Writer }

func (w ignoreErrors) Write(p []byte) (int, error) {
	if w.Writer != nil {
		_, _ = w.Writer.Write(p)
	}
	return len(p), nil
}

// stderrWatcher keeps QEMU's messages and calls found when one says that the
// guest is stuck: after an internal error of KVM, QEMU waits for ever.
type stderrWatcher struct {
	fatal string
	found func()
	mu    sync.Mutex
	text  bytes.Buffer
}

func (w *stderrWatcher) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.text.Len() < tailSize {
		w.text.Write(p)
	}
	if strings.Contains(w.text.String(), w.fatal) {
		w.found()
	}
	return len(p), nil
}

func (w *stderrWatcher) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	return s
}
