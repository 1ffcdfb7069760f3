package sandbox

import (
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// dropCapabilities empties the capability sets: of the calling thread, which
// starts the program, and of all others too where Go can reach them (not in a
// binary built with cgo, such as a test). Ambient ones fall with the permitted
// ones.
func dropCapabilities() error {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	h, d := uintptr(unsafe.Pointer(&hdr)), uintptr(unsafe.Pointer(&data[0]))
	if _, _, e := syscall.AllThreadsSyscall(unix.SYS_CAPSET, h, d, 0); e != unix.ENOTSUP {
		return errnoErr(e)
	}
	return unix.Capset(&hdr, &data[0])
}

// signalNames are the descriptions of signals in glibc's strsignal, which Nix shows.
var signalNames = [...]string{
	"", "Hangup", "Interrupt", "Quit", "Illegal instruction", "Trace/breakpoint trap", "Aborted", "Bus error", "Floating point exception",
	"Killed", "User defined signal 1", "Segmentation fault", "User defined signal 2", "Broken pipe", "Alarm clock", "Terminated",
	"Stack fault", "Child exited", "Continued", "Stopped (signal)", "Stopped", "Stopped (tty input)", "Stopped (tty output)",
	"Urgent I/O condition", "CPU time limit exceeded", "File size limit exceeded", "Virtual timer expired", "Profiling timer expired",
	"Window changed", "I/O possible", "Power failure", "Bad system call",
}

func signalName(n int) string {
	if n > 0 && n < len(signalNames) {
		return signalNames[n]
	}
	return "Unknown signal " + strconv.Itoa(n)
}
