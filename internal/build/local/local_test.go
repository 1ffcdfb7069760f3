package local_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"isomorph/internal/build"
	"isomorph/internal/build/buildtest"
	"isomorph/internal/build/local"
	"isomorph/internal/build/sandbox"
	"isomorph/internal/derivation"
	"isomorph/internal/nixhash"
	"isomorph/internal/store"
	"isomorph/internal/storepath"
)

func TestMain(m *testing.M) {
	sandbox.Main()
	os.Exit(m.Run())
}

func newBuilder(t testing.TB, s store.Store) build.Builder {
	return local.New(local.Options{
		Store: s, System: buildtest.System, Features: []string{"benchmark", "big-parallel"}, KeepDir: t.TempDir(),
	})
}

func TestSuite(t *testing.T) { buildtest.Run(t, newBuilder) }

func TestSuiteAsNobody(t *testing.T) { buildtest.AsNobody(t, "^TestSuite$") }

// TestLeftovers: what a crash left at an output's place is no output.
func TestLeftovers(t *testing.T) {
	w := buildtest.NewWorld(t)
	b := newBuilder(t, w.Store)
	d := w.Script("d", `echo right > $out`)
	garbage := w.Store.RealPath(d.Out("out"))
	if err := os.MkdirAll(filepath.Join(garbage, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	w.MustBuild(b, d)
	if got := w.Read(d.Out("out"), ""); got != "right\n" {
		t.Errorf("got %q", got)
	}
}

func TestKeepFailed(t *testing.T) {
	w := buildtest.NewWorld(t)
	b := newBuilder(t, w.Store)
	keep := func(r *build.Request) { r.KeepFailed = true }
	_, _, err := w.Build(b, w.Script("fails", `echo trace > note; exit 1`), keep)
	var e *build.Error
	if !errors.As(err, &e) || !strings.Contains(e.Message, "note: keeping build directory '"+e.Kept+"'") {
		t.Fatalf("got %v", err)
	}
	if b, err := os.ReadFile(filepath.Join(e.Kept, "note")); err != nil || string(b) != "trace\n" {
		t.Errorf("kept: %q, %v", b, err)
	}
	if st, err := os.Stat(filepath.Dir(e.Kept)); err != nil || st.Mode().Perm() != 0o700 {
		t.Errorf("others can look into the kept directory (%v)", err)
	}
	d := w.Script("differs", `${builder%sh}busybox cat /proc/sys/kernel/random/uuid > $out`)
	w.MustBuild(b, d)
	_, _, err = w.Build(b, d, func(r *build.Request) { r.Check, r.KeepFailed = true, true })
	if err == nil || !strings.Contains(err.Error(), " from '") {
		t.Errorf("check with -K: %v", err)
	}
}

// TestNothingIsLeft: the scratch directory is gone after a success, a failure
// and a refusal of the output.
func TestNothingIsLeft(t *testing.T) {
	w := buildtest.NewWorld(t)
	b := newBuilder(t, w.Store)
	for _, script := range []string{
		`echo > $out`,
		`exit 1`,
		`B=${builder%sh}busybox; $B mkdir -p $out/a/b; $B mkfifo $out/f; $B chmod 000 $out/a/b`,
		`B=${builder%sh}busybox; $B mkdir -p d/e; echo > d/e/f; $B chmod 000 d/e d; echo > $out`,
	} {
		_, _, _ = w.Build(b, w.Script("d", script))
		entries, err := os.ReadDir(filepath.Dir(w.Store.RealPath(w.Busybox)))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if _, err := storepath.ParseBase(e.Name()); err != nil && e.Name() != ".links" {
				t.Errorf("%s: left behind: %s", script, e.Name())
			}
		}
	}
}

// TestFixedOutputIsCopied: a descriptor that a fixed-output build kept of its
// output is not one of the registered file.
func TestFixedOutputIsCopied(t *testing.T) {
	w := buildtest.NewWorld(t)
	b := newBuilder(t, w.Store)
	inode := func(fixed bool) (inside, registered string) {
		script := `B=${builder%sh}busybox; echo x > $out; $B stat -c inode=%i $out`
		change := []func(*derivation.Derivation){}
		if fixed {
			change = append(change, buildtest.Fixed("sha256", nixhash.Sum(nixhash.SHA256, []byte("x\n")).Base16()))
		}
		d := w.Script("d", script, change...)
		_, log, err := w.Build(b, d)
		if err != nil {
			t.Fatal(err, log)
		}
		var st unix.Stat_t
		if err := unix.Stat(w.Store.RealPath(d.Out("out")), &st); err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(log), fmt.Sprintf("inode=%d", st.Ino)
	}
	if inside, registered := inode(true); inside == registered {
		t.Error("the file that the build wrote is the registered one")
	}
	if inside, registered := inode(false); inside != registered {
		t.Errorf("control: an ordinary output was copied (%s, %s)", inside, registered)
	}
}

// TestCertificatesBehindASymlink: where the machine's certificates are a
// symlink, a build with a network sees the file that it leads to.
func TestCertificatesBehindASymlink(t *testing.T) {
	w := buildtest.NewWorld(t)
	dir := t.TempDir()
	// Stands for pasta: it names a process that can be ended.
	pasta := filepath.Join(dir, "pasta")
	script := "#!/bin/sh\nwhile [ $# -gt 1 ]; do [ \"$1\" = --pid ] && file=$2; shift; done\nsleep 60 >/dev/null 2>&1 &\necho $! > $file\n"
	for name, text := range map[string]string{pasta: script, filepath.Join(dir, "real.crt"): "trust\n"} {
		if err := os.WriteFile(name, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("real.crt", filepath.Join(dir, "ca.crt")); err != nil {
		t.Fatal(err)
	}
	b := local.New(local.Options{Store: w.Store, System: buildtest.System, Pasta: pasta, CAFile: filepath.Join(dir, "ca.crt")})
	d := w.Script("fod", `read x < /etc/ssl/certs/ca-certificates.crt; echo $x > $out`,
		buildtest.Fixed("sha256", nixhash.Sum(nixhash.SHA256, []byte("trust\n")).Base16()))
	if _, log, err := w.Build(b, d); err != nil {
		t.Errorf("%v\n%s", err, log)
	}
}
