package sandbox_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"isomorph/internal/build/buildtest"
	"isomorph/internal/build/sandbox"
)

// probeWant is what the probe (testdata/probe) must find. Where two results are
// joined by "|", either is right: it depends on the kernel and on who runs us.
var probeWant = map[string]string{
	"undeclared-store-path": "ENOENT", "declared-store-path": "ok", "etc-shadow": "ENOENT", "home": "ENOENT", "root-home": "ENOENT",
	"usr": "ENOENT", "var": "ENOENT", "run": "ENOENT", "sys": "ENOENT", "dev-mem": "ENOENT", "dev-kmsg": "ENOENT", "dev-fuse": "ENOENT", "canary": "ENOENT",
	"root-listing": "build dev etc nix probe proc tmp",
	"dev-listing":  "fd full null ptmx pts random shm stderr stdin stdout tty urandom zero",
	"processes":    "2", "init-environ": "EACCES", "init-root": "EACCES", "init-fd": "EACCES", "init-mem": "EACCES",
	"ids": "1000 100", "groups": "[] <nil>", "hostname": "localhost<nil>", "descriptors": "0 1 2", "directory": "/build<nil>", "umask": "022",
	"tcp-host": "ECONNREFUSED", "tcp-out": "ENETUNREACH", "metadata-service": "ENETUNREACH", "abstract-socket": "ECONNREFUSED", "loopback": "ok", "vsock": "EAFNOSUPPORT",
	"keyctl": "EPERM", "mount": "EPERM", "umount": "EPERM", "remount": "EPERM", "chroot": "EPERM", "unshare-user": "EPERM", "unshare-mount": "EPERM",
	"clone-user": "EPERM", "clone3": "ENOSYS", "openat2": "ENOSYS", "io_uring": "ENOSYS", "open_tree": "EPERM", "mount_setattr": "EPERM",
	"unknown-call": "ENOSYS", "x32-call": "ENOSYS", "bpf": "EPERM", "ptrace-init": "EPERM",
	"core-pattern": "EROFS|EACCES", "sysrq": "EROFS|EACCES|ENOENT", "write-root": "EROFS", "write-input": "EROFS", "chmod-input": "EROFS", "chmod-device": "EROFS", "write-device": "ok", "open-pty": "ok", "shm": "ok", "link-input": "EXDEV", "write-store": "ok",
	"chmod-setuid": "EPERM", "chmod-setgid": "EPERM", "chmod-plain": "ok", "fchmod": "EPERM", "fchmodat": "EPERM", "fchmodat2": "EPERM",
	"open-setuid": "EPERM", "open-bits-unused": "ok", "mknod-setuid": "EPERM", "mknod-device": "EPERM", "chown": "EPERM|EINVAL",
	"setxattr": "ENOTSUP", "getxattr": "ENOTSUP", "listxattr": "ENOTSUP", "removexattr": "ENOTSUP", "setxattrat": "ENOTSUP", "removexattrat": "ENOTSUP",
	"kill-init": "ok", // and nothing happens: process 1 takes no signal from inside
}

// compile builds a program of testdata for an architecture.
func compile(t *testing.T, name, arch string) string {
	t.Helper()
	if p := os.Getenv("ISOMORPH_TEST_" + name + "_" + arch); p != "" {
		return p // run by TestProbesAsNobody, who has no cache to compile with
	}
	bin := filepath.Join(t.TempDir(), name)
	cmd := exec.Command("go", "build", "-o", bin, "./testdata/"+name)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOARCH="+arch)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", name, err, out)
	}
	return bin
}

// probeHost sets up on the host what the probe will look for.
func probeHost(t *testing.T) (dir string, env []string) {
	t.Helper()
	dir = t.TempDir()
	for _, d := range []string{"root", "store", "build", "declared", "undeclared"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []string{"canary", "declared/file"} {
		if err := os.WriteFile(filepath.Join(dir, f), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tcp.Close() })
	abstract := fmt.Sprintf("@isomorph-test-%d", os.Getpid())
	unix, err := net.Listen("unix", abstract)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close() })
	return dir, []string{"CANARY=" + filepath.Join(dir, "canary"), "LISTENER=" + tcp.Addr().String(), "ABSTRACT=" + abstract}
}

func TestProbes(t *testing.T) {
	for _, arch := range []string{"amd64", "386"} {
		if arch == "386" && testing.Short() {
			continue // compiling it takes long the first time
		}
		t.Run(arch, func(t *testing.T) { testProbes(t, arch) })
	}
}

func testProbes(t *testing.T, arch string) {
	bin := compile(t, "probe", arch)
	dir, env := probeHost(t)
	var out strings.Builder
	res, err := sandbox.Run(t.Context(), sandbox.Spec{
		Root: filepath.Join(dir, "root"),
		Binds: []sandbox.Bind{
			{Source: filepath.Join(dir, "store"), Target: "/nix/store", Writable: true},
			{Source: filepath.Join(dir, "build"), Target: "/build", Writable: true},
			{Source: filepath.Join(dir, "declared"), Target: "/nix/store/declared"},
			{Source: bin, Target: "/probe"},
		},
		Argv: []string{"/probe"}, Env: env, Dir: "/build", Log: &out,
		Personality32: arch == "386", // with socketcall, which Go uses there
	})
	if err != nil {
		t.Fatal(err)
	}
	if !res.OK() {
		t.Fatalf("the probe %v\n%s", res, out.String())
	}
	got := parseProbe(t, out.String())
	for name, want := range probeWant {
		if !slices.Contains(strings.Split(want, "|"), got[name]) {
			t.Errorf("%s: got %q, want %q", name, got[name], want)
		}
	}
	if got["environment"] != strings.Join(env, " ") || got["arch"] != arch {
		t.Errorf("environment %q on %s", got["environment"], got["arch"])
	}
	if len(got) != len(probeWant)+2 {
		t.Errorf("%d probes ran, %d results are known", len(got), len(probeWant)+2)
	}
}

func parseProbe(t *testing.T, out string) map[string]string {
	t.Helper()
	got := map[string]string{}
	for line := range strings.Lines(out) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		got[name] = value
	}
	return got
}

// TestProbesOutside is the control: without the sandbox the same program finds
// what it looks for, so that a probe that cannot succeed would be noticed.
func TestProbesOutside(t *testing.T) {
	bin := compile(t, "probe", "amd64")
	_, env := probeHost(t)
	cmd := exec.Command("unshare", "-r", "-p", "-f", bin)
	if os.Geteuid() != 0 {
		cmd = exec.Command(bin)
	}
	cmd.Env = env
	out, _ := cmd.Output()
	got := parseProbe(t, string(out))
	for name, want := range map[string]string{
		"canary": "ok", "usr": "ok", "sys": "ok", "tcp-host": "ok", "abstract-socket": "ok",
		"chmod-setuid": "ok", "fchmod": "ok", "fchmodat2": "ok", "open-setuid": "ok", "setxattr": "ok", "unshare-user": "EINVAL|ok",
	} {
		if !slices.Contains(strings.Split(want, "|"), got[name]) {
			t.Errorf("control %s: got %q, want %q", name, got[name], want)
		}
	}
}

func TestProbesAsNobody(t *testing.T) {
	dir, err := os.MkdirTemp("", "probe-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, p := range [][2]string{{"probe", "amd64"}, {"helper", "amd64"}} {
		to := filepath.Join(dir, p[0])
		if out, err := exec.Command("cp", compile(t, p[0], p[1]), to).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		t.Setenv("ISOMORPH_TEST_"+p[0]+"_"+p[1], to)
	}
	buildtest.AsNobody(t, "^(TestProbes/amd64|TestProbe)$")
}
