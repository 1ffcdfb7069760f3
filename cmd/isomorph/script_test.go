package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"isomorph/internal/build/sandbox"
)

// TestMain lets this binary be three things besides a test: the command
// isomorph for the scripts, the helper that a sandbox starts, and (when a
// derivation says so in its environment) the only builder program that a test
// without a network has.
func TestMain(m *testing.M) {
	if os.Getenv("testTool") != "" {
		os.Exit(tool(os.Args[1:]))
	}
	sandbox.Main()
	commands := map[string]func(){"isomorph": main}
	for name := range classicCommands(nil, nil) {
		commands[name] = main
	}
	testscript.Main(m, commands)
}

// tool is a builder for derivations of the scripts:
//
//	write FILE TEXT   makes a file
//	say TEXT...       prints a line
//	clock FILE        writes the time, which is never the same twice
//	fail CODE         ends with an exit code
//	ignored FILE      writes which signals it was started to ignore
//	sleep             never ends by itself
//	mute              closes its standard output and error
//	sh                runs what $script says: one of these a line
func tool(args []string) int {
	if len(args) == 0 {
		return 2
	}
	switch args[0] {
	case "write":
		if err := os.WriteFile(args[1], []byte(args[2]), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	case "clock":
		return tool([]string{"write", args[1], time.Now().String()})
	case "say":
		fmt.Println(strings.Join(args[1:], " "))
	case "fail":
		code, _ := strconv.Atoi(args[1])
		return code
	case "ignored":
		status, err := os.ReadFile("/proc/self/status")
		if err != nil {
			return 1
		}
		_, rest, _ := strings.Cut(string(status), "SigIgn:")
		line, _, _ := strings.Cut(rest, "\n")
		return tool([]string{"write", args[1], strings.TrimSpace(line) + "\n"})
	case "mute":
		os.Stdout.Close()
		os.Stderr.Close()
	case "sleep":
		time.Sleep(time.Hour)
	case "sh":
		for line := range strings.Lines(os.Getenv("script")) {
			if code := tool(strings.Fields(os.ExpandEnv(line))); code != 0 {
				return code
			}
		}
	}
	return 0
}

// TestScripts runs the scripts in testdata/script. Each has a home, a store and
// a world of its own, without a network, and finds in $TOOL the builder above.
func TestScripts(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(files) < 10 {
		t.Fatalf("only %d scripts were found", len(files))
	}
	testscript.Run(t, testscript.Params{
		Files:         files,
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(env *testscript.Env) error {
			home := filepath.Join(env.WorkDir, "home")
			env.Setenv("HOME", home)
			env.Setenv("NIX_CONFIG", "sandbox-paths =")
			env.Setenv("TOOL", filepath.Join(env.WorkDir, "tool"))
			env.Setenv("STORE", filepath.Join(home, ".local/share/isomorph/nix/store"))
			if err := os.MkdirAll(home, 0o755); err != nil {
				return err
			}
			env.Defer(func() { exec.Command("chmod", "-R", "u+w", env.WorkDir).Run() })
			return copyFile(self, filepath.Join(env.WorkDir, "tool"))
		},
		Condition: condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": status, "serve": serve, "killed": killed, "table": table,
		},
	})
}

func copyFile(from, to string) error {
	if os.Link(from, to) == nil {
		return nil
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Close()
}

// condition knows what this machine allows: [sandbox], [root]. A machine that is
// meant to have a capability says so in ISOMORPH_TEST_REQUIRE; there its lack is
// a failure and not a skip.
func condition(name string) (bool, error) {
	have := false
	switch name {
	case "sandbox":
		root, err := os.MkdirTemp("", "probe")
		if err != nil {
			return false, err
		}
		defer os.RemoveAll(root)
		findings, err := sandbox.Probe(context.Background(), root, "")
		if errors.Is(err, fs.ErrNotExist) {
			return false, errors.New("the test program is not static, and so cannot run in the sandbox: CGO_ENABLED=0 go test, or make test")
		}
		have = err == nil && len(findings) == 0
	case "root":
		have = os.Getuid() == 0
	default:
		return false, fmt.Errorf("unknown condition %q", name)
	}
	if !have && strings.Contains(","+os.Getenv("ISOMORPH_TEST_REQUIRE")+",", ","+name+",") {
		return false, fmt.Errorf("this machine was said to have %q, and does not", name)
	}
	return have, nil
}

// status runs a command and compares its exit code: status 102 isomorph build.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status CODE COMMAND ARG...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if err != nil {
		exit, ok := err.(*exec.ExitError)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// table runs the command lines of a file, each behind a "$", by a shell, and
// compares what they print and how they end with the lines below: the output,
// and "[CODE]" for an exit code other than 0.
func table(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: table FILE")
	}
	blocks := strings.Split("\n"+ts.ReadFile(args[0]), "\n$ ")[1:]
	if len(blocks) == 0 {
		ts.Fatalf("%s has no command lines", args[0])
	}
	wrong := 0
	for _, block := range blocks {
		line, want, _ := strings.Cut(block+"\n", "\n")
		err := ts.Exec("sh", "-c", line)
		got := strings.ReplaceAll(ts.ReadFile("stdout"), ts.Getenv("WORK"), "$WORK")
		if got != "" && !strings.HasSuffix(got, "\n") {
			got += "\n%\n"
		}
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			got += fmt.Sprintf("[%d]\n", exit.ExitCode())
		} else if err != nil {
			ts.Fatalf("%s: %v", line, err)
		}
		if got != strings.TrimRight(want, "\n")+"\n" && strings.TrimRight(got+want, "\n") != "" {
			ts.Logf("$ %s\ngot\n%swant\n%s", line, got, want)
			wrong++
		}
	}
	if wrong > 0 {
		ts.Fatalf("%d of %d command lines differ", wrong, len(blocks))
	}
}

// serve puts the files of a directory on a web server of its own and its
// address into $URL. "serve -drop DIR" breaks off each file's first answer in
// the middle.
func serve(ts *testscript.TestScript, neg bool, args []string) {
	drop := len(args) == 2 && args[0] == "-drop"
	dir := ts.MkAbs(args[len(args)-1])
	seen := map[string]bool{}
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		file := filepath.Join(dir, filepath.Base(r.URL.Path))
		if drop && !seen[r.URL.Path] {
			seen[r.URL.Path] = true
			b, _ := os.ReadFile(file)
			w.Header().Set("Content-Length", strconv.Itoa(len(b)))
			w.Write(b[:len(b)/2])
			panic(http.ErrAbortHandler)
		}
		http.ServeFile(w, r, file)
	})
	s := httptest.NewServer(h)
	ts.Defer(s.Close)
	ts.Setenv("URL", s.URL)
}

// killed starts a command, waits until a file exists, and kills it with
// SIGKILL: killed FILE COMMAND ARG...
func killed(ts *testscript.TestScript, neg bool, args []string) {
	mark := ts.MkAbs(args[0])
	signal, rest := os.Kill, args[1:]
	if rest[0] == "-INT" {
		signal, rest = os.Interrupt, rest[1:]
	}
	path := rest[0]
	for _, d := range strings.Split(ts.Getenv("PATH"), ":") {
		if _, err := os.Stat(filepath.Join(d, rest[0])); err == nil {
			path = filepath.Join(d, rest[0])
			break
		}
	}
	cmd := exec.Command(path, rest[1:]...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"HOME", "PATH", "NIX_CONFIG", "TOOL", "STORE", "TMPDIR"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	ts.Check(cmd.Start())
	waitFor(ts, mark)
	ts.Check(cmd.Process.Signal(signal))
	if err := cmd.Wait(); err == nil {
		ts.Fatalf("the command ended well, although it was killed")
	}
}

// waitFor waits until something matches a pattern; a build under way shows
// itself by its log.
func waitFor(ts *testscript.TestScript, pattern string) {
	for range 600 {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			return
		}
		<-time.After(50 * time.Millisecond)
	}
	ts.Fatalf("%s did not appear", pattern)
}
