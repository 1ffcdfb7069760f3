package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var allHostile = flag.Bool("hostile", false, "run all hostile programs in short mode, too")

// A hostile is a program that wants to bring the evaluator down: by nesting, by
// going on for ever, by asking for too much. Each runs in a process of its own,
// since what a Go program does when its stack or its memory ends cannot be
// caught in the process itself.
type hostile struct {
	name string
	text text                           // the program, a file
	args []string                       // further arguments of "isomorph eval --strict"
	want string                         // part of the message; in a program that is fine, of the output
	fine bool                           // hostile to others: it evaluates
	away bool                           // the mistake is not in a text, so there is no place in one
	make func(t *testing.T, dir string) // files that the program needs
	long bool                           // takes seconds of CPU time
}

// Limits on a hostile program.
const (
	hostileMemory = 384 << 20 // bytes that the evaluator may use
	hostileExtra  = 160 << 20 // what the process may have besides: the program itself, files, the output
	hostileCPU    = 30 * time.Second
	hostileWall   = 8 * time.Minute // only ends what hangs; the machine may be busy
)

var place = regexp.MustCompile(`(?m) at [^\n]+:\d+:\d+:?$`)

// TestHostile runs hostile programs: every twelfth that is quick, or all without
// -short or with -hostile.
func TestHostile(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	programs := hostilePrograms()
	names := map[string]bool{}
	var mu sync.Mutex
	var slowest, largest string
	var cpu time.Duration
	var memory int64
	t.Cleanup(func() {
		t.Logf("%d programs; most CPU: %s %v; most memory: %s %d MiB", len(names), slowest, cpu, largest, memory>>20)
	})
	for i, h := range programs {
		if names[h.name] {
			t.Fatalf("two programs are called %s", h.name)
		}
		names[h.name] = true
		if testing.Short() && !*allHostile && (h.long || i%12 != 0) {
			continue
		}
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			use := h.run(t, self)
			mu.Lock()
			defer mu.Unlock()
			if took := cpuOf(use); took > cpu {
				cpu, slowest = took, h.name
			}
			if rss := use.Maxrss << 10; rss > memory {
				memory, largest = rss, h.name
			}
		})
	}
}

func cpuOf(use *syscall.Rusage) time.Duration {
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

func (h *hostile) run(t *testing.T, self string) *syscall.Rusage {
	dir := t.TempDir()
	file := filepath.Join(dir, "program.nix")
	h.write(t, file)
	if h.make != nil {
		h.make(t, dir)
	}
	ctx, cancel := context.WithTimeout(t.Context(), hostileWall)
	defer cancel()
	cmd := exec.CommandContext(ctx, self)
	cmd.Args = append([]string{"isomorph", "eval", "--strict", "--option", "max-eval-memory", fmt.Sprint(hostileMemory)}, h.args...)
	cmd.Args = append(cmd.Args, file)
	cmd.Dir = dir
	cmd.Env = []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "NIX_PATH="}
	var out, msg bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &msg
	err := cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	use := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if ctx.Err() != nil {
		t.Fatalf("it hangs (%v of CPU time); it said: %s", cpuOf(use), head(msg.String()))
	}
	h.judge(t, cmd.ProcessState.ExitCode(), out.String(), msg.String())
	if rss := use.Maxrss << 10; rss > hostileMemory+hostileExtra {
		t.Errorf("it took %d MiB", rss>>20)
	}
	if took := cpuOf(use); took > hostileCPU {
		t.Errorf("it took %v of CPU time", took)
	}
	return use
}

func (h *hostile) write(t *testing.T, file string) {
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	for _, part := range h.text {
		part(w)
	}
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

func (h *hostile) judge(t *testing.T, exit int, out, msg string) {
	for _, bad := range []string{"goroutine ", "panic", "internal error", "fatal error", "runtime error"} {
		if strings.Contains(msg, bad) {
			t.Errorf("it crashed:\n%s", head(msg))
		}
	}
	if len(msg) > 4<<20 {
		t.Errorf("the message has %d bytes", len(msg))
	}
	if h.fine {
		if exit != 0 || !strings.Contains(out, h.want) {
			t.Errorf("exit code %d, output %s, message:\n%s\nwant %s", exit, head(out), head(msg), h.want)
		}
		return
	}
	if exit != 1 || !strings.HasPrefix(msg, "error:") {
		t.Errorf("exit code %d, output %s, message:\n%s", exit, head(out), head(msg))
	}
	if !strings.Contains(msg, h.want) || h.want == "" {
		t.Errorf("no %q in the message:\n%s", h.want, head(msg))
	}
	if h.away == place.MatchString(msg) {
		t.Errorf("a place in the message: %v, want %v:\n%s", !h.away, h.away, head(msg))
	}
}

func head(s string) string {
	if len(s) > 1500 {
		return s[:700] + "\n[...]\n" + s[len(s)-700:]
	}
	return s
}
