package sandbox_test

import (
	"os/exec"
	"testing"
)

// busybox returns the machine's static busybox, the shell of these tests.
func busybox(t testing.TB) string {
	t.Helper()
	p, err := exec.LookPath("busybox")
	if err != nil {
		t.Skip("needs a statically linked busybox (package busybox-static)")
	}
	return p
}
