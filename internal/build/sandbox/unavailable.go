package sandbox

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// UnavailableError says that this machine does not let its users make the
// namespaces a sandbox consists of, and what would change that.
type UnavailableError struct {
	Step   string // what was refused
	Err    error
	Remedy string // several lines, commands included
}

// Error returns reason and remedy.
func (e *UnavailableError) Error() string {
	return fmt.Sprintf("this machine does not allow the sandbox that builds run in: %s: %v\n%s\n"+
		"Nothing was built: isomorph never builds without a sandbox.", e.Step, e.Err, e.Remedy)
}

// Unwrap returns the system's reason.
func (e *UnavailableError) Unwrap() error { return e.Err }

// startError explains why the helper could not be started.
func startError(err error) error {
	for _, e := range []syscall.Errno{unix.EPERM, unix.EACCES, unix.ENOSPC, unix.EUSERS, unix.EINVAL, unix.ENOSYS} {
		if errors.Is(err, e) {
			return unavailable("make namespaces", e)
		}
	}
	return &SetupError{"start the helper", err}
}

// setupFailure turns the helper's report into an error. The kernel answers
// EPERM or EACCES to a mount when a security module or a container's masks
// forbid it; a bind that fails so is a matter of the source's permissions.
func setupFailure(r report) error {
	var err error = r.Errno
	if r.Errno == 0 {
		err = errors.New(r.Message)
	}
	refused := r.Errno == unix.EPERM || r.Errno == unix.EACCES || r.Errno == unix.ENOSYS
	if refused && !strings.HasPrefix(r.Step, "show /nix") && !strings.HasPrefix(r.Step, "execute ") {
		return unavailable(r.Step, r.Errno)
	}
	return &SetupError{r.Step, err}
}

func unavailable(step string, err syscall.Errno) error {
	return &UnavailableError{step, err, remedy(step, err, readSysctl)}
}

func readSysctl(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// remedy finds out what stands in the way. read returns a file's contents, ""
// if there is no such file; a test passes its own.
func remedy(step string, err syscall.Errno, read func(string) string) string {
	switch {
	case read("/proc/sys/kernel/unprivileged_userns_clone") == "0":
		return "User namespaces are switched off for users. As root:\n" +
			"    sysctl -w kernel.unprivileged_userns_clone=1\n" +
			"To keep it: echo kernel.unprivileged_userns_clone=1 > /etc/sysctl.d/60-userns.conf"
	case read("/proc/sys/user/max_user_namespaces") == "0":
		return "The number of user namespaces is limited to 0. As root:\n" +
			"    sysctl -w user.max_user_namespaces=15000\n" +
			"To keep it: echo user.max_user_namespaces=15000 > /etc/sysctl.d/60-userns.conf"
	case inContainer(read):
		return containerRemedy
	case read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1":
		return apparmorRemedy
	case err == unix.ENOSPC || err == unix.EUSERS:
		return "The limit of nested or simultaneous namespaces is reached. As root, look at and raise\n" +
			"    sysctl user.max_user_namespaces user.max_mnt_namespaces user.max_pid_namespaces user.max_net_namespaces"
	case err == unix.ENOSYS || err == unix.EINVAL:
		return "The kernel is too old or was built without namespaces or seccomp: Linux 5.12 or later is needed\n" +
			"(CONFIG_USER_NS, CONFIG_PID_NS, CONFIG_NET_NS, CONFIG_SECCOMP_FILTER)."
	}
	return "Inside a chroot or under a service manager's restrictions (RestrictNamespaces=, NoNewPrivileges= with a\n" +
		"filter) namespaces cannot be made; run isomorph outside of it. `unshare --user --map-current-user --mount true`\n" +
		"shows whether this user may make them."
}

func inContainer(read func(string) string) bool {
	if strings.Contains(read("/proc/1/environ"), "container=") || read("/run/systemd/container") != "" {
		return true
	}
	cgroup := read("/proc/1/cgroup")
	return strings.Contains(cgroup, "docker") || strings.Contains(cgroup, "kubepods") ||
		strings.Contains(read("/proc/self/mountinfo"), "/docker/") || strings.Contains(read("/proc/self/mountinfo"), " / / rw") &&
		strings.Contains(read("/proc/self/mountinfo"), "overlay")
}

const containerRemedy = `This is a container, whose default profile forbids namespaces and mounts. Start it with
    docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined ...
(podman: --security-opt seccomp=unconfined --security-opt unmask=ALL). Neither --privileged nor root is needed.`

const apparmorRemedy = `AppArmor restricts user namespaces (Ubuntu 23.10 and later). Allow them for isomorph, as root:
    cat > /etc/apparmor.d/isomorph <<'END'
    abi <abi/4.0>,
    include <tunables/global>
    profile isomorph /**/isomorph flags=(unconfined) {
      userns,
      include if exists <local/isomorph>
    }
    END
    apparmor_parser -r /etc/apparmor.d/isomorph
or for every program, until the next boot: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`
