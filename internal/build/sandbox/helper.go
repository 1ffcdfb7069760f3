package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Main takes over the process when Run started it as its helper, and returns
// at once otherwise. An executable that uses this package calls it first thing
// in main, a test binary in TestMain.
func Main() {
	if len(os.Args) == 0 {
		return
	}
	switch os.Args[0] {
	case helperName:
	case launcherName:
		launch()
	case probeName:
		lookAround()
	default:
		return
	}
	// Capabilities, keyring and filter belong to a thread; the program is
	// started by the thread that has given them up.
	runtime.LockOSThread()
	if os.Getpid() != 1 {
		os.Exit(125) // somebody called us by that name
	}
	helper()
}

// check ends the helper with a report when err is not nil.
func check(step string, err error) {
	if err != nil {
		send(reportOf(step, err))
		os.Exit(1)
	}
}

func reportOf(step string, err error) report {
	rep := report{Step: step, Message: err.Error()}
	errors.As(err, &rep.Errno)
	return rep
}

func send(r report) {
	b, err := json.Marshal(r)
	if err == nil {
		_, _ = syscall.Write(fdReport, b)
	}
	_ = syscall.Close(fdReport)
}

func helper() {
	o := receiveOrder()
	var program running
	watchCaller(&program)
	dropGroups()
	isolate(o)
	makeRoot(o)
	waitForNetwork(o)
	limit(o)
	pid := startProgram(o)
	program.pid.Store(int64(pid))
	leaveLog()
	rep := reap(pid)
	rep.Mute = rep.Signal == int(syscall.SIGKILL) && program.mute.Load()
	send(rep)
	os.Exit(0)
}

func receiveOrder() order {
	var o order
	// Whatever else the caller's process had open must not come in here.
	check("close descriptors", unix.CloseRange(fdReady+1, ^uint(0), 0))
	check("mark descriptors", unix.CloseRange(fdSpec, fdReady, unix.CLOSE_RANGE_CLOEXEC))
	f := os.NewFile(fdSpec, "spec")
	err := json.NewDecoder(f).Decode(&o)
	f.Close()
	check("read the order", err)
	return o
}

// watchCaller ends this process, and with it the namespace, when the other end
// of the liveness pipe closes: by the end of Run or the death of its process. A
// byte from there says that the program's output has ended; so does the program
// then. If it has ended by itself, that does not change how.
func watchCaller(program *running) {
	go func() {
		var b [1]byte
		for {
			n, err := syscall.Read(fdLiveness, b[:])
			switch {
			case err == syscall.EINTR:
			case n > 0:
				program.stop()
			default:
				os.Exit(1)
			}
		}
	}()
}

// running is the program that process 1 has started.
type running struct {
	pid  atomic.Int64
	mute atomic.Bool // it was running without an output
}

// stop kills the program, which may have ended already.
func (r *running) stop() {
	pid := int(r.pid.Load())
	if pid <= 0 {
		return
	}
	// A process that ends gives up its memory before its files.
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	r.mute.Store(err == nil && len(b) > 0 && b[0] != '0')
	_ = syscall.Kill(-pid, syscall.SIGKILL)
}

// leaveLog lets go of the log, so that only the program and its children have it.
func leaveLog() {
	null, err := os.OpenFile("/dev/null", os.O_WRONLY, 0)
	check("open /dev/null", err)
	check("leave the log", unix.Dup2(int(null.Fd()), 1))
	check("leave the log", unix.Dup2(int(null.Fd()), 2))
}

// dropGroups gives up root's supplementary groups. Other users may not, once
// setgroups is denied; theirs show up as nogroup and open nothing that is
// visible in the sandbox.
func dropGroups() {
	if b, err := os.ReadFile("/proc/self/setgroups"); err == nil && string(b) == "allow\n" {
		check("drop groups", syscall.Setgroups(nil))
	}
}

// isolate sets what a program can see of the machine besides files.
func isolate(o order) {
	check("set the host name", unix.Sethostname([]byte("localhost")))
	check("set the domain name", unix.Setdomainname([]byte("(none)")))
	check("bring up the loopback interface", loopbackUp())
	unix.Umask(0o022)
	personality := uintptr(addrNoRandomize)
	if o.Personality32 {
		personality |= perLinux32
	}
	_, _, errno := unix.Syscall(unix.SYS_PERSONALITY, personality, 0, 0)
	check("set the personality", errnoErr(errno))
	// A keyring of its own: the user's holds Kerberos tickets and the like.
	_, err := unix.KeyctlInt(unix.KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0)
	if err != unix.ENOSYS { // a kernel without keys has nothing to hide
		check("join a new keyring", err)
	}
}

// linux/personality.h
const (
	addrNoRandomize = 0x0040000
	perLinux32      = 0x0008
)

func errnoErr(e unix.Errno) error {
	if e == 0 {
		return nil
	}
	return e
}

func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	ifr, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	ifr.SetUint16(unix.IFF_UP | unix.IFF_LOOPBACK | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifr)
}

func waitForNetwork(o order) {
	if !o.WaitReady {
		return
	}
	var b [1]byte
	n, err := syscall.Read(fdReady, b[:])
	if err == nil && n == 0 {
		err = errors.New("the caller gave up")
	}
	check("wait for the network", err)
}

// limit sets resource limits to the same values on every machine, as far as the
// machine's own hard limits allow.
func limit(o order) {
	setLimit(unix.RLIMIT_CORE, 0)
	setLimit(unix.RLIMIT_STACK, 8<<20)
	setLimit(unix.RLIMIT_NOFILE, 1024)
	if o.Processes > 0 {
		setLimit(unix.RLIMIT_NPROC, o.Processes)
	}
}

func setLimit(which int, soft uint64) {
	var l syscall.Rlimit
	check("read limits", syscall.Getrlimit(which, &l))
	l.Cur = min(soft, l.Max)
	if which == unix.RLIMIT_NPROC {
		l.Max = l.Cur
	}
	check("set limits", syscall.Setrlimit(which, &l))
}

// startProgram gives up every privilege and starts the program. From here on
// this process can do no more than the program itself.
func startProgram(o order) int {
	if o.Dir != "" {
		check("enter "+o.Dir, os.Chdir(o.Dir))
	}
	null, err := os.Open("/dev/null")
	check("open /dev/null", err)
	heedSignals()
	dropBoundingSet()
	check("set no_new_privs", unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
	check("drop capabilities", dropCapabilities())
	// The program shares our uid; without this it could write to our memory.
	check("forbid tracing", unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0))
	check("install the seccomp filter", installFilter(o.Personality32))
	path := o.Path
	if path == "" {
		path = o.Argv[0]
	}
	pid, err := syscall.ForkExec(path, o.Argv, &syscall.ProcAttr{
		Env:   o.Env,
		Files: []uintptr{null.Fd(), 1, 2},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	check("execute "+path, err)
	return pid
}

// heedSignals gives every signal that our caller ignores (a background job,
// nohup, some supervisors) its default action back: the program would inherit
// that it is ignored. Those that the Go runtime catches are not inherited. The
// runtime has no call for this, and leaves the signals of the C library alone.
func heedSignals() {
	const ignored = 1                                            // SIG_IGN
	type action struct{ handler, flags, restorer, mask uintptr } // struct kernel_sigaction of x86-64
	for sig := uintptr(1); sig <= 64; sig++ {
		var old, def action
		_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, sig, 0, uintptr(unsafe.Pointer(&old)), 8, 0, 0)
		if errno != 0 || old.handler != ignored {
			continue
		}
		if _, _, errno = unix.RawSyscall6(unix.SYS_RT_SIGACTION, sig, uintptr(unsafe.Pointer(&def)), 0, 8, 0, 0); errno != 0 {
			check(fmt.Sprintf("heed signal %d", sig), errno)
		}
	}
}

func dropBoundingSet() {
	for c := uintptr(0); ; c++ {
		if unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0) != nil {
			check("drop the capability bounding set", boundingSetEmpty(c))
			return
		}
	}
}

func boundingSetEmpty(n uintptr) error {
	if n <= unix.CAP_SETFCAP {
		return unix.EPERM
	}
	return nil
}

// reap waits for every child that falls to process 1 and returns when the
// program itself has ended.
func reap(program int) report {
	for {
		var ws syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &ws, 0, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return reportOf("wait for the program", err)
		case pid == program && ws.Signaled():
			return report{Exit: -1, Signal: int(ws.Signal())}
		case pid == program && ws.Exited():
			return report{Exit: ws.ExitStatus()}
		}
	}
}
