package bootcmd_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"isomorph/internal/boot"
	"isomorph/internal/cli"
	"isomorph/internal/cli/bootcmd"
)

// fakeQEMU stands for QEMU: it prints a prompt and answers a line, and keeps
// its command line in a file.
const fakeQEMU = `#!/bin/sh
echo "$@" > "${0%/*}/args"
printf 'boot\r\n\033[32mroot@live:~# \033[0m'
cr=$(printf '\r')
while c=$(dd bs=1 count=1 2>/dev/null); [ "$c" != "$cr" ]; do [ "$c" ] || exit 3; line=$line$c; done
echo "$line"
echo "out of $line"
[ "$line" = poweroff ] && exit 0
exec sleep 100
`

type result struct{ stdout, stderr, args string }

func run(t *testing.T, tools bootcmd.Tools, args ...string) (result, error) {
	t.Helper()
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "qemu-system-x86_64"), []byte(fakeQEMU), 0o755); err != nil {
		t.Fatal(err)
	}
	path := bin
	if tools != nil {
		path = "/nonexistent"
	}
	var out, errs bytes.Buffer
	env := &cli.Env{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Dir: imageDir(t), Now: func() time.Time { return time.Unix(0, 0) },
		LookupEnv: func(name string) (string, bool) {
			v, ok := map[string]string{"PATH": path, "TMPDIR": t.TempDir()}[name]
			return v, ok
		}}
	cmd := bootcmd.New(env, tools)
	cmd.SetArgs(append([]string{"--no-kvm"}, args...))
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	err := cmd.ExecuteContext(t.Context())
	b, _ := os.ReadFile(filepath.Join(bin, "args"))
	return result{out.String(), errs.String(), string(b)}, err
}

func imageDir(t *testing.T) string {
	dir := t.TempDir()
	for _, name := range []string{"a.iso", "result/iso/live.iso", "two/1.iso", "two/2.iso"} {
		name = filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, make([]byte, 4096), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestScript(t *testing.T) {
	r, err := run(t, nil, "a.iso", "--expect", "# ", "--send", "hello", "--expect", "out of hello", "--usb", "--memory", "99", "--cpus=3", "--timeout", "20s")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"-m 99", "-smp 3", "usb-storage", "tcg", "/a.iso"} {
		if !strings.Contains(r.args, want) {
			t.Errorf("QEMU was called with %s, want %s", r.args, want)
		}
	}
	if r.stdout != "" || !strings.Contains(r.stderr, "all 3 steps done") {
		t.Errorf("stdout %q, stderr %q", r.stdout, r.stderr)
	}
}

func TestFailure(t *testing.T) {
	_, err := run(t, nil, "a.iso", "--expect", "# ", "--send", "poweroff", "--expect", "never", "--timeout", "20s")
	var e *boot.NotSeenError
	if !errors.As(err, &e) || e.Text != "never" || !strings.Contains(err.Error(), "| out of poweroff") || !strings.Contains(err.Error(), "switched itself off") {
		t.Errorf("got %v", err)
	}
	if _, err := run(t, nil, "a.iso", "--expect", "never", "--timeout", "200ms"); !errors.As(err, &e) || !strings.Contains(e.Reason, "200ms") {
		t.Errorf("got %v", err)
	}
}

func TestImage(t *testing.T) {
	if r, err := run(t, nil, "result", "--expect", "# "); err != nil || !strings.Contains(r.args, "result/iso/live.iso") {
		t.Errorf("got %v, %s", err, r.args)
	}
	for image, want := range map[string]string{"two": "2 images", "none.iso": "no such file", ".": "1 images"} {
		_, err := run(t, nil, image, "--expect", "# ")
		if image == "." {
			if err != nil {
				t.Errorf(". : %v", err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", image, err)
		}
	}
}

func TestTools(t *testing.T) {
	asked := false
	_, err := run(t, func(_ context.Context, uefi bool) (boot.Tools, error) {
		asked = uefi
		return boot.Tools{}, errors.New("cannot build it")
	}, "a.iso", "--uefi", "--expect", "x")
	if !asked || err == nil || err.Error() != "cannot build it" {
		t.Errorf("asked %v, %v", asked, err)
	}
}

func TestEmptyExpect(t *testing.T) {
	if _, err := run(t, nil, "a.iso", "--expect", ""); err == nil {
		t.Error("no error")
	}
}
