package sandbox_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"isomorph/internal/build/sandbox"
)

// shell describes a sandbox that runs a busybox script.
func shell(t testing.TB, script string) sandbox.Spec {
	t.Helper()
	return sandbox.Spec{
		Root:  t.TempDir(),
		Binds: []sandbox.Bind{{Source: busybox(t), Target: "/bin/busybox"}, {Source: busybox(t), Target: "/bin/sh"}},
		Argv:  []string{"sh", "-c", script}, Path: "/bin/sh",
	}
}

// marked returns descriptors of all processes of the host with the word in
// their command lines.
func marked(t *testing.T, word string) []int {
	t.Helper()
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil || len(dirs) == 0 {
		t.Fatal("cannot list processes:", err)
	}
	var fds []int
	for _, d := range dirs {
		b, err := os.ReadFile(d + "/cmdline")
		var pid int
		_, _ = fmt.Sscanf(d, "/proc/%d", &pid)
		if err != nil || !strings.Contains(string(b), word) || pid == os.Getpid() {
			continue
		}
		if fd, err := unix.PidfdOpen(pid, 0); err == nil {
			fds = append(fds, fd)
			t.Cleanup(func() { unix.Close(fd) })
		}
	}
	return fds
}

// waitDead waits until each process is dead. What kills them acts at once; the
// time is for a machine that has no CPU to spare.
func waitDead(t *testing.T, fds []int) {
	t.Helper()
	for _, fd := range fds {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 60_000)
		if n != 1 {
			t.Errorf("a process of the build lives on (%v)", err)
		}
	}
}

// daemons leaves processes behind that ignore signals and have a session of
// their own. It prints "ready" when they run.
const daemons = `for i in 1 2 3; do (trap "" TERM HUP INT; setsid /bin/busybox sh -c ': WORD; trap "" TERM; while :; do sleep 1000; done' </dev/null >/dev/null 2>&1 &) & done
while [ $(ps -o args | grep -c '^/bin/busybox sh -c : WORD') != 3 ]; do :; done; echo ready;`

// onReady calls f with each line that is written to it.
type onLine func(string)

func (f onLine) Write(p []byte) (int, error) {
	for line := range strings.Lines(string(p)) {
		f(strings.TrimSpace(line))
	}
	return len(p), nil
}

func TestDaemonsDieWithTheProgram(t *testing.T) {
	word := fmt.Sprintf("daemons-%d", os.Getpid())
	var alive []int
	spec := shell(t, strings.ReplaceAll(daemons, "WORD", word)+"read x < /proc/self/stat; exit 3")
	spec.Log = onLine(func(line string) {
		if line == "ready" {
			alive = marked(t, word)
		}
	})
	res, err := sandbox.Run(t.Context(), spec)
	if err != nil || res.Exit != 3 {
		t.Fatalf("%v, %v", res, err)
	}
	if left := marked(t, word); len(left) > 0 {
		t.Errorf("%d processes are left when Run returns", len(left))
	}
	waitDead(t, alive)
}

func TestCancelKillsEverything(t *testing.T) {
	word := fmt.Sprintf("cancel-%d", os.Getpid())
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stop")
	var alive []int
	spec := shell(t, strings.ReplaceAll(daemons, "WORD", word)+"sleep 1000")
	spec.Log = onLine(func(line string) {
		if line == "ready" {
			alive = marked(t, word)
			cancel(stop)
		}
	})
	if _, err := sandbox.Run(ctx, spec); !errors.Is(err, stop) {
		t.Fatalf("got %v, want %v", err, stop)
	}
	if len(alive) < 3 {
		t.Errorf("saw only %d processes", len(alive))
	}
	waitDead(t, alive)
}

// TestKillOfTheEngine kills a process in which Run is at work with SIGKILL: it
// cannot clean up, and the build must die all the same.
func TestKillOfTheEngine(t *testing.T) {
	word := os.Getenv("ISOMORPH_TEST_ENGINE")
	if word != "" {
		spec := shell(t, strings.ReplaceAll(daemons, "WORD", word)+"sleep 1000")
		spec.Log = onLine(func(line string) { fmt.Println(line) })
		_, err := sandbox.Run(t.Context(), spec)
		t.Fatal("run returned:", err)
	}
	busybox(t) // or both skip
	word = fmt.Sprintf("engine-%d", os.Getpid())
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestKillOfTheEngine$")
	cmd.Env = append(os.Environ(), "ISOMORPH_TEST_ENGINE="+word)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said, ready := readUntil(out, "ready")
	alive := marked(t, word)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if !ready {
		t.Fatalf("the engine ended before its build was ready; it said:\n%s", said)
	}
	if len(alive) < 3 {
		t.Errorf("saw only %d processes", len(alive))
	}
	waitDead(t, alive)
}

// readUntil reads lines up to the one that is want, and returns those before it
// and whether it came.
func readUntil(r io.Reader, want string) (before string, found bool) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if lines.Text() == want {
			return before, true
		}
		before += lines.Text() + "\n"
	}
	return before, false
}

func TestBadBinds(t *testing.T) {
	source := t.TempDir()
	for _, target := range []string{"", "/", "relative", "/a/../../b", "/a/./b", "/a/", "//a"} {
		spec := shell(t, "true")
		spec.Binds = append(spec.Binds, sandbox.Bind{Source: source, Target: target})
		_, err := sandbox.Run(t.Context(), spec)
		var setup *sandbox.SetupError
		if !errors.As(err, &setup) {
			t.Errorf("target %q: got %v, want a SetupError", target, err)
		}
	}
	spec := shell(t, "true")
	spec.Binds = append(spec.Binds, sandbox.Bind{Source: source + "/missing", Target: "/x"})
	if _, err := sandbox.Run(t.Context(), spec); err == nil || !strings.Contains(err.Error(), "missing as /x: no such file") {
		t.Errorf("missing source: %v", err)
	}
}

// TestPlantedLinks: symbolic links in a writable directory of the build's must
// not lead a later bind out of it.
func TestPlantedLinks(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	spec := shell(t, "true")
	spec.Binds = append(spec.Binds,
		sandbox.Bind{Source: dir, Target: "/w", Writable: true},
		sandbox.Bind{Source: outside, Target: "/w/link/x"})
	if _, err := sandbox.Run(t.Context(), spec); err == nil {
		t.Error("a bind followed a symbolic link")
	}
	if left, _ := os.ReadDir(outside); len(left) > 0 {
		t.Errorf("made outside: %v", left)
	}
}

func TestResults(t *testing.T) {
	for script, want := range map[string]string{
		"true": "succeeded", "exit 7": "failed with exit code 7", "kill -15 $$": "failed due to signal 15 (Terminated)", "kill -9 $$": "failed due to signal 9 (Killed)",
	} {
		res, err := sandbox.Run(t.Context(), shell(t, script))
		if err != nil || res.String() != want {
			t.Errorf("%s: got %v, %v, want %s", script, res, err, want)
		}
	}
	// Nix takes the end of the output for the end of the builder.
	for script, mute := range map[string]bool{"exec >&- 2>&-; while :; do :; done": true, "kill -9 $$": false} {
		res, err := sandbox.Run(t.Context(), shell(t, script))
		if err != nil || res.String() != "failed due to signal 9 (Killed)" || res.Mute != mute {
			t.Errorf("%s: got %+v, %v", script, res, err)
		}
	}
	if res, _ := sandbox.Run(t.Context(), shell(t, "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done")); res.User == 0 || res.MaxRSS == 0 {
		t.Errorf("no usage in %+v", res)
	}
}

func TestPersonality(t *testing.T) {
	for want32, want := range map[bool]string{true: "i686", false: "x86_64"} {
		var out strings.Builder
		spec := shell(t, "uname -m")
		spec.Personality32, spec.Log = want32, &out
		if res, err := sandbox.Run(t.Context(), spec); err != nil || !res.OK() {
			t.Fatal(res, err)
		}
		if got := strings.TrimSpace(out.String()); got != want {
			t.Errorf("uname -m with 32-bit personality %v: %s, want %s", want32, got, want)
		}
	}
}
