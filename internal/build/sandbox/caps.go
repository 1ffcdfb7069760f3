package sandbox

import (
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

func signalName(n int) string {
	if s := unix.SignalName(syscall.Signal(n)); s != "" {
		return syscall.Signal(n).String()
	}
	return "unknown signal"
}
