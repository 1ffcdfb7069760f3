package buildtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// nobodyMark is set in the environment of a test that runs as uid 65534.
const nobodyMark = "ISOMORPH_TEST_AS_NOBODY"

// AsNobody runs the tests of the running test binary that match the pattern
// again as uid and gid 65534, in a home directory of their own, when the tests
// run as root. As anybody else there is nothing to show: the tests run without
// root already.
func AsNobody(t *testing.T, pattern string) {
	t.Helper()
	if os.Getenv(nobodyMark) != "" || os.Geteuid() != 0 {
		t.Skip("not root")
	}
	// Not t.TempDir: its parents are closed to others.
	dir, err := os.MkdirTemp("", "nobody-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(dir, "test")
	if err := os.WriteFile(bin, self, 0o755); err != nil {
		t.Fatal(err)
	}
	home := filepath.Join(dir, "home")
	for _, err := range []error{os.Mkdir(home, 0o700), os.Chown(home, 65534, 65534), os.Chmod(dir, 0o755)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(bin, "-test.run="+pattern, "-test.v", "-test.count=1")
	cmd.Dir = home
	cmd.Env = append(os.Environ(), nobodyMark+"=1", "HOME="+home, "TMPDIR="+home)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS") {
		t.Errorf("as uid 65534: %v\n%s", err, out)
	}
}
