package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// helperName is argv[0] of the process that Main takes over.
const helperName = "isomorph-sandbox-init"

// Descriptors that Run hands to its helper.
const (
	fdSpec     = 3 // what to do, JSON
	fdLiveness = 4 // read end of a pipe that Run's process holds open
	fdReport   = 5 // write end: one report, JSON
	fdReady    = 6 // read end: the network is there (UserMode only)
)

// order is what the helper is told: the Spec with what only Run knows.
type order struct {
	Spec
	KernelUID int // the uid outside that 1000 stands for
	WaitReady bool
}

// report is what the helper answers, once.
type report struct {
	Step    string // not "": making the sandbox failed here
	Errno   unix.Errno
	Message string
	Exit    int
	Signal  int
	Mute    bool // it was killed because it had closed its output
}

// Run runs a program as the Spec says and returns when it and every process
// that it left behind are dead. The program's failure is in the Result and not
// an error. When ctx ends first, everything is killed and the error is
// context.Cause(ctx). Other errors are *UnavailableError and *SetupError.
func Run(ctx context.Context, spec Spec) (Result, error) {
	if err := ctx.Err(); err != nil {
		return Result{}, context.Cause(ctx)
	}
	if spec.Network == UserMode && spec.Pasta == "" {
		return Result{}, &SetupError{"connect to the network", errors.New("the program pasta is not known")}
	}
	if isBig() {
		return runByLauncher(ctx, spec)
	}
	return runDirect(ctx, spec)
}

func runDirect(ctx context.Context, spec Spec) (Result, error) {
	p, err := start(ctx, spec)
	if err != nil {
		return Result{}, err
	}
	return p.wait(ctx)
}

// process is a started helper with the pipes to it.
type process struct {
	cmd      *exec.Cmd
	liveness *os.File
	report   *os.File
	logDone  chan struct{}
	pasta    int // descriptor of the pasta process, or -1
}

func start(ctx context.Context, spec Spec) (*process, error) {
	o := order{spec, os.Geteuid(), spec.Network == UserMode}
	o.Log = nil
	specFile, err := specMemory(o)
	if err != nil {
		return nil, &SetupError{"pass the order to the helper", err}
	}
	defer specFile.Close()
	var pipes pipeSet
	defer pipes.closeChildEnds()
	live, liveChild := pipes.fromParent()
	rep, repChild := pipes.toParent()
	log, logChild := pipes.toParent()
	ready, readyChild := pipes.fromParent()
	if pipes.err != nil {
		pipes.closeParentEnds()
		return nil, &SetupError{"make pipes", pipes.err}
	}
	cmd := helperCommand(spec)
	cmd.Stdout, cmd.Stderr = logChild, logChild
	cmd.ExtraFiles = []*os.File{specFile, liveChild, repChild, readyChild}
	if err := cmd.Start(); err != nil {
		pipes.closeParentEnds()
		return nil, startError(err)
	}
	pipes.closeChildEnds() // or we would wait for ourselves to close them
	p := &process{cmd: cmd, liveness: live, report: rep, logDone: make(chan struct{}), pasta: -1}
	go func() {
		defer close(p.logDone)
		copyLog(spec.Log, log)
		p.silent()
	}()
	if spec.Network == UserMode {
		if err := p.connect(ctx, spec); err != nil {
			p.kill()
			_, _ = p.wait(context.Background())
			ready.Close()
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			return nil, &SetupError{"connect to the network with " + spec.Pasta, err}
		}
		_, _ = ready.Write([]byte{1})
	}
	ready.Close()
	return p, nil
}

// helperEnv keeps the helper small; it is no part of what the program sees.
var helperEnv = []string{"GOMAXPROCS=2", "GOGC=off"}

func helperPath(spec Spec) string {
	if spec.Helper == "" {
		return "/proc/self/exe"
	}
	return spec.Helper
}

// helperCommand is this executable again in new namespaces. Capabilities in the
// new user namespace do not survive an exec by a uid other than 0, hence the
// ambient ones; the helper drops them before it starts the program.
func helperCommand(spec Spec) *exec.Cmd {
	return &exec.Cmd{
		Path: helperPath(spec),
		Args: []string{helperName},
		Env:  helperEnv,
		SysProcAttr: &syscall.SysProcAttr{
			Cloneflags: unix.CLONE_NEWUSER | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET |
				unix.CLONE_NEWIPC | unix.CLONE_NEWUTS | unix.CLONE_NEWCGROUP,
			UidMappings:                []syscall.SysProcIDMap{{ContainerID: UID, HostID: os.Geteuid(), Size: 1}},
			GidMappings:                []syscall.SysProcIDMap{{ContainerID: GID, HostID: os.Getegid(), Size: 1}},
			GidMappingsEnableSetgroups: mayDropGroups(),
			AmbientCaps:                []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_NET_ADMIN, unix.CAP_SETPCAP, unix.CAP_SETGID},
			Setsid:                     true,
		},
	}
}

// mayDropGroups reports whether the helper can give up supplementary groups:
// root can, unless it is root of a user namespace that forbids it already.
func mayDropGroups() bool {
	b, err := os.ReadFile("/proc/self/setgroups")
	return os.Geteuid() == 0 && err == nil && string(b) == "allow\n"
}

// specMemory writes an order to a file that exists in memory only.
func specMemory(o any) (*os.File, error) {
	b, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	fd, err := unix.MemfdCreate("spec", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	f := os.NewFile(uintptr(fd), "spec")
	if _, err = f.Write(b); err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func copyLog(w io.Writer, r *os.File) {
	defer r.Close()
	if w == nil {
		w = io.Discard
	}
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Read(buf)
		if n > 0 {
			_, _ = w.Write(buf[:n]) // a log that fails must not block the build
		}
		if err != nil {
			return
		}
	}
}

// silent tells the helper that nobody can write to the log any more: the program
// has ended, or it has closed its output, which ends it, as in Nix
// (unprepareBuild in its derivation-builder.cc). The helper may be gone.
func (p *process) silent() { _, _ = p.liveness.Write([]byte{0}) }

func (p *process) kill() { _ = p.cmd.Process.Kill() }

// wait collects the end of the helper. The kernel does not let process 1 of a
// pid namespace be reaped before every other process in it is dead.
func (p *process) wait(ctx context.Context) (Result, error) {
	stop := context.AfterFunc(ctx, p.kill)
	defer stop()
	answer, readErr := io.ReadAll(p.report)
	waitErr := p.cmd.Wait()
	<-p.logDone
	p.liveness.Close()
	p.report.Close()
	p.disconnect()
	if ctx.Err() != nil {
		return Result{}, context.Cause(ctx)
	}
	if readErr != nil {
		return Result{}, &SetupError{"read the helper's report", readErr}
	}
	return p.result(answer, waitErr)
}

func (p *process) result(answer []byte, waitErr error) (Result, error) {
	var rep report
	if err := json.NewDecoder(bytes.NewReader(answer)).Decode(&rep); err != nil {
		// Nothing inside can kill process 1: out of memory, or a bug of ours.
		return Result{}, &SetupError{"run the helper", fmt.Errorf("it ended without a report (%v)", waitErr)}
	}
	if rep.Step != "" {
		return Result{}, setupFailure(rep)
	}
	res := Result{Exit: rep.Exit, Signal: rep.Signal, Mute: rep.Mute}
	if ru, ok := p.cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		res.User = time.Duration(ru.Utime.Nano())
		res.System = time.Duration(ru.Stime.Nano())
		res.MaxRSS = ru.Maxrss << 10
	}
	return res, nil
}

// pipeSet makes several pipes and remembers the first error.
type pipeSet struct {
	parent, child []*os.File
	err           error
}

func (s *pipeSet) fromParent() (parent, child *os.File) {
	r, w := s.pipe()
	s.parent, s.child = append(s.parent, w), append(s.child, r)
	return w, r
}

func (s *pipeSet) toParent() (parent, child *os.File) {
	r, w := s.pipe()
	s.parent, s.child = append(s.parent, r), append(s.child, w)
	return r, w
}

func (s *pipeSet) pipe() (r, w *os.File) {
	r, w, err := os.Pipe()
	if err != nil && s.err == nil {
		s.err = err
	}
	return r, w
}

func (s *pipeSet) closeChildEnds() {
	for _, f := range s.child {
		f.Close()
	}
}

func (s *pipeSet) closeParentEnds() {
	for _, f := range s.parent {
		f.Close()
	}
}
