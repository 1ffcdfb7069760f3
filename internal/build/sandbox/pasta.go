package sandbox

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// nameserver is an address that exists in the sandbox only: pasta passes what
// is sent to it on to the host's resolver.
const nameserver = "169.254.1.1"

// connect starts pasta, which puts a tap device into the network namespace and
// carries its packets by ordinary sockets of the user. Nothing of the host's
// network namespace is shared, and the host's loopback addresses are not mapped
// (--no-map-gw). It goes into the background when the interface is configured.
func (p *process) connect(ctx context.Context, spec Spec) error {
	pidFile := filepath.Join(spec.Root, "pasta.pid") // the host's directory; the sandbox sees a tmpfs there
	defer os.Remove(pidFile)
	args := []string{
		"--config-net", "--quiet", "--no-map-gw", "--dns-forward", nameserver,
		"-t", "none", "-u", "none", "-T", "none", "-U", "none", "--pid", pidFile,
	}
	if os.Geteuid() == 0 {
		args = append(args, "--runas", "0:0") // another user could not enter the namespace
	}
	cmd := exec.CommandContext(ctx, spec.Pasta, append(args, strconv.Itoa(p.cmd.Process.Pid))...)
	cmd.Env = []string{}
	cmd.WaitDelay = time.Second // for a child of its own that keeps our pipe
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(out)))
	}
	b, err := os.ReadFile(pidFile)
	if err != nil {
		return err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return err
	}
	p.pasta, err = unix.PidfdOpen(pid, 0)
	return err
}

// disconnect ends pasta; not every version ends with the namespace.
func (p *process) disconnect() {
	if p.pasta >= 0 {
		_ = unix.PidfdSendSignal(p.pasta, unix.SIGKILL, nil, 0)
		unix.Close(p.pasta)
		p.pasta = -1
	}
}
