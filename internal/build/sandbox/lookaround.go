package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

func resolveExecutable(p string) (string, error) { return filepath.EvalSymlinks(p) }

// lookAround is the program that Probe runs. It prints what should not be.
func lookAround() {
	status := 0
	for _, c := range checks {
		if found := c(); found != "" {
			fmt.Println(found)
			status = 1
		}
	}
	os.Exit(status)
}

var checks = []func() string{
	func() string { return expect("uid", os.Getuid(), UID) },
	func() string { return expect("gid", os.Getgid(), GID) },
	func() string { return expect("parent process", os.Getppid(), 1) },
	hostName, seccompOn, noCaps, noSetuid, noXattr, noNamespaces, noNetwork, onlyOwnFiles, fewDescriptors, rootReadOnly,
}

func expect[T comparable](what string, got, want T) string {
	if got == want {
		return ""
	}
	return fmt.Sprintf("%s is %v, not %v", what, got, want)
}

func hostName() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "uname: " + err.Error()
	}
	return expect("host name", unix.ByteSliceToString(u.Nodename[:]), "localhost")
}

func statusField(name string) string {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err.Error()
	}
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(v)
		}
	}
	return "missing"
}

func seccompOn() string {
	return expect("seccomp and no_new_privs", statusField("Seccomp")+statusField("NoNewPrivs"), "21")
}

func noCaps() string {
	for _, set := range []string{"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"} {
		if v := statusField(set); strings.Trim(v, "0") != "" {
			return set + " is " + v
		}
	}
	return ""
}

func noSetuid() string {
	if err := unix.Fchmodat(unix.AT_FDCWD, "/tmp", 0o4755, 0); !errors.Is(err, unix.EPERM) {
		return fmt.Sprintf("chmod u+s: %v", err)
	}
	return ""
}

func noXattr() string {
	if _, err := unix.Getxattr("/", "user.x", nil); !errors.Is(err, unix.ENOTSUP) {
		return fmt.Sprintf("getxattr: %v", err)
	}
	return ""
}

func noNamespaces() string {
	if err := syscall.Unshare(unix.CLONE_NEWUSER); !errors.Is(err, unix.EPERM) {
		return fmt.Sprintf("unshare user namespace: %v", err)
	}
	if err := unix.Mount("tmpfs", "/tmp", "tmpfs", 0, ""); !errors.Is(err, unix.EPERM) {
		return fmt.Sprintf("mount: %v", err)
	}
	return ""
}

// noNetwork reads /proc and not netlink, because package net would make a
// test binary of this package a dynamic one, which cannot start in here.
func noNetwork() string {
	b, err := os.ReadFile("/proc/net/dev")
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	if len(lines) != 3 || !strings.HasPrefix(strings.TrimSpace(lines[2]), "lo:") {
		return fmt.Sprintf("network interfaces: %q", lines)
	}
	return ""
}

func onlyOwnFiles() string {
	entries, err := os.ReadDir("/")
	if err != nil {
		return "list /: " + err.Error()
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	// The arguments are what the probe itself was given besides.
	want := append([]string{"dev", "etc", "probe", "proc", "tmp"}, os.Args[1:]...)
	slices.Sort(want)
	if !slices.Equal(names, want) {
		return fmt.Sprintf("the root holds %v, not %v", names, want)
	}
	return ""
}

func fewDescriptors() string {
	for fd := 3; fd < 64; fd++ {
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err == nil && st.Mode&unix.S_IFMT != 0 && !runtimeOwns(fd) {
			return fmt.Sprintf("descriptor %d is open", fd)
		}
	}
	return ""
}

// runtimeOwns reports whether a descriptor is one that Go's own poller made.
func runtimeOwns(fd int) bool {
	t, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	return err == nil && strings.HasPrefix(t, "anon_inode:[event")
}

func rootReadOnly() string {
	err := os.WriteFile("/new", nil, 0o600)
	if !errors.Is(err, unix.EROFS) && !errors.Is(err, fs.ErrPermission) {
		return fmt.Sprintf("write to /: %v", err)
	}
	return ""
}
