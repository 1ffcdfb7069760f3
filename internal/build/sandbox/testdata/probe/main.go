// Probe is run as the program in a sandbox and tries what it should not be
// able to do. It prints one line "name result" for each attempt; the result is
// the name of an error, "ok", or a value.
//
// It is built for amd64 and for 386: the second one makes the system calls of
// the other table that the kernel has.
package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

func main() {
	for _, p := range probes {
		fmt.Println(p.name, p.try())
	}
}

type probe struct {
	name string
	try  func() string
}

var probes = []probe{
	{"undeclared-store-path", stat("/nix/store/undeclared")},
	{"declared-store-path", stat("/nix/store/declared")},
	{"etc-shadow", stat("/etc/shadow")},
	{"home", stat("/home")},
	{"root-home", stat("/root")},
	{"usr", stat("/usr")},
	{"var", stat("/var")},
	{"run", stat("/run")},
	{"sys", stat("/sys")},
	{"dev-mem", stat("/dev/mem")},
	{"dev-kmsg", stat("/dev/kmsg")},
	{"dev-fuse", stat("/dev/fuse")},
	{"canary", stat(os.Getenv("CANARY"))},
	{"root-listing", list("/")},
	{"dev-listing", list("/dev")},
	{"processes", processes},
	{"init-environ", open("/proc/1/environ")},
	{"init-root", list("/proc/1/root/")},
	{"init-fd", open("/proc/1/fd/5")},
	{"init-mem", open("/proc/1/mem")},
	{"ids", func() string { return fmt.Sprint(os.Getuid(), os.Getgid()) }},
	{"groups", func() string { g, err := os.Getgroups(); return fmt.Sprint(g, err) }},
	{"hostname", func() string { h, err := os.Hostname(); return fmt.Sprint(h, err) }},
	{"environment", func() string { return strings.Join(os.Environ(), " ") }},
	{"descriptors", descriptors},
	{"directory", func() string { d, err := os.Getwd(); return fmt.Sprint(d, err) }},
	{"umask", func() string { return fmt.Sprintf("%03o", syscall.Umask(0o22)) }},
	{"tcp-host", dial("tcp", os.Getenv("LISTENER"))},
	{"tcp-out", dial("tcp", "192.0.2.1:80")},
	{"metadata-service", dial("tcp", "169.254.169.254:80")},
	{"abstract-socket", dial("unix", os.Getenv("ABSTRACT"))},
	{"loopback", loopback},
	{"vsock", call(sysSocket, 40, 1, 0)},
	{"keyctl", call(sysKeyctl, 0, 0, 0)},
	{"mount", func() string { return result(syscall.Mount("x", "/tmp", "tmpfs", 0, "")) }},
	{"umount", func() string { return result(syscall.Unmount("/proc", 2)) }},
	{"remount", func() string {
		return result(syscall.Mount("", "/nix/store/declared", "", syscall.MS_REMOUNT|syscall.MS_BIND, ""))
	}},
	{"unshare-user", call(sysUnshare, syscall.CLONE_NEWUSER, 0, 0)},
	{"unshare-mount", call(sysUnshare, syscall.CLONE_NEWNS, 0, 0)},
	{"clone-user", call(sysClone, syscall.CLONE_NEWUSER|uintptr(syscall.SIGCHLD), 0, 0)},
	{"clone3", call(435, 0, 0, 0)},
	{"openat2", call(437, 0, 0, 0)},
	{"io_uring", call(425, 1, 0, 0)},
	{"open_tree", call(428, 0, 0, 0)},
	{"mount_setattr", call(442, 0, 0, 0)},
	{"unknown-call", call(1000, 0, 0, 0)},
	{"x32-call", call(0x40000000+39, 0, 0, 0)},
	{"bpf", call(sysBPF, 0, 0, 0)},
	{"ptrace-init", call(syscall.SYS_PTRACE, 16, 1, 0)},
	{"core-pattern", write("/proc/sys/kernel/core_pattern")},
	{"sysrq", write("/proc/sysrq-trigger")},
	{"write-root", write("/new")},
	{"write-input", write("/nix/store/declared/new")},
	{"chmod-input", func() string { return result(syscall.Chmod("/nix/store/declared", 0o777)) }},
	{"chmod-device", func() string { return result(syscall.Chmod("/dev/null", 0o666)) }},
	{"write-device", func() string {
		f, err := os.OpenFile("/dev/null", os.O_RDWR, 0)
		if err == nil {
			_, err = f.Write([]byte("x"))
			f.Close()
		}
		return result(err)
	}},
	{"open-pty", func() string { f, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0); f.Close(); return result(err) }},
	{"shm", write("/dev/shm/x")},
	{"link-input", func() string { return result(os.Link("/nix/store/declared/file", "/nix/store/link")) }},
	{"write-store", write("/nix/store/new")},
	{"chmod-setuid", withFile(func(f *os.File) error { return syscall.Chmod(f.Name(), 0o4755) })},
	{"chmod-setgid", withFile(func(f *os.File) error { return syscall.Chmod(f.Name(), 0o2755) })},
	{"chmod-plain", withFile(func(f *os.File) error { return syscall.Chmod(f.Name(), 0o755) })},
	{"fchmod", withFile(func(f *os.File) error { return syscall.Fchmod(int(f.Fd()), 0o4755) })},
	{"fchmodat", withFile(func(f *os.File) error { return syscall.Fchmodat(-100, f.Name(), 0o4755, 0) })},
	{"fchmodat2", withFile(func(f *os.File) error { return path3(452, f.Name(), 0o4755) })},
	{"open-setuid", func() string {
		_, err := syscall.Open("/tmp/o", syscall.O_CREAT|syscall.O_WRONLY, 0o4755)
		return result(err)
	}},
	{"open-bits-unused", func() string { _, err := syscall.Open("/dev/null", syscall.O_RDONLY, 0o4755); return result(err) }},
	{"mknod-setuid", func() string { return result(syscall.Mknod("/tmp/n", syscall.S_IFREG|0o4755, 0)) }},
	{"mknod-device", func() string { return result(syscall.Mknod("/tmp/d", syscall.S_IFBLK|0o600, 0x700)) }},
	{"chown", withFile(func(f *os.File) error { return syscall.Chown(f.Name(), 0, 0) })},
	{"setxattr", withFile(func(f *os.File) error { return setxattr(f.Name()) })},
	{"getxattr", call(sysGetxattr, 0, 0, 0)},
	{"listxattr", call(sysGetxattr+3, 0, 0, 0)},
	{"removexattr", call(sysGetxattr+6, 0, 0, 0)},
	{"setxattrat", call(463, 0, 0, 0)},
	{"removexattrat", call(466, 0, 0, 0)},
	{"kill-init", func() string { return result(syscall.Kill(1, syscall.SIGKILL)) }},
	{"chroot", func() string { return result(syscall.Chroot("/tmp")) }},
	{"arch", func() string { return runtime.GOARCH }},
}

func result(err error) string {
	var e syscall.Errno
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &e):
		return errName(e)
	}
	return err.Error()
}

var names = map[syscall.Errno]string{
	syscall.EPERM: "EPERM", syscall.ENOENT: "ENOENT", syscall.EACCES: "EACCES", syscall.EROFS: "EROFS", syscall.ENOSYS: "ENOSYS",
	syscall.EXDEV: "EXDEV", syscall.ENOTSUP: "ENOTSUP", syscall.ECONNREFUSED: "ECONNREFUSED", syscall.ENETUNREACH: "ENETUNREACH",
	syscall.EAFNOSUPPORT: "EAFNOSUPPORT", syscall.EFAULT: "EFAULT", syscall.EINVAL: "EINVAL", syscall.ENODATA: "ENODATA",
}

func errName(e syscall.Errno) string {
	if n, ok := names[e]; ok {
		return n
	}
	return "errno " + strconv.Itoa(int(e))
}

func stat(p string) func() string {
	return func() string { _, err := os.Lstat(p); return result(err) }
}

func open(p string) func() string {
	return func() string {
		f, err := os.Open(p)
		if err == nil {
			_, err = f.Read(make([]byte, 1))
			f.Close()
		}
		return result(err)
	}
}

func write(p string) func() string {
	return func() string {
		f, err := os.OpenFile(p, os.O_WRONLY|os.O_CREATE, 0o600)
		if err == nil {
			f.Close()
		}
		return result(err)
	}
}

func list(p string) func() string {
	return func() string {
		es, err := os.ReadDir(p)
		if err != nil {
			return result(err)
		}
		var out []string
		for _, e := range es {
			out = append(out, e.Name())
		}
		slices.Sort(out)
		return strings.Join(out, " ")
	}
}

func processes() string {
	n := 0
	for _, name := range strings.Fields(list("/proc")()) {
		if strings.Trim(name, "0123456789") == "" {
			n++
		}
	}
	return fmt.Sprint(n)
}

func descriptors() string {
	var open []string
	for fd := range 100 {
		t, err := os.Readlink(fmt.Sprint("/proc/self/fd/", fd))
		if err == nil && !strings.HasPrefix(t, "anon_inode:") && !strings.HasPrefix(t, "/proc/") && !strings.HasPrefix(t, "/sys/") {
			open = append(open, strconv.Itoa(fd))
		}
	}
	return strings.Join(open, " ")
}

func dial(network, address string) func() string {
	return func() string {
		c, err := net.DialTimeout(network, address, 2*time.Second)
		if err == nil {
			c.Close()
		}
		return result(err)
	}
}

func loopback() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return result(err)
	}
	defer l.Close()
	return dial("tcp", l.Addr().String())()
}

func call(nr, a, b, c uintptr) func() string {
	return func() string {
		_, _, e := syscall.RawSyscall(nr, a, b, c)
		if e == 0 {
			return "ok"
		}
		return errName(e)
	}
}

func withFile(f func(*os.File) error) func() string {
	return func() string {
		file, err := os.CreateTemp("/tmp", "")
		if err != nil {
			return result(err)
		}
		defer os.Remove(file.Name())
		defer file.Close()
		return result(f(file))
	}
}

func path3(nr uintptr, p string, mode uintptr) error {
	b, err := syscall.BytePtrFromString(p)
	if err != nil {
		return err
	}
	at := -100
	if _, _, e := syscall.Syscall6(nr, uintptr(at), uintptr(unsafe.Pointer(b)), mode, 0, 0, 0); e != 0 {
		return e
	}
	return nil
}

func setxattr(p string) error {
	b, _ := syscall.BytePtrFromString(p)
	n, _ := syscall.BytePtrFromString("user.x")
	if _, _, e := syscall.Syscall6(sysGetxattr-3, uintptr(unsafe.Pointer(b)), uintptr(unsafe.Pointer(n)), uintptr(unsafe.Pointer(n)), 1, 0, 0); e != 0 {
		return e
	}
	return nil
}
