package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// conditions are what must not matter: one way in which a build of the example
// is run.
type conditions struct {
	name  string
	dir   string // name of the working directory
	umask int
	env   []string
	args  []string
	uid   uint32 // run as this user, if the test runs as root
}

func bothConditions() []conditions {
	return []conditions{
		{
			name: "usual", dir: "here", umask: 0o022,
			env: []string{"LC_ALL=C.UTF-8", "TZ=UTC"},
		},
		{
			name: "unusual", dir: "a directory with spaces", umask: 0o077, uid: 65534,
			env:  []string{"LC_ALL=tr_TR.UTF-8", "TZ=Pacific/Kiritimati", "SOURCE_DATE_EPOCH=1", "CFLAGS=-O0", "HOSTNAME=elsewhere"},
			args: []string{"--cores", "1", "-j", "1"},
		},
	}
}

var announcement = regexp.MustCompile(`(?m)^=+ CUSTOM LIVE ISO INFO =+\nISO image created in (.*)\nIMAGE sha256sum: ([0-9a-f]{64})\n`)

// TestEndToEnd is the main job: the example recipe is built twice, in two
// stores under different conditions; both images have the same bits; one boots
// and runs the program that the recipe adds.
func TestEndToEnd(t *testing.T) {
	if testing.Short() {
		t.Skip("short: the end-to-end test builds two images and boots one")
	}
	top := worldReadableTempDir(t)
	binary := filepath.Join(top, "isomorph")
	// As README.md's "go run" compiles it: with cgo where there is a C compiler,
	// so not necessarily static.
	compile := exec.Command("go", "build", "-o", binary, ".")
	compile.Env = slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "CGO_ENABLED=") })
	if out, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	var images, digests []string
	for _, c := range bothConditions() {
		image, digest := c.build(t, top, binary)
		t.Logf("%s: %s", c.name, digest)
		images, digests = append(images, image), append(digests, digest)
	}
	if digests[0] != digests[1] {
		t.Errorf("the images differ: %s and %s", images[0], images[1])
	}
	t.Run("readme", func(t *testing.T) { readmeDigest(t, digests[0]) })
	t.Run("warm", func(t *testing.T) { rebuildWarm(t, top, binary, digests[0]) })
	t.Run("boot", func(t *testing.T) { bootExample(t, top, binary, images[0]) })
}

// worldReadableTempDir is a temporary directory that another user can enter.
func worldReadableTempDir(t *testing.T) string {
	t.Helper()
	top := t.TempDir()
	for d := top; strings.HasPrefix(d, os.TempDir()+"/"); d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// Store objects are read-only, and so are their directories.
	t.Cleanup(func() { exec.Command("chmod", "-R", "u+w", top).Run() })
	return top
}

// build runs the main command once under the conditions, in a home of its own.
func (c conditions) build(t *testing.T, top, binary string) (image, digest string) {
	t.Helper()
	home := filepath.Join(top, c.name)
	dir := filepath.Join(home, c.dir)
	copyTree(t, "../../examples/hello", filepath.Join(dir, "hello"))
	if os.Getuid() == 0 && c.uid != 0 {
		if out, err := exec.Command("chown", "-R", fmt.Sprint(c.uid), home).CombinedOutput(); err != nil {
			t.Fatalf("chown: %v\n%s", err, out)
		}
	}
	args := append([]string{"build", "hello/iso.nix"}, c.args...)
	out := c.run(t, home, dir, binary, args...)
	m := announcement.FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("%s: no announcement in the output:\n%s", c.name, out)
	}
	if _, err := os.Stat(m[1]); err != nil {
		t.Fatalf("%s: the image that was announced: %v", c.name, err)
	}
	return m[1], m[2]
}

func (c conditions) run(t *testing.T, home, dir, binary string, args ...string) string {
	t.Helper()
	// The umask of a child is ours; the shell sets it for itself.
	script := fmt.Sprintf(`umask %04o; exec "$0" "$@"`, c.umask)
	cmd := exec.Command("sh", append([]string{"-c", script, binary}, args...)...)
	cmd.Dir = dir
	cmd.Env = append([]string{"HOME=" + home, "PATH=" + os.Getenv("PATH")}, c.env...)
	for _, name := range []string{"ISOMORPH_MIRROR", "https_proxy", "http_proxy", "no_proxy"} {
		if v, ok := os.LookupEnv(name); ok {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	if os.Getuid() == 0 && c.uid != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: c.uid, Gid: c.uid}}
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	began := time.Now()
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: isomorph %s: %v\n%s%s", c.name, strings.Join(args, " "), err, stdout.String(), tail(stderr.String(), 60))
	}
	ru := cmd.ProcessState
	t.Logf("%s: isomorph %s: %.1fs wall, %.1fs user, %.1fs system", c.name, args[0], time.Since(began).Seconds(), ru.UserTime().Seconds(), ru.SystemTime().Seconds())
	return stdout.String()
}

func tail(s string, n int) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

func copyTree(t *testing.T, from, to string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

// readmeDigest compares the digest that README.md promises: whoever changes the
// example or the channel changes it there, too.
func readmeDigest(t *testing.T, digest string) {
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), "IMAGE sha256sum: "+digest+"\n") {
		t.Errorf("README.md promises another digest than %s", digest)
	}
}

// rebuildWarm runs the same command again, where there is nothing left to do
// and no network is needed.
func rebuildWarm(t *testing.T, top, binary, want string) {
	c := bothConditions()[0]
	home := filepath.Join(top, c.name)
	out := c.run(t, home, filepath.Join(home, c.dir), binary, "build", "--offline", "--expect-sha256", want, "hello/iso.nix")
	if m := announcement.FindStringSubmatch(out); m == nil || m[2] != want {
		t.Errorf("got:\n%s", out)
	}
}

// bootExample boots an image to its shell and runs what the recipe added.
func bootExample(t *testing.T, top, binary, image string) {
	c := bothConditions()[0]
	home := filepath.Join(top, c.name)
	c.run(t, home, home, binary, "boot", image, "--timeout", "400s",
		"--expect", "# ", "--send", "hello_syncom", "--expect", "hello syncom",
		"--send", "systemctl is-system-running --wait", "--expect", "running")
}
