package sandbox_test

import (
	"os/exec"
	"strings"
	"testing"
)

// TestRefused runs the sandbox where the kernel refuses parts of it, in
// namespaces made for the test: it must say so, name a remedy, and run nothing.
func TestRefused(t *testing.T) {
	if err := exec.Command("unshare", "--user", "--map-root-user", "--mount", "true").Run(); err != nil {
		t.Skip("needs the program unshare and user namespaces")
	}
	bin := compile(t, "runtrue", "amd64")
	for _, c := range []struct{ name, setup, want string }{
		{"control", "true", "<nil>"},
		{"no user namespaces", "echo 0 > /proc/sys/user/max_user_namespaces", "sysctl -w user.max_user_namespaces=15000"},
		{"no network namespaces", "echo 0 > /proc/sys/user/max_net_namespaces", "user.max_net_namespaces"},
		{"parts of /proc are covered, as in Docker", "mount -t tmpfs x /proc/irq && mount -t tmpfs x /sys", "mount /proc"},
	} {
		out, err := exec.Command("unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-c",
			c.setup+" && exec "+bin+" "+t.TempDir()).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", c.name, err, out)
			continue
		}
		if !strings.Contains(string(out), c.want) || c.name != "control" && !strings.HasPrefix(string(out), "*sandbox.UnavailableError\n") {
			t.Errorf("%s: got\n%s\nwant %q in it", c.name, out, c.want)
		}
	}
}
